//! Tells the ingress whose old facts not to store, from the receipts of erasures.
//!
//! It is a courtesy: webhooks are taken without a database too, and what slips through is removed after it was stored.

use secrecy::SecretString;
use sql::{Database, Options, SqlError, receipts};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use webhook_ingress::Erased;

/// How often new receipts are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// How long to wait before trying again when there is no database, or it does not answer.
const PAUSE: Duration = Duration::from_secs(5);
/// How many are read at a time.
const PAGE: usize = 1_000;

/// Reads the receipts of a log, by its lineage, and goes on reading what comes, until `stop` is cancelled. Nothing is made.
pub(crate) async fn follow(
    url: SecretString,
    lineage: String,
    erased: Erased,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut last = 0;
    let mut is_missed = false;
    loop {
        let reading = async {
            let database = Database::open(&url, &Options { max_connections: 1, ..Options::default() }).await?;
            let ended = read(&database, &lineage, &erased, &mut last, &mut is_missed).await;
            database.close().await;
            anyhow::Ok(ended)
        };
        let why = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            ended = reading => match ended {
                Ok(error) => anyhow::Error::new(error),
                Err(error) => error,
            },
        };
        if !std::mem::replace(&mut is_missed, true) {
            tracing::info!(
                "no receipts of erasures can be read, so old facts of erased people are removed after they are stored \
                 instead of before: {why:#}"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => (),
        }
    }
}

/// Reads until that fails.
async fn read(database: &Database, lineage: &str, erased: &Erased, last: &mut u64, is_missed: &mut bool) -> SqlError {
    loop {
        let page = match receipts::after(database, lineage, *last, PAGE).await {
            Ok(page) => page,
            Err(error) => return error,
        };
        *is_missed = false;
        let is_full = page.len() == PAGE;
        for receipt in page {
            *last = receipt.sequence;
            erased.note(receipt.stream, receipt.until);
        }
        if !is_full {
            tokio::time::sleep(EVERY).await;
        }
    }
}
