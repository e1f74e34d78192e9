-- Until when the platform wants no calls within a scope: the whole app, or a Page. By the database's clock. Rows stay.
CREATE TABLE pauses (
    scope TEXT NOT NULL PRIMARY KEY,
    until_ms BIGINT NOT NULL
);
