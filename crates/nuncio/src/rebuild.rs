//! Drops derived tables, also while the system runs: whoever fills them begins again.

use crate::output::{self, Format};
use anyhow::Context;
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use serde_json::json;
use sql::{Database, Derived, Options};

#[derive(Debug, Args)]
pub(crate) struct RebuildOptions {
    /// Which tables.
    #[arg(value_enum, required_unless_present = "all")]
    tables: Vec<Table>,
    /// All of them.
    #[arg(long, conflicts_with = "tables")]
    all: bool,
    /// Drops the history as well, which may hold what the log has lost.
    #[arg(long)]
    accept_loss: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Tables that can be filled again from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Every record once more; needs --accept-loss.
    History,
    /// States of conversations.
    Snapshots,
    /// Sends that have not ended.
    Outbox,
    /// Instants at which something is to be done.
    Due,
}

impl Table {
    const fn derived(self) -> Derived {
        match self {
            Self::History => Derived::History,
            Self::Snapshots => Derived::Snapshots,
            Self::Outbox => Derived::Outbox,
            Self::Due => Derived::Due,
        }
    }
}

/// Drops what is asked for, one table after the other.
pub(crate) async fn run(url: &SecretString, options: RebuildOptions) -> anyhow::Result<()> {
    let mut tables: Vec<_> = options.tables.iter().map(|table| table.derived()).collect();
    if options.all {
        tables = Derived::ALL.to_vec();
    }
    anyhow::ensure!(
        options.accept_loss || !tables.contains(&Derived::History),
        "the history may be the last copy of what the log has lost, and nobody has looked whether it has: nothing was \
         dropped; add --accept-loss if the log is known to be whole"
    );
    let database =
        Database::open(url, &Options::default()).await.context("cannot open the database that sql.url names")?;
    database.check().await?;
    for table in &tables {
        let name = table.name();
        database.drop_derived(*table).await.with_context(|| format!("cannot drop the table {name}; run this again"))?;
        if options.output == Format::Text {
            output::line(&format!("dropped {name}: whoever fills it begins again at the beginning of the log"))?;
        }
    }
    database.close().await;
    if options.output == Format::Json {
        let names: Vec<_> = tables.iter().map(|table| table.name()).collect();
        output::line(&json!({ "dropped": names }).to_string())?;
    }
    Ok(())
}
