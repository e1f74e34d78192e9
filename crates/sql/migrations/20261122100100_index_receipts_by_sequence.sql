-- For reading what has come since.
CREATE UNIQUE INDEX receipts_by_sequence ON receipts (log, sequence);
