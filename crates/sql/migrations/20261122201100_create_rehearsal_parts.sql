-- What came of each part of a rehearsal that is done.
CREATE TABLE rehearsal_parts (
    rehearsal TEXT NOT NULL,
    part INTEGER NOT NULL,
    counts BYTEA NOT NULL,
    PRIMARY KEY (rehearsal, part)
);
