//! SQL, the shared part: SQLite and PostgreSQL behind one set of functions, migrations, checkpoints, leases, and the
//! first tables.
//!
//! There is one schema, in the dialect that both databases share: integers, text, bytes, `$n`. Every query is written
//! once and run by `on!` on whichever database it is. A write takes a [`Transaction`], so that an effect, the guard it
//! stands under and the checkpoint that counts it are stored together or not at all; a read takes a [`Database`].

mod dialect;
mod error;
mod rows;
mod value;

mod database;
mod migrations;

mod checkpoint;
mod derived;
mod lease;
mod skew;

pub mod attachments;
pub mod calls;
pub mod due;
pub mod echoes;
pub mod engaged;
pub mod erasure;
pub mod history;
pub mod outbox;
pub mod page_counts;
pub mod pages;
pub mod pauses;
pub mod personas;
pub mod receipts;
pub mod rehearsals;

pub mod sealed;
pub mod sends;
pub mod snapshots;

pub use checkpoint::{Advance, Reached};
pub use database::{Create, Database, OpenError, Options, Transaction};
pub use derived::Derived;
pub use error::{BoxError, SqlError};
pub use lease::{Acquired, Lease, Noted};
pub use migrations::{Migrated, SchemaError, newest};
pub use skew::Skew;
