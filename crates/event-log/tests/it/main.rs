//! What every adapter of the event log must do, run against each, and what only one of them can get wrong.
#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

mod samples;
#[macro_use]
mod suite;

mod folds;
mod jetstream;
mod sqlite;
mod unreadable;
