//! How far a derived table has come: one position a shard, stored in the transaction of the effect it counts.
//!
//! Moving on names where the table was. Of two who read the same records only one can move on from there, and the
//! other's transaction, effect and all, is dropped: so every record has its effect exactly once.

use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use std::collections::BTreeMap;

/// Where a derived table stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The incarnation of the log whose positions these are.
    pub incarnation: String,
    /// The last position taken in, for each shard of which there was any.
    pub positions: BTreeMap<u16, u64>,
}

/// A move from one position of a shard to a later one.
#[derive(Clone, Copy, Debug)]
pub struct Advance<'a> {
    /// The checkpoint's name.
    pub name: &'a str,
    /// The log's incarnation.
    pub incarnation: &'a str,
    /// Which shard.
    pub shard: u16,
    /// Where the table must be; 0 at the beginning.
    pub from: u64,
    /// Where it is afterwards.
    pub to: u64,
}

impl Database {
    /// Reads a checkpoint; none when nothing was taken in since the table was made or dropped.
    ///
    /// # Errors
    /// When the database does not answer, or the shards are of different incarnations.
    pub async fn reached(&self, name: &str) -> Result<Option<Reached>, SqlError> {
        let text = "SELECT shard, incarnation, position FROM checkpoints WHERE name = $1";
        let rows: Vec<(i32, String, i64)> =
            on!(self.pools(), pool => sqlx::query_as(text).bind(name).fetch_all(pool).await)
                .map_err(SqlError::statement)?;
        gathered(name, rows)
    }
}

/// One checkpoint from its rows: shard, incarnation, position.
pub(crate) fn gathered(name: &str, rows: Vec<(i32, String, i64)>) -> Result<Option<Reached>, SqlError> {
    let mut reached: Option<Reached> = None;
    for (shard, incarnation, position) in rows {
        let (shard, position) = (value::shard(shard)?, value::number(position)?);
        let all =
            reached.get_or_insert_with(|| Reached { incarnation: incarnation.clone(), positions: BTreeMap::new() });
        if all.incarnation != incarnation {
            return Err(SqlError::unreadable(format!("checkpoint `{name}` mixes incarnations of the log")));
        }
        all.positions.insert(shard, position);
    }
    Ok(reached)
}

impl Transaction {
    /// Moves a checkpoint on, together with whatever else this transaction stores.
    ///
    /// # Errors
    /// [`SqlError::Superseded`] when it is not at `from` in this incarnation: drop the transaction and read it again.
    pub async fn advance(&mut self, step: Advance<'_>) -> Result<(), SqlError> {
        // Only the beginning may make the row: else a table dropped meanwhile would be thought to hold what was before.
        let text = if step.from == 0 {
            "INSERT INTO checkpoints (name, shard, incarnation, position) VALUES ($1, $2, $3, $5)
             ON CONFLICT (name, shard) DO UPDATE SET position = excluded.position
             WHERE checkpoints.incarnation = excluded.incarnation AND checkpoints.position = $4"
        } else {
            "UPDATE checkpoints SET position = $5
             WHERE name = $1 AND shard = $2 AND incarnation = $3 AND position = $4"
        };
        let moved = on!(self.connection(), connection => {
            let query = sqlx::query(text).bind(step.name).bind(i32::from(step.shard)).bind(step.incarnation);
            let query = query.bind(value::integer(step.from)).bind(value::integer(step.to));
            query.execute(connection).await.map(|done| done.rows_affected())
        });
        if moved.map_err(SqlError::statement)? == 1 {
            return Ok(());
        }
        Err(SqlError::Superseded { what: format!("checkpoint `{}` of shard {}", step.name, step.shard) })
    }
}
