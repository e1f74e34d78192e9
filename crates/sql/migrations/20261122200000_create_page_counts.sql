-- How many sends of a Page ended in a minute, and how many of them because the person blocked the Page.
CREATE TABLE page_counts (
    page TEXT NOT NULL,
    minute BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    blocks BIGINT NOT NULL,
    PRIMARY KEY (page, minute)
);
