-- For taking out everything of a conversation that was erased.
CREATE INDEX outbox_by_stream ON outbox (stream);
