-- Personas of Pages, each by the call that made it or the word that it is gone. Not derived: the platform has them, and no
-- log tells of them. One whose persona is still empty is being made, by whoever may until `busy_until_ms`.
CREATE TABLE personas (
    page TEXT NOT NULL,
    origin TEXT NOT NULL,
    digest BYTEA NOT NULL,
    persona TEXT NOT NULL,
    name TEXT NOT NULL,
    busy_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    deleted_at_ms BIGINT,
    PRIMARY KEY (page, origin)
);
