-- For learning when a Page's next send may leave.
CREATE INDEX outbox_by_start ON outbox (page, not_before_ms);
