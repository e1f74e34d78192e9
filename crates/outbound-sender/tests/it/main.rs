//! The sender from outside: gRPC in front, a real log behind, a simulated platform that answers, fails and echoes.
//! One binary, so that it links once.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

mod around;
mod calls;
mod faults;
mod ledger;
mod parts;
mod sandbox;
mod words;

mod actions;
mod allowed;
mod answers;
mod batch;
mod cancel;
mod claims;
mod contents;
mod dying;
mod echo_elsewhere;
mod errors;
mod hold;
mod limits;
mod list;
mod looked_up;
mod once;
mod order;
mod pages;
mod past;
mod personas;
mod quota;
mod recipients;
mod requests;
mod restored;
mod rules;
mod silence;
mod tables;
mod threads;
mod turns;
mod typing;
mod uploads;
mod watch;
