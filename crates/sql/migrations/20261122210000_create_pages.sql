-- The access tokens of registered Pages, each sealed under the key that is named beside it. Not derived: a token is in no
-- log, so this table is backed up with it. How a Page stands is in its stream.
CREATE TABLE pages (
    page TEXT NOT NULL PRIMARY KEY,
    sealed_by TEXT NOT NULL,
    token BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
