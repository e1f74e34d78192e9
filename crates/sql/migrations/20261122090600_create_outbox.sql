-- The sends that have not ended.
CREATE TABLE outbox (
    send TEXT NOT NULL PRIMARY KEY,
    page TEXT NOT NULL,
    class INTEGER NOT NULL,
    deadline_ms BIGINT NOT NULL,
    not_before_ms BIGINT NOT NULL,
    stream TEXT NOT NULL,
    position BIGINT NOT NULL
);
