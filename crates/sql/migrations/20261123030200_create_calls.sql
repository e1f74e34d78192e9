-- What each process used of a Page's quotas: all calls, and answers to comments in private. By the first moment of a bucket,
-- whose length is that of its kind.
CREATE TABLE calls (
    page TEXT NOT NULL,
    kind INTEGER NOT NULL,
    bucket_ms BIGINT NOT NULL,
    process TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (page, kind, bucket_ms, process)
);
