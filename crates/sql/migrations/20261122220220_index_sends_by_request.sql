-- For the send that a request led to.
CREATE INDEX sends_by_request ON sends (stream, request);
