//! Reading the quarantine again, with what this version understands.

use crate::cli::ReplayOptions;
use crate::log;
use crate::output::{self, Format};
use crate::settings::Settings;
use anyhow::Context;
use serde_json::json;
use service_kit::{Clock, Ids, Metrics};
use webhook_ingress::{Acceptor, NewFacts, Replay, Replayed};

/// Reads every body, appends what is new, and says what became of them.
pub(crate) async fn run(settings: Settings, options: ReplayOptions) -> anyhow::Result<()> {
    let ReplayOptions { dry_run, since, output: format } = options;
    let facts = if dry_run { NewFacts::Count } else { NewFacts::Append };
    let log = match facts {
        NewFacts::Count => log::open_to_read(&settings.log).await?,
        NewFacts::Append => log::open_to_write(&settings.log).await?,
    };
    let metrics = Metrics::new("nuncio", env!("CARGO_PKG_VERSION"));
    let acceptor = Acceptor::new(settings.meta.app, log, Clock::system(), Ids::random(), &metrics);
    let replayed = acceptor.replay(Replay { since, facts }).await;
    let replayed = replayed.context("the replay ended early; what it did counts: run it again")?;
    output::line(&match format {
        Format::Json => json(&replayed).to_string(),
        Format::Text => text(&replayed, facts),
    })?;
    Ok(())
}

fn json(replayed: &Replayed) -> serde_json::Value {
    let Replayed { n_passed_over, n_unreadable, n_read, n_new, n_known, n_erased, n_unplaced } = replayed;
    json!({
        "bodies": { "passed_over": n_passed_over, "unreadable": n_unreadable, "read": n_read },
        "facts": { "new": n_new, "known": n_known, "erased": n_erased, "unplaced": n_unplaced },
    })
}

fn text(replayed: &Replayed, facts: NewFacts) -> String {
    let Replayed { n_passed_over, n_unreadable, n_read, n_new, n_known, n_erased, n_unplaced } = replayed;
    let done = match facts {
        NewFacts::Count => "new, and would be appended",
        NewFacts::Append => "new, and appended",
    };
    format!(
        "bodies: {n_read} understood, {n_unreadable} still unreadable, {n_passed_over} passed over as too old\n\
         facts in them: {n_new} {done}; {n_known} known already; {n_erased} of erased people, left out;\n{n_unplaced} parts belong to no Page"
    )
}
