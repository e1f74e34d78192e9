//! The ingress from outside: real sockets in front, a real log behind, and what each input becomes.
//! One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

mod bodies;
mod faults;
mod http;
mod sandbox;

mod bad_log;
mod batches;
mod counters;
mod crowds;
mod erased;
mod handshake;
mod leaving;
mod limits;
mod quarantine;
mod redelivery;
mod replay;
mod retype;
mod signatures;
mod stopping;
