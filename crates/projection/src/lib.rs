//! Tables that follow the log.
//!
//! A [`Projection`] says what one record does to a table. A [`Runner`] follows the log from the table's checkpoint and
//! stores the effects of many records and how far they reach in one transaction, so each record has its effect exactly
//! once: whoever else does the same work is refused, and what was half done is undone. A table may be dropped at any
//! moment and is then filled from the beginning; the log and the database may be away and are waited for.

mod batch;
mod follow;
mod gauges;
mod runner;
mod trouble;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use event_log::{Filter, Stored};
use sql::{Derived, SqlError, Transaction};

pub use runner::{Deps, Pace, Runner};

/// What a table makes of the log.
#[async_trait]
pub trait Projection: Send + Sync + 'static {
    /// Which tables are filled, and so which checkpoint counts.
    fn derived(&self) -> Derived;

    /// Which records it wants.
    fn filter(&self) -> Filter;

    /// Takes in one record: those of a stream in order, each in a transaction that may still be undone, so that nothing
    /// may be done but writing to it. `incarnation` is the log's, to which the record's position belongs.
    ///
    /// # Errors
    /// When it cannot be stored. The transaction is undone, and the record comes again.
    async fn apply(&self, to: &mut Transaction, incarnation: &str, stored: &Stored) -> Result<(), SqlError>;

    /// Takes in records that came together, as [`Projection::apply`] takes in each of them in turn. Every statement is a
    /// journey to the database, so tables that take in many records say here how they store them with few.
    ///
    /// # Errors
    /// As for one record.
    async fn apply_all(&self, to: &mut Transaction, incarnation: &str, records: &[Stored]) -> Result<(), SqlError> {
        for stored in records {
            self.apply(to, incarnation, stored).await?;
        }
        Ok(())
    }
}
