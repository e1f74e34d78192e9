//! A table under everything that can happen to it, on either database and a real log.

mod away;
mod rebuilt;
mod sandbox;
mod shared;
