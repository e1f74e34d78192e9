-- Every record of the log once more, where one stream is read quickly, with the hash that shows an altered byte.
CREATE TABLE history (
    stream TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    position BIGINT NOT NULL,
    shard INTEGER NOT NULL,
    record TEXT NOT NULL,
    hash BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (stream, incarnation, position)
);
