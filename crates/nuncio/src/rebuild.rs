//! Drops derived tables, also while the system runs: whoever fills them begins again.

use crate::output::{self, Format};
use crate::settings::Settings;
use crate::verify;
use anyhow::Context;
use clap::{Args, ValueEnum};
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
    /// Drops the history without looking whether it holds what the log has lost.
    #[arg(long)]
    accept_loss: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// Tables that can be filled again from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Every record once more.
    History,
    /// States of conversations.
    Snapshots,
    /// Sends that have not ended, and by what every send is found again.
    Outbox,
    /// Instants at which something is to be done.
    Due,
    /// Sends and blocks of Pages.
    PageCounts,
    /// How far words of people and refusals of Pages were taken up.
    Reactions,
}

impl Table {
    const fn derived(self) -> Derived {
        match self {
            Self::History => Derived::History,
            Self::Snapshots => Derived::Snapshots,
            Self::Outbox => Derived::Outbox,
            Self::Due => Derived::Due,
            Self::PageCounts => Derived::PageCounts,
            Self::Reactions => Derived::Reactions,
        }
    }
}

/// Drops what is asked for, one table after the other; the history only if the log can do without it.
pub(crate) async fn run(settings: &Settings, options: RebuildOptions) -> anyhow::Result<()> {
    let mut tables: Vec<_> = options.tables.iter().map(|table| table.derived()).collect();
    if options.all {
        tables = Derived::ALL.to_vec();
    }
    let format = options.output;
    let opened = Database::open(&settings.sql_url, &Options::default()).await;
    let database = opened.context("cannot open the database that sql.url names")?;
    database.check().await?;
    if tables.contains(&Derived::History) && !options.accept_loss {
        let verified = verify::log_stands_alone(&settings.log, &database, format).await;
        let stands_alone = verified.context("cannot tell whether the log is whole, so nothing was dropped")?;
        anyhow::ensure!(
            stands_alone,
            "the history may be the last copy of what the log has lost, so nothing was dropped: restore the log first, \
             or give that up with --accept-loss"
        );
    }
    for table in &tables {
        let name = table.name();
        database.drop_derived(*table).await.with_context(|| format!("cannot drop the table {name}; run this again"))?;
        if format == Format::Text {
            output::line(&format!("dropped {name}: whoever fills it begins again at the beginning of the log"))?;
        }
    }
    database.close().await;
    if format == Format::Json {
        let names: Vec<_> = tables.iter().map(|table| table.name()).collect();
        output::line(&json!({ "dropped": names }).to_string())?;
    }
    Ok(())
}
