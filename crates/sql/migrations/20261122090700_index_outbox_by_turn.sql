-- For reading one Page's sends in the order in which they are to leave.
CREATE INDEX outbox_by_turn ON outbox (page, class, deadline_ms, position);
