-- For the send that was to tell something by name.
CREATE INDEX sends_by_key ON sends (stream, business_key, place) WHERE business_key IS NOT NULL;
