-- A stream's state as some version of the fold saw it at a position: read it, then only what came after.
CREATE TABLE snapshots (
    stream TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    position BIGINT NOT NULL,
    reducer BIGINT NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (stream, incarnation)
);
