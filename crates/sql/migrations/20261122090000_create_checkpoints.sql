-- How far each derived table has come, stored in the same transaction as what it counts.
CREATE TABLE checkpoints (
    name TEXT NOT NULL,
    shard INTEGER NOT NULL,
    incarnation TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (name, shard)
);
