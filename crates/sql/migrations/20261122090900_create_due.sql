-- Instants at which something is to be done about a stream.
CREATE TABLE due (
    kind TEXT NOT NULL,
    stream TEXT NOT NULL,
    name TEXT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, stream, name)
);
