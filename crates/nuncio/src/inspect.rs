//! Looking into the log from outside the process that writes it.

use crate::cli::{ShowOptions, TailOptions};
use crate::log;
use crate::output::{self, Format};
use crate::settings::LogSettings;
use api::convert::{moment, rfc3339};
use api::proto::conversation::v1::{ConversationEvent, Direction};
use domain::event::Event;
use domain::id::{SendId, StreamId};
use domain::pack::Packs;
use domain::send::{Send, all_of};
use event_log::{Checkpoint, Filter, Followed, JudgedBy, Pages, Position, Stored, Unreadable};
use serde_json::json;
use std::collections::BTreeMap;
use std::error::Error as _;

/// Prints records as they come.
pub(crate) async fn tail(settings: LogSettings, options: TailOptions) -> anyhow::Result<()> {
    let log = log::open_to_read(&settings).await?;
    let pages = options.page.map_or(Pages::All, Pages::One);
    let filter = Filter { kinds: Vec::new(), pages, partitions: Vec::new() };
    let from = if options.new { log.head().await? } else { Checkpoint::beginning() };
    let mut follower = log.follow(filter, from).await?;
    loop {
        match follower.next_or_unreadable().await? {
            Ok(Followed::Record(stored)) => output::line(&record(&stored, options.output))?,
            Ok(Followed::CaughtUp(_)) if options.until_caught_up => return Ok(()),
            Ok(Followed::CaughtUp(_) | Followed::Checkpoint(_)) => (),
            Err(found) => output::line(&match options.output {
                Format::Text => format!("{:>10}  {}", place(found.shard, found.position), unreadable_words(&found)),
                Format::Json => unreadable(&found).to_string(),
            })?,
        }
    }
}

fn record(stored: &Stored, format: Format) -> String {
    let record = &stored.record;
    let kinds: Vec<_> = record.events.iter().map(kind).collect();
    match format {
        Format::Text => {
            let recorded_at = rfc3339(record.recorded_at);
            let place = place(stored.shard, stored.position);
            format!("{place:>10}  {recorded_at:<24}  {}  {}", record.stream, kinds.join(", "))
        }
        Format::Json => header(stored).to_string(),
    }
}

/// A record's place as people write it.
pub(crate) fn place(shard: u16, position: Position) -> String {
    format!("{shard}/{position}")
}

/// Word of a record that cannot be read, behind its place.
pub(crate) fn unreadable_words(found: &Unreadable) -> String {
    let stream = found.stream.as_ref().map_or_else(|| "a stream unknown".to_owned(), ToString::to_string);
    format!("unreadable ({}), in {stream}", cause(found))
}

/// The same, for programs.
pub(crate) fn unreadable(found: &Unreadable) -> serde_json::Value {
    json!({
        "shard": found.shard,
        "position": found.position,
        "stream": found.stream.as_ref().map(ToString::to_string),
        "unreadable": cause(found),
    })
}

/// Why it cannot be read.
pub(crate) fn cause(found: &Unreadable) -> String {
    let inner = found.source.source().map(|inner| format!(": {inner}")).unwrap_or_default();
    format!("{}{inner}", found.source)
}

/// What of a record names nobody and quotes nobody.
pub(crate) fn header(stored: &Stored) -> serde_json::Value {
    let record = &stored.record;
    json!({
        "shard": stored.shard,
        "position": stored.position,
        "record": record.id.to_string(),
        "recorded_at": rfc3339(record.recorded_at),
        "stream": record.stream.to_string(),
        "fact": record.fact.map(|fact| fact.to_string()),
        "events": record.events.iter().map(kind).collect::<Vec<_>>(),
    })
}

fn kind(event: &Event) -> String {
    match event {
        Event::Inbound(inbound) => inbound.kind.as_str().to_owned(),
        Event::Quarantined(body) => format!("quarantined ({})", body.reason),
        Event::Erasing(step) => step.kind.as_str().to_owned(),
        Event::Sending(step) => format!("{} {}", step.kind.as_str(), step.send.uuid()),
        Event::System(system) => system.kind.as_str().to_owned(),
        Event::Right(step) => step.kind.as_str().to_owned(),
        Event::Consent(consent) => consent.kind.as_str().to_owned(),
        Event::Page(step) => step.kind.as_str().to_owned(),
    }
}

/// Prints one conversation, with what was said.
pub(crate) async fn show(settings: LogSettings, options: ShowOptions) -> anyhow::Result<()> {
    let log = log::open_to_read(&settings).await?;
    let ShowOptions { page, psid, output: format } = options;
    let stream = StreamId::Conversation(page.clone(), log.identity().person_key(&page, &psid));
    let records = conversation::shown(log.read(&stream, 0).await?);
    let events: Vec<_> = records.iter().flat_map(|stored| conversation::describe(stored, &psid)).collect();
    let sends = all_of(records.iter().flat_map(Stored::events));
    let packs = JudgedBy::new(log).packs().await?;
    match format {
        Format::Text => text(&stream, &sends, &events, &packs)?,
        Format::Json => {
            let rows: Vec<_> = events.iter().map(event_json).collect();
            let sends: Vec<_> =
                sends.iter().map(|(id, send)| send_json(&id.uuid().to_string(), send, &packs)).collect();
            let whole = json!({ "stream": stream.to_string(), "events": rows, "messages": sends });
            output::line(&serde_json::to_string_pretty(&whole)?)?;
        }
    }
    Ok(())
}

fn text(
    stream: &StreamId,
    sends: &BTreeMap<SendId, Send>,
    events: &[ConversationEvent],
    packs: &Packs,
) -> anyhow::Result<()> {
    output::line(&stream.to_string())?;
    if events.is_empty() {
        output::line("nothing is known of this conversation")?;
    }
    for event in events {
        output::line(&event_line(event))?;
    }
    for (id, send) in sends {
        let by = send.settled_by.map(|by| format!(", as its {} tells", by.as_str())).unwrap_or_default();
        output::line(&format!("\nmessage {}: {}{by}", id.uuid(), send.status.as_str()))?;
        for line in send.decision.iter().flat_map(|decision| api::explain::decision(decision, packs)) {
            output::line(&format!("  {line}"))?;
        }
    }
    Ok(())
}

/// One event of a conversation as a line of text.
pub(crate) fn event_line(event: &ConversationEvent) -> String {
    let time = event.time.as_ref().and_then(moment).map(rfc3339).unwrap_or_default();
    let arrow = match event.direction() {
        Direction::FromPerson => "→",
        Direction::FromPage => "←",
        Direction::OwnMessage | Direction::Unspecified => "·",
    };
    let said = if event.text.is_empty() { String::new() } else { format!("  “{}”", event.text) };
    format!("{:>8}  {time:<24}  {arrow} {}{said}", event.revision, event.kind)
}

fn event_json(event: &ConversationEvent) -> serde_json::Value {
    json!({
        "revision": event.revision,
        "record": event.record,
        "time": event.time.as_ref().and_then(moment).map(rfc3339),
        "kind": event.kind,
        "direction": event.direction().as_str_name(),
        "text": event.text,
        "mid": event.mid,
        "message": event.message,
        "raw_json": event.raw_json,
    })
}

fn send_json(id: &str, send: &domain::send::Send, packs: &Packs) -> serde_json::Value {
    let decision = send.decision.as_ref().map(|decision| api::explain::decision(decision, packs));
    let settled_by = send.settled_by.map(domain::send::SettledBy::as_str);
    let state = send.status.as_str();
    json!({ "message": id, "state": state, "settled_by": settled_by, "attempts": send.attempts, "decision": decision })
}
