//! Looking at the rule packs, trying one on the past, and changing them.

mod change;

pub(crate) use change::{activate, overrides, pin, retire};

pub(crate) mod replay;

use crate::cli::{CheckPackOptions, ExplainOptions, ListPacksOptions, ShowPackOptions};
use crate::log;
use crate::output::{self, Format};
use crate::settings::{Backend, LogSettings};
use anyhow::Context;
use api::convert::rfc3339;
use domain::explain::explain;
use domain::pack::{Pack, Packs};
use domain::send::one_of;
use event_log::{JudgedBy, Stored};
use serde_json::json;
use service_kit::Clock;
use std::path::Path;
use std::sync::Arc;

/// Prints the packs that are known, in the order in which they take effect.
pub(crate) async fn list(settings: LogSettings, options: ListPacksOptions) -> anyhow::Result<()> {
    let packs = packs(&settings).await?;
    let now = Clock::system().now();
    let current = match &options.page {
        Some(page) => packs.in_force_for(page, now),
        None => packs.in_force(now),
    };
    let mut all: Vec<_> = packs.all().collect();
    all.sort_by_key(|(pack, _)| pack.in_force_from());
    let rows = all.into_iter().map(|(pack, is_active)| {
        let reference = pack.reference();
        let is_current = reference == current.reference();
        let (from, digest) = (rfc3339(pack.in_force_from()), hex::encode(reference.digest));
        (reference.name.clone(), from, digest, is_active, is_current)
    });
    match options.output {
        Format::Text => {
            for (name, from, digest, is_active, is_current) in rows {
                let word = if is_current {
                    "in force"
                } else if is_active {
                    ""
                } else {
                    "not active"
                };
                output::line(format!("{name:<20} from {from}  {}  {word}", &digest[..12]).trim_end())?;
            }
        }
        Format::Json => {
            let rows = rows.map(|(name, from, digest, is_active, is_current)| {
                json!({ "name": name, "digest": digest, "in_force_from": from, "active": is_active, "in_force": is_current })
            });
            output::line(&serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?)?;
        }
    }
    Ok(())
}

/// Prints one pack's text, or all that it says as JSON.
pub(crate) async fn show(settings: LogSettings, options: ShowPackOptions) -> anyhow::Result<()> {
    let packs = packs(&settings).await?;
    let (name, digest) = options.name.split_once('@').unwrap_or((&options.name, ""));
    let fits = |pack: &Pack| pack.reference().name == name && hex::encode(pack.reference().digest).starts_with(digest);
    let found: Vec<_> = packs.all().filter(|(pack, _)| fits(pack)).collect();
    let found = found.iter().find(|(_, is_active)| *is_active).or(found.last());
    let (pack, is_active) =
        found.with_context(|| format!("there is no rule pack {:?}; see nuncio policy list", options.name))?;
    match options.output {
        Format::Text => output::line(pack.text().trim_end())?,
        Format::Json => {
            let reference = pack.reference();
            let whole = json!({
                "name": reference.name,
                "digest": hex::encode(reference.digest),
                "in_force_from": rfc3339(pack.in_force_from()),
                "active": is_active,
                "text": pack.text(),
            });
            output::line(&serde_json::to_string_pretty(&whole)?)?;
        }
    }
    Ok(())
}

/// Says whether a file is a rule pack, or everything that is wrong with it.
pub(crate) fn check(options: &CheckPackOptions) -> anyhow::Result<()> {
    let pack = read(&options.file)?;
    let digest = hex::encode(pack.reference().digest);
    output::line(&match options.output {
        Format::Text => format!("{} is the rule pack {}, {digest}", options.file.display(), pack.reference().name),
        Format::Json => json!({ "ok": true, "name": pack.reference().name, "digest": digest }).to_string(),
    })?;
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Pack> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Pack::parse(&file.display().to_string(), &text)?)
}

/// Explains the latest decision on a message.
pub(crate) async fn explain_message(settings: LogSettings, options: ExplainOptions) -> anyhow::Result<()> {
    let (home, id) = api::name::parse_message(&options.message)
        .map_err(|error| anyhow::anyhow!("{:?} is no message's name: it {error}", options.message))?;
    let log = log::open_to_read(&settings).await?;
    let send = home.send(log.identity().person_key(&home.page, &home.psid), id);
    let records = log.read(&send.stream(), 0).await?;
    let found = one_of(records.iter().flat_map(Stored::events), &send).and_then(|send| send.decision);
    let decision = &found.context("there is no such message in the log, or it was not judged")?;
    let packs = JudgedBy::new(log).packs().await?;
    match options.output {
        Format::Text => explain(decision, &packs).lines().iter().try_for_each(|line| output::line(line))?,
        Format::Json => {
            let told = explain(decision, &packs);
            let because = told.because.iter().map(|because| {
                json!({
                    "rule": because.rule.id(),
                    "forbids": because.rule.forbids(),
                    "says": because.says,
                    "source": because.source,
                    "about": because.about,
                    "facts": because.facts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    "from": because.span.map(|(from, _)| rfc3339(from)),
                    "to": because.span.map(|(_, to)| rfc3339(to)),
                })
            });
            let whole = json!({
                "message": options.message,
                "says": told.says,
                "route": decision.route().map(domain::decision::Route::as_str),
                "because": because.collect::<Vec<_>>(),
                "would_change": told.changes.iter().map(|change| change.says.clone()).collect::<Vec<_>>(),
                "at": rfc3339(told.at),
                "holds_until": told.holds_until.map(rfc3339),
                "pack": told.pack.name,
                "pack_digest": hex::encode(told.pack.digest),
                "evaluator": told.evaluator,
            });
            output::line(&serde_json::to_string_pretty(&whole)?)?;
        }
    }
    Ok(())
}

async fn packs(settings: &LogSettings) -> anyhow::Result<Arc<Packs>> {
    // Before there is a log, the packs that come with this version are all there are.
    if settings.backend == Backend::Sqlite && !settings.path.exists() {
        return Ok(Arc::new(Packs::built_in()));
    }
    let log = log::open_to_read(settings).await?;
    Ok(JudgedBy::new(log).packs().await?)
}
