//! The service from outside: gRPC in front, a real log behind.
//! One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

mod sandbox;
mod story;

mod erase;
mod get;
mod list;
mod pages;
mod table;
mod watch;
