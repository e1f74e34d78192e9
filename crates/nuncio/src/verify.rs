//! Whether the log still holds everything that was stored in it: held against the history, record by record.

mod compare;
mod finding;
mod shard;
#[cfg(test)]
mod tests;

use crate::cli::VerifyOptions;
use crate::log;
use crate::output::{self, Format};
use crate::settings::{Backend, LogSettings, Settings};
use anyhow::Context;
use compare::{Compared, Report, compare};
use event_log::EventLog;
use event_log::sqlite::SqliteLog;
use finding::{Finding, Kind};
use secrecy::SecretString;
use serde_json::json;
use sql::{Database, Options};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// After how long it says how far it has come, and how often from then on.
const PROGRESS: Duration = Duration::from_secs(5);

/// Prints each finding as it is found, then how much was compared. It fails when there is any finding.
pub(crate) async fn run(settings: Settings, options: VerifyOptions) -> anyhow::Result<()> {
    let VerifyOptions { without_history, output: format } = options;
    let database = if without_history { None } else { Some(open_history(&settings.sql_url).await?) };
    let compared = compared(&settings.log, database.as_ref(), format).await?;
    let n_found = compared.n_found();
    output::line(&match format {
        Format::Json => summary(&compared).to_string(),
        Format::Text => words(&compared, without_history),
    })?;
    anyhow::ensure!(n_found == 0, "{n_found} findings that no erasure explains");
    Ok(())
}

/// Whether the log alone still holds everything, so that nothing is lost with its history. What speaks against either is
/// printed.
pub(crate) async fn log_stands_alone(log: &LogSettings, history: &Database, format: Format) -> anyhow::Result<bool> {
    Ok(!compared(log, Some(history), format).await?.is_log_doubtful)
}

/// Compares, and prints each finding.
async fn compared(log: &LogSettings, database: Option<&Database>, format: Format) -> anyhow::Result<Compared> {
    let mut printer = Printer { format, told: Instant::now() };
    let (log, damage) = open(log).await?;
    for finding in &damage {
        printer.finding(finding.clone())?;
    }
    let mut compared = compare(&*log, database, &mut printer).await?;
    damage.iter().for_each(|finding| compared.note(&finding.kind));
    Ok(compared)
}

async fn open_history(url: &SecretString) -> anyhow::Result<Database> {
    let advice = "sql.url names the database with the history; --without-history goes without";
    let database = Database::open(url, &Options::default()).await.context(advice)?;
    database.check().await.context(advice)?;
    Ok(database)
}

/// The log, and what contradicts itself in its file. NATS keeps checksums and checks its files itself.
async fn open(settings: &LogSettings) -> anyhow::Result<(Arc<dyn EventLog>, Vec<Finding>)> {
    if settings.backend == Backend::Nats {
        return Ok((log::open_to_read(settings).await?, Vec::new()));
    }
    let log = SqliteLog::open_to_read(&settings.path).context("log.path names the log to look into")?;
    let words = log.inspect().await.context("the log's file is damaged: restore it from a backup")?;
    let finding = |words| Finding { shard: None, position: 0, stream: None, kind: Kind::Damaged { words } };
    Ok((Arc::new(log), words.into_iter().map(finding).collect()))
}

/// Prints findings to standard output and progress to standard error.
struct Printer {
    format: Format,
    told: Instant,
}

impl Report for Printer {
    fn finding(&mut self, finding: Finding) -> io::Result<()> {
        output::line(&match self.format {
            Format::Json => finding.json().to_string(),
            Format::Text => finding.text(),
        })
    }

    fn progress(&mut self, n_records: u64, n_all: u64) -> io::Result<()> {
        if self.told.elapsed() < PROGRESS {
            return Ok(());
        }
        self.told = Instant::now();
        writeln!(io::stderr().lock(), "verified {n_records} records so far; there were {n_all} when this began")
    }
}

fn summary(compared: &Compared) -> serde_json::Value {
    let Compared { n_records, n_compared, n_erased, found, is_log_doubtful: _ } = compared;
    json!({ "records": n_records, "compared": n_compared, "erased": n_erased, "findings": found })
}

fn words(compared: &Compared, without_history: bool) -> String {
    let Compared { n_records, n_compared, n_erased, .. } = compared;
    let compared_words = match without_history {
        true => "not compared with the history".to_owned(),
        false => format!("{n_compared} compared with the history"),
    };
    let n_found = compared.n_found();
    format!("{n_records} records, {compared_words}; {n_erased} erased; {n_found} findings")
}
