//! One suite, run on SQLite and on a real PostgreSQL. One test binary, so that there is one server.

#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails the test")]

mod attachments;
mod calls;
mod checkpoints;
mod due;
mod echoes;
mod engaged;
mod erasure;
mod failures;
mod history;
mod leases;
mod outbox;
mod page_counts;
mod pages;
mod pauses;
mod personas;
mod receipts;
mod rehearsals;
mod sandbox;
mod schema;
mod sends;
mod snapshots;
