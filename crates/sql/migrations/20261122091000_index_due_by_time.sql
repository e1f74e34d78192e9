-- For reading what is due, earliest first.
CREATE INDEX due_by_time ON due (kind, due_at_ms);
