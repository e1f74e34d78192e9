-- To whom a Page can write: by what, and since when or until when that counts. How long an action counts is the rule packs' word.
CREATE TABLE engaged (
    stream TEXT NOT NULL,
    means TEXT NOT NULL,
    page TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (stream, means)
);
