-- Whether a send is held while the rules forbid it: then whatever happens in its stream may free it.
ALTER TABLE outbox ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
