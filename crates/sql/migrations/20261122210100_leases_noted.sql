-- How far the holder has come with what it is to follow: whoever waits for it reads it here.
ALTER TABLE leases ADD COLUMN noted BIGINT NOT NULL DEFAULT 0;
