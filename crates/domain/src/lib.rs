//! The rules: what happened in a conversation, what follows from it, and what may be said next.
//!
//! Nothing here does IO, reads a clock or draws a random number: times and ids come in as arguments, so the same
//! history gives the same answer everywhere, and any past decision can be made again.

pub mod id;
pub mod time;

pub mod event;

pub mod content;
pub mod conversation;
pub mod erasure;
pub mod page;
pub mod right;
pub mod send;

pub mod decision;
pub mod evaluate;
pub mod explain;
pub mod pack;
pub mod quota;
pub mod rehearsal;

#[cfg(test)]
mod testing;
