//! Reading again, with what this version understands: the quarantine, and facts that were kept unrecognized.

use crate::cli::{ReplayOptions, RetypeOptions};
use crate::log;
use crate::output::{self, Format};
use crate::settings::Settings;
use anyhow::Context;
use serde_json::json;
use service_kit::{Clock, Ids, Metrics};
use webhook_ingress::{Acceptor, NewFacts, Replay, Replayed, Retyped};

/// Reads every body, appends what is new, and says what became of them.
pub(crate) async fn run(settings: Settings, options: ReplayOptions) -> anyhow::Result<()> {
    let ReplayOptions { dry_run, since, output: format } = options;
    let facts = new_facts(dry_run);
    let replayed = acceptor(settings, facts).await?.replay(Replay { since, facts }).await.context(ENDED_EARLY)?;
    output::line(&match format {
        Format::Json => json(&replayed).to_string(),
        Format::Text => text(&replayed, facts),
    })?;
    Ok(())
}

/// Types every fact that was kept unrecognized, appends what is new, and says what became of them.
pub(crate) async fn retype(settings: Settings, options: RetypeOptions) -> anyhow::Result<()> {
    let RetypeOptions { dry_run, since, output: format } = options;
    let facts = new_facts(dry_run);
    let retyped = acceptor(settings, facts).await?.retype(Replay { since, facts }).await.context(ENDED_EARLY)?;
    let Retyped { n_passed_over, n_unknown, n_understood, n_new, n_known, n_erased } = retyped;
    output::line(&match format {
        Format::Json => json!({
            "kept": { "passed_over": n_passed_over, "unknown": n_unknown, "understood": n_understood },
            "facts": { "new": n_new, "known": n_known, "erased": n_erased },
        })
        .to_string(),
        Format::Text => format!(
            "kept unrecognized: {n_understood} understood, {n_unknown} still unknown, {n_passed_over} passed over\n\
             facts in them: {n_new} {}; {n_known} known already; {n_erased} of erased people, left out",
            done(facts)
        ),
    })?;
    Ok(())
}

const ENDED_EARLY: &str = "the replay ended early; what it did counts: run it again";

const fn new_facts(dry_run: bool) -> NewFacts {
    if dry_run { NewFacts::Count } else { NewFacts::Append }
}

async fn acceptor(settings: Settings, facts: NewFacts) -> anyhow::Result<Acceptor> {
    let log = match facts {
        NewFacts::Count => log::open_to_read(&settings.log).await?,
        NewFacts::Append => log::open_to_write(&settings.log).await?,
    };
    let metrics = Metrics::new("nuncio", env!("CARGO_PKG_VERSION"));
    Ok(Acceptor::new(settings.meta.app, log, Clock::system(), Ids::random(), &metrics))
}

const fn done(facts: NewFacts) -> &'static str {
    match facts {
        NewFacts::Count => "new, and would be appended",
        NewFacts::Append => "new, and appended",
    }
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
    let done = done(facts);
    format!(
        "bodies: {n_read} understood, {n_unreadable} still unreadable, {n_passed_over} passed over as too old\n\
         facts in them: {n_new} {done}; {n_known} known already; {n_erased} of erased people, left out\n\
         beside them: {n_unplaced} parts that belong to no Page"
    )
}
