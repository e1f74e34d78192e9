//! Rehearsals over a generated past, on both logs, held against a count by hand.

mod by_hand;
mod engine;
mod logs;
mod operations;
mod past;
mod rederived;
