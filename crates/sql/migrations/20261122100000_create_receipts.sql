-- What was erased, from which log, up to which moment, and whether that is done. Not derived: a log that was brought back
-- from a backup has forgotten it. Sequences only grow, so that readers can go on behind the last they know.
CREATE TABLE receipts (
    log TEXT NOT NULL,
    stream TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    completed_at_ms BIGINT,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (log, stream)
);
