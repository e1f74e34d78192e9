//! `nuncio.outbound.v1.Outbound`.

use crate::append::{ChangeError, Changed};
use crate::hints::Hint;
use crate::table::NEVER;
use crate::{Parts, Sender, content, render, watch};
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::outbound_server::{Outbound, OutboundServer};
use api::status::{self, Violations};
use api::{convert, name};
use domain::decision::{Decision, Verdict};
use domain::evaluate::{Facts, judge};
use domain::event::{Event, SendingKind};
use domain::id::{RequestId, SendId};
use domain::pack::Packs;
use domain::send::{Class, Handling, Refusal, Request as SendCommand, Status as SendStatus, request};
use event_log::Loaded;
use prost::Message as _;
use sha2::{Digest, Sha256};
use sql::outbox::Waiting;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The gRPC service.
#[derive(Debug)]
pub struct OutboundService {
    sender: Sender,
    stop: CancellationToken,
}

impl OutboundService {
    /// The service on this sender, ready for a server. Its streams end when `stop` is cancelled.
    pub fn server(sender: Sender, stop: CancellationToken) -> OutboundServer<Self> {
        OutboundServer::new(Self { sender, stop })
    }
}

/// A request whose every field is as it must be.
struct Asked {
    command: SendCommand,
    rejects: bool,
    validate_only: bool,
}

#[tonic::async_trait]
impl Outbound for OutboundService {
    async fn send_message(&self, request: Request<pb::SendMessageRequest>) -> Result<Response<pb::Message>, Status> {
        let parts = &self.sender.0;
        let asked = parts.parse(request.into_inner())?;
        if !parts.tokens.knows(asked.command.send.page()).await {
            return Err(status::page_not_registered(asked.command.send.page().as_str()));
        }
        let answer = if asked.validate_only { parts.validate(&asked).await } else { parts.request(&asked).await };
        let word = match &answer {
            Ok(message) => pb::State::try_from(message.state).unwrap_or_default().as_str_name(),
            Err(_) => "REFUSED",
        };
        parts.requests.add(1, &[("result", word)]);
        answer.map(Response::new)
    }

    async fn get_message(&self, request: Request<pb::GetMessageRequest>) -> Result<Response<pb::Message>, Status> {
        let parts = &self.sender.0;
        let wanted = request.into_inner().name;
        let mut violations = Violations::default();
        let Some((page, psid, id)) = violations.take("name", name::parse_message(&wanted)) else {
            return Err(violations.into_status());
        };
        let send = SendId::new(page.clone(), parts.conversations.person_key(&page, &psid), id);
        let loaded = parts.load(&send).await?;
        let found = loaded.state.send(&send).ok_or_else(|| status::no_such_message(&wanted))?;
        let packs = parts.packs().await?;
        Ok(Response::new(render::message(&send, found, &loaded, &packs)))
    }

    type WatchMessagesStream = watch::Steps;

    async fn watch_messages(
        &self,
        request: Request<pb::WatchMessagesRequest>,
    ) -> Result<Response<Self::WatchMessagesStream>, Status> {
        watch::steps(Arc::clone(&self.sender.0), request.into_inner(), self.stop.clone()).await.map(Response::new)
    }
}

impl Parts {
    fn parse(&self, asked: pb::SendMessageRequest) -> Result<Asked, Status> {
        let mut violations = Violations::default();
        let request_digest = digest(&asked);
        let parent = violations.take("parent", name::parse_conversation(&asked.parent));
        let request = violations.take("request_id", RequestId::parse(&asked.request_id));
        let intent = convert::intent(asked.actor, asked.purpose, &mut violations);
        let content = content::parse(asked.content, &mut violations);
        let intent = content::matter(intent, asked.matter, content.as_ref(), &mut violations);
        let rejects = match pb::OnBlock::try_from(asked.on_block) {
            Ok(pb::OnBlock::Unspecified | pb::OnBlock::Reject) => Some(true),
            Ok(pb::OnBlock::Record) => Some(false),
            Err(_) => {
                violations.add("on_block", "is ON_BLOCK_REJECT or ON_BLOCK_RECORD");
                None
            }
        };
        let (Some((page, recipient)), Some(request), Some(intent), Some(content), Some(rejects)) =
            (parent, request, intent, content, rejects)
        else {
            return Err(violations.into_status());
        };
        let person = self.conversations.person_key(&page, &recipient);
        let send = SendId::new(page, person, self.ids.uuid_v7(self.clock.now()));
        let command = SendCommand {
            send,
            recipient,
            request,
            request_digest,
            intent,
            content,
            handling: Handling::default(),
            turn: None,
        };
        Ok(Asked { command, rejects, validate_only: asked.validate_only })
    }

    /// Records the request with its judgement, once for each request id.
    async fn request(&self, asked: &Asked) -> Result<pb::Message, Status> {
        let page_id = asked.command.send.page();
        let page = self.judged_by.page_lately(page_id).await.map_err(|error| status::unavailable(&error))?.state;
        let packs = self.packs().await?;
        let command = &self.with_turn(&page, &packs, &asked.command).await;
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
            _ => match found.status {
                SendStatus::Expired { turn: Some(turn) } if asked.rejects => {
                    Err(self.comes_too_late(send.page(), turn, &message.name))
                }
                SendStatus::Requested
                | SendStatus::Accepted { .. }
                | SendStatus::Retrying { .. }
                | SendStatus::Deferred { .. }
                | SendStatus::Blocked
                | SendStatus::Cancelled
                | SendStatus::Expired { .. }
                | SendStatus::Dispatched { .. }
                | SendStatus::Unknown { .. }
                | SendStatus::Sent { .. }
                | SendStatus::Rejected { .. }
                | SendStatus::Unresolved => Ok(message),
            },
        }
    }

    /// Judges without recording anything. A request that was made before is answered as it was, but for the name.
    async fn validate(&self, asked: &Asked) -> Result<pb::Message, Status> {
        let command = &asked.command;
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

    async fn packs(&self) -> Result<Arc<Packs>, Status> {
        self.judged_by.packs_lately().await.map_err(|error| status::unavailable(&error))
    }

    fn name_of(&self, send: &SendId, asked: &Asked) -> String {
        name::message(send.page(), &asked.command.recipient, send.uuid())
    }

    async fn load(&self, send: &SendId) -> Result<Loaded, Status> {
        self.conversations.load(&send.stream()).await.map_err(|error| status::unavailable(&error))
    }
}

fn blocked(decision: &Decision, packs: &Packs, message: &str) -> Status {
    let pack = packs.find(&decision.pack).unwrap_or_else(|| packs.in_force(decision.at));
    status::blocked(decision, pack, message)
}

/// A digest of what is asked for, without how the call is to be answered: the same digest is the same request.
fn digest(asked: &pb::SendMessageRequest) -> [u8; 16] {
    let bare = pb::SendMessageRequest { request_id: String::new(), on_block: 0, validate_only: false, ..asked.clone() };
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(bare.encode_to_vec())[..16]);
    short
}
