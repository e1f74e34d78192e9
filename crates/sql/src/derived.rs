//! Tables that can be dropped and filled again from the log.

use crate::database::Database;
use crate::dialect::{On, on};
use crate::error::SqlError;
use sqlx::AssertSqlSafe;

/// Tables that are filled together, under one checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// Every record once more.
    History,
    /// States and positions.
    Snapshots,
    /// The sends that have not ended, by what every send is found again, and to whom Pages can write.
    Outbox,
    /// Instants at which something is to be done.
    Due,
    /// How many sends of a Page ended, and how many in a block.
    PageCounts,
    /// No table: only how far facts were taken up that lead to events of other streams.
    Reactions,
}

impl Derived {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::History, Self::Snapshots, Self::Outbox, Self::Due, Self::PageCounts, Self::Reactions];

    /// The name of the checkpoint.
    pub const fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Snapshots => "snapshots",
            Self::Outbox => "outbox",
            Self::Due => "due",
            Self::PageCounts => "page_counts",
            Self::Reactions => "reactions",
        }
    }

    /// Tombstones are not among them: what is erased stays erased.
    const fn tables(self) -> &'static [&'static str] {
        match self {
            Self::History => &["history"],
            Self::Snapshots => &["snapshots"],
            Self::Outbox => &["outbox", "echoes", "sends", "engaged"],
            Self::Due => &["due"],
            Self::PageCounts => &["page_counts"],
            Self::Reactions => &[],
        }
    }
}

impl Database {
    /// Empties the tables and forgets how far they had come, at once, also while somebody fills them: whoever does is
    /// superseded and begins again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drop_derived(&self, derived: Derived) -> Result<(), SqlError> {
        let mut transaction = self.begin_alone().await?;
        for table in derived.tables() {
            let text = match transaction.connection() {
                On::Sqlite(_) => format!("DELETE FROM {table}"),
                On::Postgres(_) => format!("TRUNCATE {table}"),
            };
            on!(transaction.connection(), connection =>
                sqlx::query(AssertSqlSafe(text)).execute(connection).await.map(drop))
            .map_err(SqlError::statement)?;
        }
        let forget = "DELETE FROM checkpoints WHERE name = $1";
        on!(transaction.connection(), connection =>
            sqlx::query(forget).bind(derived.name()).execute(connection).await.map(drop))
        .map_err(SqlError::statement)?;
        transaction.commit().await
    }
}
