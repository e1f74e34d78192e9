-- The follower that keeps the outbox begins again, and so fills who is engaged from the beginning of the log.
DELETE FROM checkpoints WHERE name = 'outbox';
