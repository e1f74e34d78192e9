//! Sends that have left the state of their conversation: found again by the table, and told from the log.

use crate::Parts;
use crate::append::{ChangeError, Changed};
use crate::dispatch::facts;
use api::status;
use domain::conversation::Conversation;
use domain::evaluate::Facts;
use domain::event::{ErasingKind, Event, SendingKind};
use domain::id::{BusinessKey, RequestId, SendId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Left, Refusal, Request, Send, one_of, request, request_beside};
use domain::time::Timestamp;
use event_log::{Loaded, LogError, LogIdentity, Position, Stored};
use sql::sends::{self, Asked, Digest, Found, Known, Wanted};
use sql::{SqlError, Transaction};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

/// How long a call waits for the table to come as far as the state has forgotten, or for the database to answer.
const WAIT: Duration = Duration::from_millis(500);
/// How soon it is looked again.
const LOOK: Duration = Duration::from_millis(20);

/// How a request id stands in the table.
fn request_digest(log: &LogIdentity, stream: &StreamId, request: &RequestId) -> Digest {
    log.digest_of("request", stream, request.as_str())
}

/// How a caller's name for something stands in the table.
fn key_digest(log: &LogIdentity, stream: &StreamId, key: &BusinessKey) -> Digest {
    log.digest_of("key", stream, key.as_str())
}

/// The sends that records which came together ask for.
#[derive(Default)]
pub(crate) struct Keeping<'a>(Vec<Asked<'a>>);

impl<'a> Keeping<'a> {
    /// Takes in what a record says of sends as a whole: those that were asked for, and that all were erased.
    pub(crate) async fn take_in(
        &mut self,
        to: &mut Transaction,
        log: &LogIdentity,
        stored: &'a Stored,
    ) -> Result<(), SqlError> {
        let stream = &stored.record.stream;
        for event in &stored.record.events {
            match event {
                Event::Sending(step) => {
                    let SendingKind::Requested { request, handling, .. } = &step.kind else { continue };
                    let key = handling.key.as_ref().map(|key| key_digest(log, stream, key));
                    let request = request_digest(log, stream, request);
                    self.0.push(Asked { send: &step.send, stream, request, key, position: stored.position });
                }
                Event::Erasing(step) if matches!(step.kind, ErasingKind::Begun { .. }) => {
                    self.store(to).await?;
                    sends::remove_stream(to, stream).await?;
                }
                Event::Inbound(_)
                | Event::Quarantined(_)
                | Event::Erasing(_)
                | Event::System(_)
                | Event::Right(_)
                | Event::Consent(_)
                | Event::Page(_) => (),
            }
        }
        Ok(())
    }

    /// Stores all of it, and begins anew.
    pub(crate) async fn store(&mut self, to: &mut Transaction) -> Result<(), SqlError> {
        sends::put(to, &std::mem::take(&mut self.0)).await
    }
}

impl Parts {
    /// Records a request with its judgement, unless it was made before, however long ago.
    ///
    /// # Errors
    /// When that cannot be known now; what the domain refuses is in the answer.
    pub(crate) async fn request_once(
        &self,
        command: &Request,
        (page, home): (&Page, Option<&Conversation>),
        packs: &Packs,
    ) -> Result<Result<Changed, ChangeError>, Status> {
        let (page_id, stream) = (command.send.page(), command.send.stream());
        let mut left = Left::default();
        loop {
            let decide =
                |state: &_, now| request_beside(&facts(page_id, page, state, home), packs, command, &left, now);
            match self.change(&stream, || self.clock.now(), decide).await {
                Err(ChangeError::Refused(Refusal::Forgotten { floor })) => match self.among_left(command, floor).await?
                {
                    Ok(found) => left = found,
                    Err(refusal) => return Ok(Err(ChangeError::Refused(refusal))),
                },
                answer => return Ok(answer),
            }
        }
    }

    /// What the domain answers to a request on this state, with what has left it.
    ///
    /// # Errors
    /// When that cannot be known now.
    pub(crate) async fn would_request(
        &self,
        facts: &Facts<'_>,
        packs: &Packs,
        command: &Request,
        now: Timestamp,
    ) -> Result<Result<Vec<Event>, Refusal>, Status> {
        match request(facts, packs, command, now) {
            Err(Refusal::Forgotten { floor }) => {
                let left = self.among_left(command, floor).await?;
                Ok(left.and_then(|left| request_beside(facts, packs, command, &left, now)))
            }
            answer => Ok(answer),
        }
    }

    /// A send as it stands, also when it has left the state of its conversation; and that conversation.
    ///
    /// # Errors
    /// When the log does not answer.
    pub(crate) async fn find(&self, id: &SendId) -> Result<(Loaded, Option<Send>), Status> {
        let loaded = self.conversations.load(&id.stream()).await.map_err(|error| status::unavailable(&error))?;
        let send = match loaded.state.send(id) {
            Some(send) => Some(send.clone()),
            None => self.past(id, loaded.state.floor(), None).await.map_err(|error| status::unavailable(&error))?,
        };
        Ok((loaded, send))
    }

    /// A send that has left a state with this floor, as its own records leave it: up to that position, or all of them.
    ///
    /// # Errors
    /// When the log does not answer.
    pub(crate) async fn past(
        &self,
        id: &SendId,
        floor: u64,
        until: Option<Position>,
    ) -> Result<Option<Send>, LogError> {
        if floor == 0 {
            return Ok(None);
        }
        let stream = id.stream();
        // The table only spares the reading of what came before, so without it all is read.
        let asked = sends::position(&self.database, self.log.identity().incarnation(), &stream, id);
        let Known { reached, position } = timeout(WAIT, asked).await.ok().and_then(Result::ok).unwrap_or_default();
        if position.is_none() && reached >= floor {
            return Ok(None);
        }
        let records = self.log.read(&stream, position.map_or(0, |position| position.saturating_sub(1))).await?;
        let records = records.iter().take_while(|stored| until.is_none_or(|until| stored.position <= until));
        Ok(one_of(records.flat_map(Stored::events), id))
    }

    /// Looks for a request among the sends that have left a state with this floor: what it is judged with, or the refusal
    /// that it was made before.
    async fn among_left(&self, command: &Request, floor: u64) -> Result<Result<Left, Refusal>, Status> {
        let found = self.look_up(command, floor).await?;
        if let Some(same) = found.same {
            // Not in the log: it was erased, or lost, and the table will learn that.
            let known = self.find(&same).await?.1.ok_or_else(status::table_behind)?;
            let is_same = known.request_digest == command.request_digest;
            let refusal = if is_same { Refusal::Repeated } else { Refusal::RequestIdReused };
            return Ok(Err(refusal(same)));
        }
        let mut left = Left { floor, key: None };
        if let Some(send) = found.of_key {
            let known = self.find(&send).await?.1.ok_or_else(status::table_behind)?;
            left.key = (!known.status.came_to_nothing()).then_some(send);
        }
        Ok(Ok(left))
    }

    /// Waits a little for the table to come as far as the state has forgotten: before, what is not found may be there.
    async fn look_up(&self, command: &Request, floor: u64) -> Result<Found, Status> {
        let (log, stream) = (self.log.identity(), command.send.stream());
        let wanted = Wanted {
            stream: &stream,
            request: request_digest(log, &stream, &command.request),
            send: &command.send,
            key: command.handling.key.as_ref().map(|key| key_digest(log, &stream, key)),
        };
        let begun = Instant::now();
        loop {
            let looked = timeout(WAIT, sends::look(&self.database, log.incarnation(), wanted)).await;
            match looked {
                Ok(Ok(found)) if found.reached >= floor => return Ok(found),
                Ok(Ok(_)) => (),
                Ok(Err(error)) => return Err(status::tables_unavailable(&error)),
                Err(late) => return Err(status::tables_unavailable(&late)),
            }
            if begun.elapsed() >= WAIT {
                return Err(status::table_behind());
            }
            sleep(LOOK).await;
        }
    }
}
