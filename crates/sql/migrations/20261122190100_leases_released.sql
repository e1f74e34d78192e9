-- Whether the holder before gave the lease back: then nothing of what it did can still be under way.
ALTER TABLE leases ADD COLUMN released INTEGER NOT NULL DEFAULT 0;
