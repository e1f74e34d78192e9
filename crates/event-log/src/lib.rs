//! The event log: one port, two adapters.
//!
//! Everything that happens is appended here before anybody acts on it, and all state is folded from it. [`EventLog`]
//! is the port; [`sqlite::SqliteLog`] keeps it in one file on one machine, [`jetstream::JetStreamLog`] in NATS
//! JetStream. Both pass the same suite (`tests/it/`), so nobody above this crate knows which one there is.

mod port;
mod record;

mod codec;
mod identity;
mod partition;

mod follower;
pub mod jetstream;
pub mod sqlite;

mod conversations;
mod deciding;
mod judged_by;
mod snapshots;

mod export;
pub mod raw;

pub use codec::{Undecodable, decision_bytes, decode, decode_to_judge, encode};
pub use conversations::{Conversations, Loaded, StateError};
pub use deciding::{MOST_TRIES, append_until_answered};
pub use export::export;
pub use follower::{Followed, Follower};
pub use identity::LogIdentity;
pub use judged_by::{FRESH, JudgedBy, LoadedPacks, LoadedPage};
pub use partition::{PARTITIONS, partition_of};
pub use port::{AppendError, Appended, BoxError, EventLog, Expected, Filter, LogError, Pages};
pub use record::{BadCheckpoint, Checkpoint, Position, Record, Revision, Stored, Unreadable};
pub use snapshots::{Snapshot, Snapshots};
