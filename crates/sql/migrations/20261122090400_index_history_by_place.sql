-- For comparing a shard of the log with its history, place by place.
CREATE UNIQUE INDEX history_by_place ON history (incarnation, shard, position);
