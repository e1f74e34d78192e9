-- Up to where a stream was erased. No write about a stream may stand at or below its tombstone.
CREATE TABLE tombstones (
    stream TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (stream, incarnation)
);
