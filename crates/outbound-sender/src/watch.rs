//! Every step of every message, as a stream that can be resumed.

use crate::table::homes;
use crate::{Parts, render};
use api::convert::timestamp;
use api::name;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::watch_messages_response::Kind as Told;
use api::status::{self, Violations};
use domain::conversation::Conversation;
use domain::event::Event;
use domain::id::{SendId, StreamId};
use domain::send::Send;
use event_log::{Checkpoint, Followed, Follower, LogError, Pages, Stored};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How many conversations a stream remembers before it begins to forget.
const MOST_STATES: usize = 10_000;

pub(crate) type Steps = BoxStream<'static, Result<pb::WatchMessagesResponse, Status>>;

/// Opens the stream, which ends when `stop` is cancelled.
pub(crate) async fn steps(
    parts: Arc<Parts>,
    asked: pb::WatchMessagesRequest,
    stop: CancellationToken,
) -> Result<Steps, Status> {
    let mut violations = Violations::default();
    let page = violations.take("parent", name::parse_page(&asked.parent));
    let from = violations.take("checkpoint", Checkpoint::parse(&asked.checkpoint));
    let (Some(page), Some(from)) = (page, from) else { return Err(violations.into_status()) };
    let pages = page.map_or(Pages::All, Pages::One);
    let follower = parts.log.follow(homes(pages), from).await.map_err(|error| failed(&error))?;
    let watching = Watching { parts, follower, waiting: VecDeque::new(), states: HashMap::new() };
    let steps = stream::try_unfold(watching, |mut watching| async move {
        let next = watching.next().await?;
        Ok(Some((pb::WatchMessagesResponse { kind: Some(next) }, watching)))
    });
    // A stop must not wait for watchers: they resume elsewhere from their last checkpoint.
    Ok(steps.take_until(stop.cancelled_owned()).boxed())
}

fn failed(error: &LogError) -> Status {
    match error {
        LogError::Unavailable(_) => status::unavailable(error),
        LogError::Broken(_) => status::checkpoint_unknown(),
    }
}

struct Watching {
    parts: Arc<Parts>,
    follower: Follower,
    waiting: VecDeque<Told>,
    /// The conversations seen lately, each as of the last record told.
    states: HashMap<StreamId, Conversation>,
}

impl Watching {
    async fn next(&mut self) -> Result<Told, Status> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Ok(told);
            }
            match self.follower.next().await.map_err(|error| failed(&error))? {
                Followed::Record(stored) => self.record(&stored).await?,
                Followed::CaughtUp(checkpoint) => return Ok(Told::CaughtUp(checkpoint.to_string())),
                Followed::Checkpoint(checkpoint) => return Ok(Told::Checkpoint(checkpoint.to_string())),
            }
        }
    }

    async fn record(&mut self, stored: &Stored) -> Result<(), Status> {
        let mut sends: Vec<SendId> = stored.record.events.iter().filter_map(concerned).collect();
        sends.dedup();
        if sends.is_empty() {
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

fn step(id: &SendId, send: &Send, stored: &Stored) -> pb::MessageStep {
    let mid = send.status.sent().map(|(mid, _)| mid.as_str()).unwrap_or_default();
    pb::MessageStep {
        name: name::message(id.page(), &send.recipient, id.uuid()),
        state: render::state(&send.status).into(),
        mid: mid.to_owned(),
        time: Some(timestamp(stored.record.recorded_at)),
        revision: stored.position,
    }
}
