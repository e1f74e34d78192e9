//! For tests only: a real nats-server, a real PostgreSQL, a network that misbehaves on command, and waiting with a deadline.
//!
//! Whatever goes wrong in here is a fault of the test's surroundings, so it panics with advice instead of answering
//! errors.

mod nats;
mod postgres;
mod proxy;
mod wait;

pub use nats::{NatsServer, Sync, nats};
pub use postgres::{Postgres, postgres};
pub use proxy::{Answers, Proxy};
pub use wait::eventually;

use std::path::PathBuf;

/// The root folder of the workspace that this was built in.
pub fn workspace_root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders below the root").to_owned()
}
