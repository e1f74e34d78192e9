-- Every send there ever was: which request, and which name of its caller's for what it tells, led to it. Both as keyed
-- digests. The place counts the requests of a stream.
CREATE TABLE sends (
    send TEXT NOT NULL PRIMARY KEY,
    stream TEXT NOT NULL,
    place BIGINT NOT NULL,
    request BYTEA NOT NULL,
    business_key BYTEA,
    position BIGINT NOT NULL
);
