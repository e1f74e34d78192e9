//! The one place where the two databases differ in what they are told.

use sqlx::AssertSqlSafe;

/// The same thing on one or the other database: a pool, a connection, a transaction.
#[derive(Clone, Debug)]
pub(crate) enum On<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Runs one expression on whichever database it is. It is compiled for each, so the query in it stands here once.
macro_rules! on {
    ($on:expr, $executor:ident => $run:expr) => {
        match $on {
            $crate::dialect::On::Sqlite($executor) => $run,
            $crate::dialect::On::Postgres($executor) => $run,
        }
    };
}
pub(crate) use on;

/// The database's own clock, in whole milliseconds, rounded down. Not the start of the transaction: the time may be
/// asked after a long wait for a row.
const NOW_SQLITE: &str = "CAST(ROUND(unixepoch('subsec') * 1000) AS BIGINT)";
const NOW_POSTGRES: &str = "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";

/// Keeps the rows read from being changed until the transaction ends. SQLite has one writer at a time anyway.
const SHARE_SQLITE: &str = "";
const SHARE_POSTGRES: &str = "FOR SHARE";

impl<S, P> On<S, P> {
    /// A statement in which `{now_ms}` stands for the database's clock and `{for_share}` for keeping the rows as they
    /// are. Everything else is in both dialects.
    pub(crate) fn text(&self, statement: &'static str) -> AssertSqlSafe<String> {
        let (now, share) = match self {
            Self::Sqlite(_) => (NOW_SQLITE, SHARE_SQLITE),
            Self::Postgres(_) => (NOW_POSTGRES, SHARE_POSTGRES),
        };
        // Safe, since nothing goes in but the words above.
        AssertSqlSafe(statement.replace("{now_ms}", now).replace("{for_share}", share))
    }
}
