//! Every step of every message, as a stream that can be resumed.

use crate::table::homes;
use crate::{Parts, render};
use api::convert::timestamp;
use api::name;
use api::name::{Home, Scope};
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::watch_messages_response::Kind as Told;
use api::status::{self, Violations};
use domain::conversation::Conversation;
use domain::event::{Echo, Event, Outcome, SendingKind, Witness};
use domain::id::{SendId, StreamId};
use domain::send::Send;
use event_log::{Checkpoint, Filter, Followed, Follower, LogError, Pages, Stored, partition_of};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

/// How many conversations a stream remembers before it begins to forget.
const MOST_STATES: usize = 10_000;

pub(crate) type Steps = BoxStream<'static, Result<pb::WatchMessagesResponse, Status>>;

/// Whose messages are watched, and from where on.
pub(crate) struct Wanted {
    filter: Filter,
    /// Only this stream's; none: all that pass the filter.
    only: Option<StreamId>,
    from: Checkpoint,
    is_reset: bool,
}

/// Opens the stream, which ends when `stop` is cancelled.
pub(crate) async fn steps(
    parts: Arc<Parts>,
    asked: &pb::WatchMessagesRequest,
    stop: CancellationToken,
) -> Result<Steps, Status> {
    let mut violations = Violations::default();
    let wanted = parts.wanted(&asked.parent, &asked.checkpoint, &mut violations);
    let wanted = wanted.ok_or_else(|| violations.into_status())?;
    let watching = Watching::open(parts, wanted).await?;
    let steps = stream::try_unfold(watching, |mut watching| async move {
        let next = watching.next().await?;
        Ok(Some((pb::WatchMessagesResponse { kind: Some(next) }, watching)))
    });
    // A stop must not wait for watchers: they resume elsewhere from their last checkpoint.
    Ok(steps.take_until(stop.cancelled_owned()).boxed())
}

impl Parts {
    /// Reads what is to be watched. A checkpoint of another incarnation says nothing here: then all is told anew.
    pub(crate) fn wanted(&self, parent: &str, checkpoint: &str, violations: &mut Violations) -> Option<Wanted> {
        let scope = violations.take("parent", name::parse_scope(parent));
        let from = violations.take("checkpoint", Checkpoint::parse(checkpoint));
        let (scope, from) = (scope?, from?);
        let only = match &scope {
            Scope::All | Scope::Page(_) => None,
            Scope::Home(home) => {
                let person = self.conversations.person_key(&home.page, &home.psid);
                Some(home.send(person, Uuid::nil()).stream())
            }
        };
        let filter = match scope {
            Scope::All => homes(Pages::All),
            Scope::Page(page) | Scope::Home(Home { page, .. }) => homes(Pages::One(page)),
        };
        let partitions = only.iter().map(partition_of).collect();
        let is_reset = !from.incarnation.is_empty() && from.incarnation != self.log.identity().incarnation();
        let from = if is_reset { Checkpoint::beginning() } else { from };
        Some(Wanted { filter: Filter { partitions, ..filter }, only, from, is_reset })
    }
}

fn failed(error: &LogError) -> Status {
    match error {
        LogError::Unavailable(_) => status::unavailable(error),
        LogError::Broken(_) => status::checkpoint_unknown(),
    }
}

/// Somebody who watches.
pub(crate) struct Watching {
    parts: Arc<Parts>,
    follower: Follower,
    only: Option<StreamId>,
    /// Everything up to here was told or waits.
    reached: Checkpoint,
    waiting: VecDeque<Told>,
    /// The conversations seen lately, each as of the last record told.
    states: HashMap<StreamId, Conversation>,
}

impl Watching {
    /// Begins to follow the log.
    pub(crate) async fn open(parts: Arc<Parts>, wanted: Wanted) -> Result<Self, Status> {
        let Wanted { filter, only, from, is_reset } = wanted;
        let incarnation = parts.log.identity().incarnation().to_owned();
        let reached = Checkpoint { incarnation, ..from.clone() };
        let follower = parts.log.follow(filter, from).await.map_err(|error| failed(&error))?;
        let reset = pb::Reset { reason: pb::ResetReason::OtherIncarnation.into() };
        let waiting = is_reset.then_some(Told::Reset(reset)).into_iter().collect();
        Ok(Self { parts, follower, only, reached, waiting, states: HashMap::new() })
    }

    /// The next word. Dropped while it waits, it loses nothing that lies behind what is [reached](Self::reached).
    pub(crate) async fn next(&mut self) -> Result<Told, Status> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Ok(told);
            }
            match self.follower.next().await.map_err(|error| failed(&error))? {
                Followed::Record(stored) => {
                    if self.only.as_ref().is_none_or(|only| *only == stored.record.stream) {
                        self.record(&stored).await?;
                    }
                    self.reached.advance(stored.shard, stored.position);
                }
                Followed::CaughtUp(checkpoint) => {
                    self.reached = checkpoint;
                    return Ok(Told::CaughtUp(self.reached()));
                }
                Followed::Checkpoint(checkpoint) => {
                    self.reached = checkpoint;
                    return Ok(Told::Checkpoint(self.reached()));
                }
            }
        }
    }

    /// The checkpoint behind everything that was told, once nothing waits.
    pub(crate) fn reached(&self) -> String {
        self.reached.to_string()
    }

    /// Whether there is more to tell of what the checkpoint has passed already.
    pub(crate) fn has_more_of_this_record(&self) -> bool {
        !self.waiting.is_empty()
    }

    async fn record(&mut self, stored: &Stored) -> Result<(), Status> {
        let mut sends: Vec<SendId> = stored.record.events.iter().filter_map(concerned).collect();
        let echoed: Vec<_> = stored.record.events.iter().filter_map(echo_of_another).collect();
        if sends.is_empty() && echoed.is_empty() {
            return Ok(());
        }
        if self.states.len() >= MOST_STATES {
            self.states.clear();
        }
        let state = match self.states.entry(stored.record.stream.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let history = self.parts.log.read(entry.key(), 0).await.map_err(|error| failed(&error))?;
                // Not beyond this record: what a step means depends on those before it alone.
                let before = history.iter().take_while(|record| record.position < stored.position);
                entry.insert(Conversation::fold(before.flat_map(Stored::events)))
            }
        };
        // What was taken for one of ours may turn out to be somebody else's.
        sends.extend(echoed.iter().filter_map(|echo| state.found_as(&echo.mid).cloned()));
        sends.dedup();
        // The follower tells every record of a stream, so from here on the state needs no reading.
        stored.events().for_each(|event| state.evolve(event));
        for id in &sends {
            let found = match state.send(id) {
                None if id.is_at_home(&stored.record.stream) => {
                    let past = self.parts.past(id, state.floor(), Some(stored.position)).await;
                    past.map_err(|error| failed(&error))?.map(|send| step(id, &send, stored))
                }
                found => found.map(|send| step(id, send, stored)),
            };
            self.waiting.extend(found.map(Told::Step));
        }
        Ok(())
    }
}

/// The send that an event is about.
fn concerned(event: &Event) -> Option<SendId> {
    match event {
        Event::Sending(step) => Some(step.send.clone()),
        Event::Inbound(inbound) => inbound.kind.echo().and_then(|echo| echo.send.clone()),
        Event::Quarantined(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}

/// An echo that names no send.
fn echo_of_another(event: &Event) -> Option<&Echo> {
    let Event::Inbound(inbound) = event else { return None };
    inbound.kind.echo().filter(|echo| echo.send.is_none())
}

/// Whether, and how, an event tells that the send is out.
fn settled_by(event: &Event, id: &SendId) -> Option<pb::SettledBy> {
    match event {
        Event::Sending(step) if step.send == *id => {
            let SendingKind::Settled { outcome, .. } = &step.kind else { return None };
            match outcome {
                Outcome::Sent { .. } => Some(pb::SettledBy::Response),
                Outcome::Found { by: Witness::Echo(_), .. } => Some(pb::SettledBy::Echo),
                Outcome::Found { by: Witness::Listing, .. } => Some(pb::SettledBy::LookUp),
                Outcome::NotFound { .. }
                | Outcome::Rejected { .. }
                | Outcome::Retrying { .. }
                | Outcome::NotSent { .. }
                | Outcome::Unknown
                | Outcome::Again { .. }
                | Outcome::Unresolved => None,
            }
        }
        Event::Inbound(inbound) if inbound.kind.echo()?.send.as_ref() == Some(id) => Some(pb::SettledBy::Echo),
        Event::Sending(_)
        | Event::Inbound(_)
        | Event::Quarantined(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}

fn step(id: &SendId, send: &Send, stored: &Stored) -> pb::MessageStep {
    let settled_by = stored.record.events.iter().find_map(|event| settled_by(event, id));
    let mid = send.status.sent().map(|(mid, _)| mid.as_str()).unwrap_or_default();
    pb::MessageStep {
        name: name::message(id, &send.recipient),
        state: render::state(&send.status).into(),
        mid: mid.to_owned(),
        time: Some(timestamp(stored.record.recorded_at)),
        revision: stored.position,
        settled_by: settled_by.unwrap_or_default().into(),
    }
}
