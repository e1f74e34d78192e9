-- Echoes that came in another stream than the send that they name, until that send is settled.
CREATE TABLE echoes (
    send TEXT NOT NULL PRIMARY KEY,
    page TEXT NOT NULL,
    stream TEXT NOT NULL,
    echoed_in TEXT NOT NULL,
    mid TEXT NOT NULL,
    echoed_at_ms BIGINT NOT NULL
);
