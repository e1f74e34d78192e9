//! The client against the simulated platform, which judges by its own code. One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

mod sandbox;

mod calls;
mod contents;
mod limits;
mod usage;
