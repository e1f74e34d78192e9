//! Takes a request: judges it, records it with its judgement, and answers with the message that it led to.

use super::asked::Asked;
use crate::append::{ChangeError, Changed};
use crate::hints::Hint;
use crate::table::NEVER;
use crate::{Parts, render};
use api::proto::outbound::v1 as pb;
use api::{convert, name, status};
use domain::decision::{Decision, Verdict};
use domain::evaluate::{Facts, judge};
use domain::event::{Event, SendingKind};
use domain::id::SendId;
use domain::pack::Packs;
use domain::send::{Class, Handling, Refusal, Request as SendCommand, Status as SendStatus, request};
use sql::outbox::Waiting;
use tonic::Status;

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
    /// Records the request with its judgement, once for each request id.
    pub(super) async fn request(&self, asked: &Asked) -> Result<pb::Message, Status> {
        let command = &command(asked);
        let page_id = command.send.page();
        let page = self.judged_by.page_lately(page_id).await.map_err(|error| status::unavailable(&error))?.state;
        let packs = self.packs().await?;
        let decide = |state: &_, now| request(&Facts::new(page_id, &page, state), &packs, command, now);
        let send = match self.change(&command.send.stream(), || self.clock.now(), decide).await {
            Ok(changed) => {
                self.hint(command, &changed);
                command.send.clone()
            }
            Err(ChangeError::Refused(Refusal::Repeated(existing))) => existing,
            Err(ChangeError::Refused(Refusal::RequestIdReused(existing))) => {
                return Err(status::request_id_reused(&self.name_of(&existing, asked)));
            }
            Err(ChangeError::Contended) => return Err(status::contended()),
            Err(error) => return Err(status::unavailable(&error)),
        };
        self.as_it_stands(&send, asked).await
    }

    /// Spares whoever sends for the Page here the wait for the table.
    fn hint(&self, command: &SendCommand, changed: &Changed) {
        let allowed = changed.events.iter().find_map(|event| match event {
            Event::Sending(step) => match &step.kind {
                SendingKind::Accepted { decision } => Some(decision),
                SendingKind::Requested { .. }
                | SendingKind::Blocked { .. }
                | SendingKind::Deferred { .. }
                | SendingKind::Dispatched { .. }
                | SendingKind::Settled { .. }
                | SendingKind::Cancelled
                | SendingKind::Expired { .. }
                | SendingKind::Doubted => None,
            },
            Event::Inbound(_)
            | Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::System(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_) => None,
        });
        let Some(decision) = allowed else { return };
        let Handling { not_before, expires_at, .. } = command.handling;
        let row = Waiting {
            send: command.send.clone(),
            page: command.send.page().clone(),
            class: Class::of(&command.intent.actor),
            deadline: decision.holds_until.into_iter().chain(expires_at).min().unwrap_or(NEVER),
            not_before: not_before.unwrap_or(decision.at),
            is_held: false,
            stream: command.send.stream(),
            position: changed.revision,
        };
        self.hints.tell(command.send.page(), Hint::Waits(row));
    }

    /// The message that a request led to, or the refusal that it was answered with.
    async fn as_it_stands(&self, send: &SendId, asked: &Asked) -> Result<pb::Message, Status> {
        let loaded = self.load(send).await?;
        let found = loaded.state.send(send).ok_or_else(|| status::no_such_message(&self.name_of(send, asked)))?;
        let packs = self.packs().await?;
        let message = render::message(send, found, &loaded, &packs);
        match &found.decision {
            Some(decision) if asked.rejects && found.status == SendStatus::Blocked => {
                Err(blocked(decision, &packs, &message.name))
            }
            _ => Ok(message),
        }
    }

    /// Judges without recording anything. A request that was made before is answered as it was, but for the name.
    pub(super) async fn validate(&self, asked: &Asked) -> Result<pb::Message, Status> {
        let command = &command(asked);
        let loaded = self.load(&command.send).await?;
        let now = self.clock.now();
        let page_id = command.send.page();
        let page = self.judged_by.page_lately(page_id).await.map_err(|error| status::unavailable(&error))?.state;
        let packs = self.packs().await?;
        let facts = Facts::new(page_id, &page, &loaded.state);
        match request(&facts, &packs, command, now) {
            Err(Refusal::Repeated(existing)) => {
                let message = self.as_it_stands(&existing, asked).await?;
                return Ok(pb::Message { name: String::new(), ..message });
            }
            Err(Refusal::RequestIdReused(existing)) => {
                return Err(status::request_id_reused(&self.name_of(&existing, asked)));
            }
            Ok(_) | Err(_) => (),
        }
        let decision = judge(&packs, &facts, &command.intent, now);
        let state = match decision.verdict {
            Verdict::Allowed(_) => pb::State::Accepted,
            Verdict::Blocked if asked.rejects => return Err(blocked(&decision, &packs, "")),
            Verdict::Blocked => pb::State::Blocked,
        };
        let decision = Some(convert::decision(&decision, &packs));
        Ok(pb::Message { state: state.into(), decision, revision: loaded.revision, ..pb::Message::default() })
    }

    fn name_of(&self, send: &SendId, asked: &Asked) -> String {
        name::message(send.page(), &asked.recipient, send.uuid())
    }
}

fn blocked(decision: &Decision, packs: &Packs, message: &str) -> Status {
    let pack = packs.find(&decision.pack).unwrap_or_else(|| packs.in_force(decision.at));
    status::blocked(decision, pack, message)
}
