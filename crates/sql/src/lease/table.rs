//! Leases in the database.

use super::{Acquired, Lease, Noted};
use crate::database::{Database, Transaction};
use crate::dialect::on;
use crate::error::SqlError;
use crate::value;
use std::time::Duration;

/// Only a lease that has ended is taken, also by its own owner: an answer that was lost costs one term.
const ACQUIRE: &str = "INSERT INTO leases (name, owner, epoch, until_ms, released) VALUES ($1, $2, 1, {now_ms} + $3, 1)
    ON CONFLICT (name) DO UPDATE
    SET owner = excluded.owner, epoch = leases.epoch + 1, until_ms = {now_ms} + $3, noted = 0,
        released = CASE WHEN leases.until_ms = 0 THEN 1 ELSE 0 END
    WHERE leases.until_ms <= {now_ms}
    RETURNING epoch, released";

const RENEW: &str = "UPDATE leases SET until_ms = {now_ms} + $4
    WHERE name = $1 AND owner = $2 AND epoch = $3 AND until_ms > {now_ms}";

/// What a holder says, for as long as it is one. It never goes back.
const NOTE: &str = "UPDATE leases SET noted = $4
    WHERE name = $1 AND owner = $2 AND epoch = $3 AND until_ms > {now_ms} AND noted <= $4";

const NOTED: &str = "SELECT noted FROM leases WHERE name = $1 AND until_ms > {now_ms}";

/// The row stays, so that the epoch grows on.
const RELEASE: &str = "UPDATE leases SET until_ms = 0 WHERE name = $1 AND owner = $2 AND epoch = $3";

const HOLD: &str = "SELECT 1 FROM leases
    WHERE name = $1 AND owner = $2 AND epoch = $3 AND until_ms > {now_ms} {for_share}";

impl Database {
    /// Takes a lease for `term` if it has ended. `owner` names one holder of one process's life; `asked` is the
    /// process's clock at this moment, which must run on while the process is stopped.
    ///
    /// # Errors
    /// When the database does not answer. After [`SqlError::Unknown`] it may be ours, and nobody else's for one term.
    pub async fn acquire(
        &self,
        name: &str,
        owner: &str,
        term: Duration,
        asked: Duration,
    ) -> Result<Acquired, SqlError> {
        let text = self.durable().text(ACQUIRE);
        // All rows, since SQLite commits when the last was read.
        let _turn = self.turn().await?;
        let taken: Vec<(i64, i32)> = on!(self.durable(), pool => {
            sqlx::query_as(text).bind(name).bind(owner).bind(millis(term)).fetch_all(pool).await
        })
        .map_err(SqlError::commit)?;
        let Some((epoch, released)) = taken.first() else { return Ok(Acquired::Taken) };
        let lease = Lease::new(name, owner, value::number(*epoch)?, asked, term);
        Ok(Acquired::Ours(if *released == 0 { lease.after_a_lapse() } else { lease }))
    }

    /// Holds a lease for another term from now on; [`Acquired::Taken`] when it has ended, even if nobody took it.
    ///
    /// # Errors
    /// When the database does not answer: what is left of the lease still holds.
    pub async fn renew(&self, lease: &Lease, term: Duration, asked: Duration) -> Result<Acquired, SqlError> {
        let text = self.durable().text(RENEW);
        let _turn = self.turn().await?;
        let renewed = on!(self.durable(), pool => {
            let query = sqlx::query(text).bind(&lease.name).bind(&lease.owner).bind(value::integer(lease.epoch));
            query.bind(millis(term)).execute(pool).await.map(|done| done.rows_affected())
        });
        let is_renewed = renewed.map_err(SqlError::commit)? == 1;
        Ok(if is_renewed { Acquired::Ours(lease.clone().renewed(asked, term)) } else { Acquired::Taken })
    }

    /// Tells whoever waits for it that the holder has come so far; [`Acquired::Taken`] when the lease has ended.
    ///
    /// # Errors
    /// When the database does not answer: say it again.
    pub async fn note(&self, lease: &Lease, position: u64) -> Result<Acquired, SqlError> {
        let text = self.durable().text(NOTE);
        let _turn = self.turn().await?;
        let noted = on!(self.durable(), pool => {
            let query = sqlx::query(text).bind(&lease.name).bind(&lease.owner).bind(value::integer(lease.epoch));
            query.bind(value::integer(position)).execute(pool).await.map(|done| done.rows_affected())
        });
        let is_noted = noted.map_err(SqlError::commit)? == 1;
        Ok(if is_noted { Acquired::Ours(lease.clone()) } else { Acquired::Taken })
    }

    /// How far the holder of a lease has come, by its own word.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn noted(&self, name: &str) -> Result<Noted, SqlError> {
        let text = self.durable().text(NOTED);
        let noted: Option<i64> = on!(self.durable(), pool => {
            sqlx::query_scalar(text).bind(name).fetch_optional(pool).await
        })
        .map_err(SqlError::statement)?;
        noted.map_or(Ok(Noted::Nobody), |noted| Ok(Noted::At(value::number(noted)?)))
    }

    /// Gives a lease back before it ends. Somebody else's is left alone.
    ///
    /// # Errors
    /// When the database does not answer: the lease then ends by itself.
    pub async fn release(&self, lease: Lease) -> Result<(), SqlError> {
        let _turn = self.turn().await?;
        on!(self.durable(), pool => {
            let query = sqlx::query(RELEASE).bind(lease.name).bind(lease.owner).bind(value::integer(lease.epoch));
            query.execute(pool).await.map(drop)
        })
        .map_err(SqlError::commit)
    }
}

impl Transaction {
    /// Makes this transaction the lease holder's: nobody else takes the lease before it ends.
    ///
    /// # Errors
    /// [`SqlError::Superseded`] when the lease has ended or was taken: drop the transaction.
    pub async fn hold(&mut self, lease: &Lease) -> Result<(), SqlError> {
        let connection = self.connection();
        let text = connection.text(HOLD);
        let held: Option<i32> = on!(connection, connection => {
            let query = sqlx::query_scalar(text).bind(&lease.name).bind(&lease.owner);
            query.bind(value::integer(lease.epoch)).fetch_optional(connection).await
        })
        .map_err(SqlError::statement)?;
        match held {
            Some(_) => Ok(()),
            None => Err(SqlError::Superseded { what: format!("lease `{}` of epoch {}", lease.name, lease.epoch) }),
        }
    }
}

fn millis(term: Duration) -> i64 {
    i64::try_from(term.as_millis()).unwrap_or(i64::MAX / 2)
}
