//! The simulator from outside: over its sockets, as a sender, an ingress and an operator see it.
//! One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

mod apps;
mod families;
mod faults;
mod people;
mod receiver;
mod sandbox;
mod send;
mod threads;
mod time;
mod watch;
mod webhooks;
