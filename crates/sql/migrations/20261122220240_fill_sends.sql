-- The follower that keeps the outbox begins again, and so fills the sends from the beginning of the log.
DELETE FROM checkpoints WHERE name = 'outbox';
