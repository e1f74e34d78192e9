-- Files that the platform keeps for a Page: which kind and address, as a digest, has which id since when. Not derived: no
-- log tells of uploads. Dropping it only costs uploads.
CREATE TABLE attachments (
    page TEXT NOT NULL,
    digest BYTEA NOT NULL,
    attachment TEXT NOT NULL,
    request TEXT NOT NULL,
    uploaded_at_ms BIGINT NOT NULL,
    PRIMARY KEY (page, digest)
);
