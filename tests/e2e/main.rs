//! End to end: real processes of the binary, real sockets, a real nats-server, the simulator as the platform.
//! One test binary, so that the workspace links it once.

#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails the test")]

mod bench;
mod cluster;
mod cluster_of_senders;
mod command_line;
mod configuration;
mod http;
mod kill;
mod kill_in_turn;
mod operations;
mod pace;
mod page;
#[path = "../../crates/compliance/tests/it/rehearsal/past.rs"]
mod past;
mod path;
mod policy;
mod process;
mod redelivery;
mod rehearsal;
mod restoring;
mod retyping;
mod scripts;
mod secrets;
mod stopped_senders;
mod stopping;
mod tables;
mod third_parties;
mod world;
