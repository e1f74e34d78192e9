//! What people do, as a stream that can be resumed.

use crate::event::describe;
use api::name;
use api::proto::conversation::v1 as pb;
use api::proto::conversation::v1::watch_inbound_response::Kind as Told;
use api::status::{self, Violations};
use domain::event::Event;
use domain::id::{Kind, PageId, Psid};
use event_log::{Checkpoint, EventLog, Filter, Followed, Follower, LogError, Pages, Stored};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use std::collections::VecDeque;
use tokio_util::sync::CancellationToken;
use tonic::Status;

pub(crate) type Inbounds = BoxStream<'static, Result<pb::WatchInboundResponse, Status>>;

/// Opens the stream, which ends when `stop` is cancelled.
pub(crate) async fn inbounds(
    log: &dyn EventLog,
    asked: &pb::WatchInboundRequest,
    stop: CancellationToken,
) -> Result<Inbounds, Status> {
    let mut violations = Violations::default();
    let page = violations.take("parent", name::parse_page(&asked.parent));
    let from = violations.take("checkpoint", Checkpoint::parse(&asked.checkpoint));
    let (Some(page), Some(from)) = (page, from) else { return Err(violations.into_status()) };
    let pages = page.map_or(Pages::All, Pages::One);
    let filter = Filter { kinds: vec![Kind::Conversation], pages, partitions: Vec::new() };
    let follower = log.follow(filter, from).await.map_err(|error| failed(&error))?;
    let told = stream::try_unfold((follower, VecDeque::new()), |(mut follower, mut waiting)| async move {
        let next = next(&mut follower, &mut waiting).await?;
        Ok(Some((pb::WatchInboundResponse { kind: Some(next) }, (follower, waiting))))
    });
    // A stop must not wait for watchers: they resume elsewhere from their last checkpoint.
    Ok(told.take_until(stop.cancelled_owned()).boxed())
}

fn failed(error: &LogError) -> Status {
    match error {
        LogError::Unavailable(_) => status::unavailable(error),
        LogError::Broken(_) => status::checkpoint_unknown(),
    }
}

async fn next(follower: &mut Follower, waiting: &mut VecDeque<Told>) -> Result<Told, Status> {
    loop {
        if let Some(told) = waiting.pop_front() {
            return Ok(told);
        }
        match follower.next().await.map_err(|error| failed(&error))? {
            Followed::Record(stored) => waiting.extend(events(&stored)),
            Followed::CaughtUp(checkpoint) => return Ok(Told::CaughtUp(checkpoint.to_string())),
            Followed::Checkpoint(checkpoint) => return Ok(Told::Checkpoint(checkpoint.to_string())),
        }
    }
}

fn events(stored: &Stored) -> Vec<Told> {
    let Some((page, psid)) = stored.record.events.iter().find_map(person) else { return Vec::new() };
    let conversation = name::conversation(page, psid);
    let told = |event| Told::Event(pb::InboundEvent { conversation: conversation.clone(), event: Some(event) });
    describe(stored, psid).map(told).collect()
}

/// Whom an inbound event is about; none for what we did ourselves.
fn person(event: &Event) -> Option<(&PageId, &Psid)> {
    match event {
        Event::Inbound(inbound) => Some((&inbound.page, inbound.person.as_ref()?)),
        Event::Quarantined(_)
        | Event::Sending(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}
