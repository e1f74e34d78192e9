//! Values as tables hold them, and back.

use crate::SqlError;
use domain::id::StreamId;
use domain::time::Timestamp;

/// A position, an epoch or a number that both databases hold as a signed integer.
///
/// # Panics
/// Beyond 2⁶³, which no log reaches.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).expect("positions are counted one by one")
}

/// Reads what [`integer`] wrote.
pub(crate) fn number(column: i64) -> Result<u64, SqlError> {
    u64::try_from(column).map_err(SqlError::unreadable)
}

pub(crate) fn shard(column: i32) -> Result<u16, SqlError> {
    u16::try_from(column).map_err(SqlError::unreadable)
}

pub(crate) fn stream(column: &str) -> Result<StreamId, SqlError> {
    StreamId::parse(column).map_err(SqlError::unreadable)
}

pub(crate) const fn moment(column: i64) -> Timestamp {
    Timestamp::from_millis(column)
}

/// How many rows are asked for.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
