//! Takes a request: judges it, records it with its judgement, and answers with the message that it led to.

use super::asked::{Asked, over};
use crate::append::{ChangeError, Changed};
use crate::dispatch::facts;
use crate::hints::Hint;
use crate::table::NEVER;
use crate::{Parts, render};
use api::proto::outbound::v1 as pb;
use api::{convert, name, status};
use domain::decision::Decision;
use domain::event::{Event, SendingKind};
use domain::id::SendId;
use domain::pack::Packs;
use domain::send::{Class, Handling, Refusal, Request as SendCommand, Status};
use domain::time::Timestamp;
use sql::outbox::Waiting;
use std::sync::Arc;
use tonic::Status as Answer;

/// The request as the domain takes it.
fn command(asked: &Asked) -> SendCommand {
    SendCommand {
        send: asked.send.clone(),
        recipient: asked.recipient.clone(),
        request: asked.request.clone(),
        request_digest: asked.request_digest,
        intent: asked.intent.clone(),
        content: asked.content.clone(),
        handling: asked.handling.clone(),
        turn: None,
    }
}

impl Parts {
    /// Takes one request, however its call came, and counts what became of it.
    pub(super) async fn take(&self, asked: &Asked) -> Result<pb::Message, Answer> {
        if !self.tokens.knows(asked.send.page()).await {
            return Err(status::page_not_registered(asked.send.page().as_str()));
        }
        let answer = if asked.validate_only { self.validate(asked).await } else { self.request(asked).await };
        let word = match &answer {
            Ok(message) => pb::State::try_from(message.state).unwrap_or_default().as_str_name(),
            Err(_) => "REFUSED",
        };
        self.requests.add(1, &[("result", word)]);
        answer
    }

    /// Records the request with its judgement, once for each request id.
    async fn request(&self, asked: &Asked) -> Result<pb::Message, Answer> {
        if asked.is_over {
            return self.made_before_its_end(asked).await;
        }
        if asked.takes_thread {
            self.take_thread(asked, &command(asked)).await?;
        }
        let stream = asked.send.stream();
        let page = self.judged_by.page_lately(asked.send.page()).await.map_err(|error| status::unavailable(&error))?;
        let packs = self.packs().await?;
        let command = self.with_turn(&page.state, &packs, command(asked)).await;
        let home = self.home(&stream).await.map_err(|error| status::unavailable(&error))?;
        let send = match self.request_once(&command, (&page.state, home.as_deref()), &packs).await? {
            Ok(changed) => {
                self.hint(asked, &changed);
                asked.send.clone()
            }
            Err(ChangeError::Refused(refusal)) => made_before(refusal, asked)?,
            Err(ChangeError::Contended) => return Err(status::contended()),
            Err(error) => return Err(status::unavailable(&error)),
        };
        self.as_it_stands(&send, asked).await
    }

    /// Answers a call whose message may not leave any more: as before, if it was made before.
    async fn made_before_its_end(&self, asked: &Asked) -> Result<pb::Message, Answer> {
        match self.judged(asked).await?.answer {
            Ok(_) => Err(over()),
            Err(refusal) => self.as_it_stands(&made_before(refusal, asked)?, asked).await,
        }
    }

    /// What would be recorded of a request now.
    async fn judged(&self, asked: &Asked) -> Result<Judged, Answer> {
        let stream = asked.send.stream();
        let loaded = self.load(&stream).await?;
        let page_id = asked.send.page();
        let page = self.judged_by.page_lately(page_id).await.map_err(|error| status::unavailable(&error))?.state;
        let packs = self.packs().await?;
        let home = self.home(&stream).await.map_err(|error| status::unavailable(&error))?;
        let facts = facts(page_id, &page, &loaded.state, home.as_deref());
        let command = self.with_turn(&page, &packs, command(asked)).await;
        let answer = self.would_request(&facts, &packs, &command, self.clock.now()).await?;
        Ok(Judged { answer, packs, turn: command.turn, revision: loaded.revision })
    }

    /// Spares whoever sends for the Page here the wait for the table.
    fn hint(&self, asked: &Asked, changed: &Changed) {
        let Some((pb::State::Accepted, decision)) = judged(&changed.events) else { return };
        let Handling { not_before, expires_at, .. } = asked.handling;
        let row = Waiting {
            send: asked.send.clone(),
            page: asked.send.page().clone(),
            class: Class::of(&asked.intent.actor),
            deadline: decision.holds_until.into_iter().chain(expires_at).min().unwrap_or(NEVER),
            not_before: not_before.unwrap_or(decision.at),
            is_held: false,
            stream: asked.send.stream(),
            position: changed.revision,
        };
        self.hints.tell(asked.send.page(), Hint::Waits(row));
    }

    /// The message that a request led to, or the refusal that it was answered with.
    async fn as_it_stands(&self, send: &SendId, asked: &Asked) -> Result<pb::Message, Answer> {
        let (loaded, found) = self.find(send).await?;
        let found = found.ok_or_else(|| status::no_such_message(&name_of(send, asked)))?;
        let packs = self.packs().await?;
        let message = render::message(send, &found, &loaded, &packs);
        match &found.decision {
            Some(decision) if asked.rejects && message.state() == pb::State::Blocked => {
                return Err(blocked(decision, &packs, &message.name));
            }
            Some(_) | None => (),
        }
        if let Status::Expired { turn: Some(turn) } = found.status
            && asked.rejects
        {
            return Err(self.comes_too_late(send.page(), turn, &message.name));
        }
        Ok(message)
    }

    /// Judges without recording anything. A request that was made before is answered as it was, but for the name.
    async fn validate(&self, asked: &Asked) -> Result<pb::Message, Answer> {
        let Judged { answer, packs, turn, revision } = self.judged(asked).await?;
        let events = match answer {
            Ok(_) if asked.is_over => return Err(over()),
            Ok(events) => events,
            Err(refusal) => {
                let message = self.as_it_stands(&made_before(refusal, asked)?, asked).await?;
                return Ok(pb::Message { name: String::new(), ..message });
            }
        };
        match judged(&events) {
            Some((pb::State::Blocked, decision)) if asked.rejects => Err(blocked(decision, &packs, "")),
            Some((state, decision)) => {
                let missed = turn.filter(|_| state == pb::State::Expired);
                if let Some(turn) = missed.filter(|_| asked.rejects) {
                    return Err(self.comes_too_late(asked.send.page(), turn, ""));
                }
                let decision = Some(convert::decision(decision, &packs));
                let missed_turn_time = missed.map(convert::timestamp);
                Ok(pb::Message { state: state.into(), decision, revision, missed_turn_time, ..pb::Message::default() })
            }
            None => Ok(pb::Message { revision, ..pb::Message::default() }),
        }
    }
}

/// What would be recorded of a request, or why nothing would.
struct Judged {
    answer: Result<Vec<Event>, Refusal>,
    packs: Arc<Packs>,
    /// When the Page's turn would come to it, where that may be too late.
    turn: Option<Timestamp>,
    /// The stream's revision that it was judged at.
    revision: u64,
}

/// The send that stands for a request which records nothing, or why there is none.
fn made_before(refusal: Refusal, asked: &Asked) -> Result<SendId, Answer> {
    match refusal {
        Refusal::Repeated(existing) => Ok(existing),
        Refusal::KeyTaken(existing) if asked.takes_existing => Ok(existing),
        Refusal::KeyTaken(existing) => Err(status::key_taken(&name_of(&existing, asked))),
        Refusal::RequestIdReused(existing) => Err(status::request_id_reused(&name_of(&existing, asked))),
        refusal @ (Refusal::NoSuchSend
        | Refusal::NotWaiting(_)
        | Refusal::Forgotten { .. }
        | Refusal::NotDue { .. }
        | Refusal::Held
        | Refusal::Paused
        | Refusal::Settled) => Err(status::internal(&refusal)),
    }
}

/// How a request was judged, and where that leaves it.
pub(super) fn judged(events: &[Event]) -> Option<(pb::State, &Decision)> {
    events.iter().fold(None, |judged, event| {
        let Event::Sending(step) = event else { return judged };
        match &step.kind {
            SendingKind::Accepted { decision } => Some((pb::State::Accepted, decision)),
            SendingKind::Blocked { decision } => Some((pb::State::Blocked, decision)),
            SendingKind::Deferred { decision, .. } => Some((pb::State::Deferred, decision)),
            SendingKind::Expired { .. } => judged.map(|(_, decision)| (pb::State::Expired, decision)),
            SendingKind::Requested { .. }
            | SendingKind::Dispatched { .. }
            | SendingKind::Settled { .. }
            | SendingKind::Cancelled
            | SendingKind::Doubted => judged,
        }
    })
}

fn name_of(send: &SendId, asked: &Asked) -> String {
    name::message(send, &asked.recipient)
}

fn blocked(decision: &Decision, packs: &Packs, message: &str) -> Answer {
    let pack = packs.find(&decision.pack).unwrap_or_else(|| packs.in_force(decision.at));
    status::blocked(decision, pack, message)
}
