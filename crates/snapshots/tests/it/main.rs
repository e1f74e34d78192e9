//! Snapshots change what is read, never what is answered: on either database, on a real log.
#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod sandbox;

mod answers;
mod erasure;
mod failures;
mod load;
mod past;
