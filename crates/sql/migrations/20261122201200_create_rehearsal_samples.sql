-- Sends to look at, apart from the counts: they tell of single people, so an erasure takes them out.
CREATE TABLE rehearsal_samples (
    rehearsal TEXT NOT NULL,
    part INTEGER NOT NULL,
    send TEXT NOT NULL,
    stream TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    position BIGINT NOT NULL,
    sample BYTEA NOT NULL,
    PRIMARY KEY (rehearsal, send)
);
