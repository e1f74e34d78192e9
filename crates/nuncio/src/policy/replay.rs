//! Tries a proposed rule pack on the past: here, on the log itself, or in a running process.

mod remote;
mod told;

use crate::cli::{ProposedOptions, ReplayPackOptions};
use crate::log;
use crate::output::note;
use crate::settings::LogSettings;
use compliance::rehearsal::{self, Ended, Plan, Progress, Report, Scope, Seen, Threads};
use domain::rehearsal::{Proposed, Range};
use event_log::LogError;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is told how far it is; what is over sooner tells nothing.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// Rehearses, and prints what came out.
pub(crate) async fn run(
    settings: impl FnOnce() -> anyhow::Result<LogSettings>,
    options: ReplayPackOptions,
) -> anyhow::Result<()> {
    // One of the three is given: a file in either way, or none for the packs in force.
    let ProposedOptions { file, pack, in_force: _ } = options.proposed;
    let proposed = file.or(pack).map(|file| super::read(&file)).transpose()?;
    let range = Range { from: options.from, to: options.to };
    let scope = Scope { range, page: options.page };
    let result = match options.server {
        Some(server) => remote::rehearse(&server, proposed, scope).await?,
        None => here(&settings()?, proposed, scope).await?,
    };
    told::print(&result, options.output)
}

/// On the log itself.
async fn here(
    settings: &LogSettings,
    proposed: Option<domain::pack::Pack>,
    scope: Scope,
) -> anyhow::Result<api::proto::compliance::v1::RehearsalResult> {
    let log = log::open_to_read(settings).await?;
    let threads = Threads::all();
    let plan = Plan::new(&*log, scope, threads.0.get()).await?;
    let proposed = match proposed {
        Some(pack) => Proposed::Pack(Box::new(pack)),
        None => Proposed::InForce(Box::new(rehearsal::packs_at(&*log, &plan).await?)),
    };
    let (progress, stop, mut report) =
        (Arc::new(Progress::new(plan.n_records(), plan.n_parts)), CancellationToken::new(), Report::default());
    let parts = 0..plan.n_parts;
    let working = rehearsal::run::<LogError>(
        log,
        (plan, proposed),
        parts,
        (threads, Arc::clone(&progress)),
        (&mut report, &stop),
    );
    let ended = tokio::select! {
        ended = working => ended?,
        _ = tokio::signal::ctrl_c() => Ended::Stopped,
        () = tell(&progress) => Ended::Stopped,
    };
    anyhow::ensure!(
        ended == Ended::Done,
        "stopped before the end, so there is no result, and nothing of it was kept: begin anew, or let a running process do \
         it with --server, which goes on where it was stopped"
    );
    Ok(rehearsal::result(&report))
}

/// Tells how far it is, for as long as it takes.
async fn tell(progress: &Progress) {
    loop {
        tokio::time::sleep(TOLD_EVERY).await;
        let seen = progress.seen();
        // Whoever closed the stream does not want to know.
        note(&told_of(seen)).ok();
    }
}

fn told_of(Seen { records, of_records, sends }: Seen) -> String {
    format!("passed {records} of {of_records} records, judged {sends} sends …")
}
