-- Rehearsals of rule packs: what was asked for, and how far each has come. Not derived, and not precious: whoever asked can
-- ask again.
CREATE TABLE rehearsals (
    id TEXT NOT NULL PRIMARY KEY,
    log TEXT NOT NULL,
    request TEXT NOT NULL,
    request_digest BYTEA NOT NULL,
    spec BYTEA NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT,
    passed BIGINT NOT NULL,
    total BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    UNIQUE (log, request)
);
