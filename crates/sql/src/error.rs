//! What a failure means for the caller: whether anything was stored, and whether trying again helps. Drivers' codes are
//! known here alone.

use sqlx::Error as Driver;

/// The cause of a failure.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Something in the database failed.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// Nothing was stored. Trying again, from the beginning of the transaction, may help.
    #[error("the database does not answer, or is busy")]
    Unavailable(#[source] BoxError),
    /// A commit was not answered: it may be stored. Read the checkpoint or the lease to learn whether it is.
    #[error("the database did not answer a commit")]
    Unknown(#[source] BoxError),
    /// Somebody else moved on, so the transaction must be dropped: read anew what it was based on.
    #[error("{what} is not what it was: somebody else moved it on, took it or dropped it")]
    Superseded {
        /// The checkpoint or lease.
        what: String,
    },
    /// The database answers, but what it holds or what it was asked makes no sense: somebody has to look.
    #[error("the database cannot serve this")]
    Broken(#[source] BoxError),
}

/// PostgreSQL's classes and codes (`errcodes.txt`) of which the next try may be free.
const POSTGRES_PASSING: [&str; 9] = [
    "08",    // connection exceptions
    "40001", // serialization failure
    "40P01", // deadlock: this side was chosen to give way
    "53",    // out of connections, memory or disk
    "55P03", // lock not available
    "57P",   // shutting down, crashed, starting
    "57014", // cancelled
    "25006", // read only: a replica that is not the primary yet, or no longer
    "25P03", // idle in transaction for too long
];

/// PostgreSQL gave up the commit itself, so nothing was stored: serialization failure, deadlock.
const POSTGRES_REFUSED: [&str; 2] = ["40001", "40P01"];

/// SQLite's primary result codes of which the next try may be free: BUSY, LOCKED, IOERR, FULL, CANTOPEN.
const SQLITE_PASSING: [u32; 5] = [5, 6, 10, 13, 14];

/// SQLite did not begin to commit: BUSY, LOCKED.
const SQLITE_REFUSED: [u32; 2] = [5, 6];

impl SqlError {
    /// A statement failed that had not been committed.
    pub(crate) fn statement(error: Driver) -> Self {
        if is_passing(&error) { Self::Unavailable(error.into()) } else { Self::Broken(error.into()) }
    }

    /// A commit failed, or a statement that commits by itself.
    pub(crate) fn commit(error: Driver) -> Self {
        if is_refused(&error) {
            Self::Unavailable(error.into())
        } else if is_passing(&error) {
            Self::Unknown(error.into())
        } else {
            Self::Broken(error.into())
        }
    }

    /// A row holds what nobody writes.
    pub(crate) fn unreadable(what: impl Into<BoxError>) -> Self {
        Self::Broken(what.into())
    }
}

fn is_passing(error: &Driver) -> bool {
    if let Driver::Database(answer) = error {
        return has_code(answer.as_ref(), &POSTGRES_PASSING, &SQLITE_PASSING);
    }
    matches!(
        error,
        Driver::Io(_) | Driver::PoolTimedOut | Driver::PoolClosed | Driver::WorkerCrashed | Driver::BeginFailed
        // The connection broke in the middle of a message, or TLS could not be agreed on while a server came up.
        | Driver::Protocol(_) | Driver::Tls(_)
    )
}

fn is_refused(error: &Driver) -> bool {
    if let Driver::Database(answer) = error {
        return has_code(answer.as_ref(), &POSTGRES_REFUSED, &SQLITE_REFUSED);
    }
    // No connection was had, so nothing was said.
    matches!(error, Driver::PoolTimedOut | Driver::PoolClosed)
}

/// SQLite's codes are numbers of which the low byte is the primary one; PostgreSQL's have five characters.
fn has_code(answer: &dyn sqlx::error::DatabaseError, postgres: &[&str], sqlite: &[u32]) -> bool {
    let code = answer.code().unwrap_or_default();
    if answer.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        return code.parse::<u32>().is_ok_and(|code| sqlite.contains(&(code & 0xff)));
    }
    postgres.iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lost_in_a_commit_leaves_open_whether_it_is_stored() {
        let lost = || Driver::Io(std::io::Error::other("reset"));
        assert!(matches!(SqlError::statement(lost()), SqlError::Unavailable(_)));
        assert!(matches!(SqlError::commit(lost()), SqlError::Unknown(_)));
        assert!(matches!(SqlError::commit(Driver::PoolTimedOut), SqlError::Unavailable(_)));
    }

    #[test]
    fn a_defect_is_not_tried_again() {
        assert!(matches!(SqlError::statement(Driver::RowNotFound), SqlError::Broken(_)));
        assert!(matches!(SqlError::commit(Driver::RowNotFound), SqlError::Broken(_)));
    }
}
