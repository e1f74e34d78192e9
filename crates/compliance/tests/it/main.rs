//! The service from outside: gRPC in front, a real log behind.
//! One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

mod sandbox;

mod batch;
mod block_rate;
mod changes;
mod explained;
mod facts;
mod fields;
mod kept;
mod packs;
mod reactions;
mod rehearsal;
mod rules;
mod windows;
mod wire;
