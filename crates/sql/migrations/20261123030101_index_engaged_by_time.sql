-- So that people are counted without looking at a row of them.
CREATE INDEX engaged_by_time ON engaged (page, means, at_ms, stream);
