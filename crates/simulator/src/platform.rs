//! The running platform: the world, the recorder and the faults behind one lock, so that every call is judged, takes
//! place, is recorded and queues its webhooks as one step.

mod inbound;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::config::Config;
use crate::faults::{FaultKind, Faults};
use crate::recorder::{CallRow, Recorder, SendRow};
use crate::webhooks::body::{Delivered, Echo, Read, What};
use crate::webhooks::{Event, Queue};
use crate::world::judge::{self, Accepted, Message};
use crate::world::{App, Credentials, Limits, Refusal, World, access};

pub(crate) use inbound::Sentence;

/// When the echo of a send leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoTiming {
    /// A few milliseconds after the send is accepted.
    #[default]
    AfterResponse,
    /// The response waits until the echo is settled, for 5 s at most.
    BeforeResponse,
    /// Never. Delivery and read still come.
    Never,
}

/// The whole platform but for its network.
pub(crate) struct Platform {
    pub(crate) clock: Clock,
    pub(crate) queue: Arc<Queue>,
    app: App,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) recorder: Recorder,
    pub(crate) echo_timing: EchoTiming,
    pub(crate) echo_delay: Duration,
}

/// A Send API call as it arrived.
pub(crate) struct Call {
    /// What the path names: a Page's id or `me`.
    pub(crate) page: String,
    pub(crate) credentials: Credentials,
    /// The fields of query and body, if the body could be read.
    pub(crate) fields: Result<Map<String, Value>, Refusal>,
}

/// What the caller gets.
pub(crate) enum Answer {
    /// This, at once.
    Reply(Reply),
    /// This, once the echo is settled.
    AfterEcho(oneshot::Receiver<()>, Reply),
    /// Nothing: the connection closes.
    Close,
    /// Nothing: the connection stays open.
    Hang,
}

/// Status, body, and how much of the quota is used.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) usage_percent: u8,
}

impl Platform {
    /// A platform with the Pages of the configuration and nobody on them.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let mut world = World::new(config.seed, Limits::from_pack()?);
        for (id, token) in &config.pages {
            world.add_page(id.clone(), SecretString::from(token.as_str()));
        }
        let state = State {
            world,
            faults: Faults::default(),
            recorder: Recorder::default(),
            echo_timing: EchoTiming::default(),
            echo_delay: config.echo_delay,
        };
        Ok(Self {
            clock: Clock::default(),
            queue: Arc::new(Queue::new(config.delivery.clone(), config.webhook.clone())),
            app: App {
                id: config.app_id.clone(),
                secret: config.app_secret.clone(),
                require_proof: config.require_proof,
            },
            state: Mutex::new(state),
        })
    }

    /// The state, for a moment.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the state")
    }

    /// Judges a call, lets it take place, and says what the caller gets.
    pub(crate) fn send(&self, call: &Call) -> Answer {
        let mut state = self.state();
        // Read under the lock, so that the recorder's times never go back.
        let now_ms = self.clock.now_ms();
        let mut row = CallRow { at_ms: now_ms, ..CallRow::default() };
        match self.judge(&state.world, call, now_ms, &mut row) {
            Err(refusal) => Answer::Reply(state.refuse(row, refusal)),
            Ok((_, Accepted::Action { psid })) => Answer::Reply(state.succeed(row, json!({ "recipient_id": psid }))),
            Ok((page, Accepted::Message(message))) => self.take_message(&mut state, row, page, message),
        }
    }

    /// Refuses a call whose path leads nowhere.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Reply {
        let row = CallRow { at_ms: self.clock.now_ms(), ..CallRow::default() };
        self.state().refuse(row, refusal)
    }

    fn judge(&self, world: &World, call: &Call, now_ms: i64, row: &mut CallRow) -> Result<(String, Accepted), Refusal> {
        let id = access::authorize(&self.app, world, &call.credentials, &call.page)?;
        row.page = Some(id.clone());
        let fields = call.fields.as_ref().map_err(|refusal| *refusal)?;
        row.psid = judge::recipient(fields).ok();
        let page = world.page(&id).ok_or(Refusal::NotThisPage)?;
        let accepted = judge::judge(page, &world.limits, fields, now_ms)?;
        Ok((id, accepted))
    }

    fn take_message(&self, state: &mut State, mut row: CallRow, page: String, message: Message) -> Answer {
        row.fault = state.faults.take();
        let stops_it = match row.fault {
            Some(FaultKind::Throttle) => Some(Refusal::Throttled),
            Some(FaultKind::Refuse) => Some(Refusal::OutsideWindow),
            Some(FaultKind::Error500Before) => Some(Refusal::Internal),
            Some(
                FaultKind::ResponseLost
                | FaultKind::Error500
                | FaultKind::Hang
                | FaultKind::SentButError
                | FaultKind::EchoNever,
            )
            | None => None,
        };
        if let Some(refusal) = stops_it {
            return Answer::Reply(state.refuse(row, refusal));
        }
        let mid = state.world.post(&page, &message.psid);
        row.mid = Some(mid.clone());
        state.recorder.send(SendRow {
            seq: 0,
            page: page.clone(),
            psid: message.psid.clone(),
            mid: mid.clone(),
            text: message.content.text.clone(),
            metadata: message.content.metadata.clone(),
            messaging_type: message.messaging_type.name().to_owned(),
            tag: message.tag.map(|tag| tag.name().to_owned()),
            at_ms: row.at_ms,
            fault: row.fault,
        });
        let success = json!({ "recipient_id": message.psid, "message_id": mid });
        let echo = self.announce(state, &row, page, message);
        match row.fault {
            Some(FaultKind::ResponseLost) => {
                state.recorder.call(row);
                Answer::Close
            }
            Some(FaultKind::Hang) => {
                state.recorder.call(row);
                Answer::Hang
            }
            Some(FaultKind::Error500) => Answer::Reply(state.refuse(row, Refusal::Internal)),
            Some(FaultKind::SentButError) => Answer::Reply(state.refuse(row, Refusal::SentButError)),
            Some(FaultKind::EchoNever | FaultKind::Throttle | FaultKind::Refuse | FaultKind::Error500Before) | None => {
                let reply = state.succeed(row, success);
                match echo {
                    Some(settled) => Answer::AfterEcho(settled, reply),
                    None => Answer::Reply(reply),
                }
            }
        }
    }

    /// Queues echo, delivery and read; answers what the response must wait for, if it must.
    fn announce(&self, state: &State, row: &CallRow, page: String, message: Message) -> Option<oneshot::Receiver<()>> {
        let at_ms = row.at_ms;
        let psid = message.psid;
        let mid = row.mid.clone().unwrap_or_default();
        let reads = state.world.page(&page).and_then(|page| page.people.get(&psid)).is_some_and(|person| person.reads);
        let event = |what| Event { page: page.clone(), psid: psid.clone(), at_ms, what };
        let timing = if row.fault == Some(FaultKind::EchoNever) { EchoTiming::Never } else { state.echo_timing };
        let delay = match timing {
            EchoTiming::BeforeResponse => Duration::ZERO,
            EchoTiming::AfterResponse | EchoTiming::Never => state.echo_delay,
        };
        let echo = (timing != EchoTiming::Never).then(|| {
            let echo = Echo::new(mid.clone(), message.content, &self.app.id);
            self.queue.push(&event(What::Echo(echo)), at_ms, delay)
        });
        let delivered = Delivered { mids: vec![mid], watermark: at_ms };
        drop(self.queue.push(&event(What::Delivery(delivered)), at_ms, delay));
        if reads {
            drop(self.queue.push(&event(What::Read(Read { watermark: at_ms })), at_ms, delay));
        }
        echo.filter(|_| timing == EchoTiming::BeforeResponse)
    }
}

impl State {
    fn succeed(&mut self, mut row: CallRow, body: Value) -> Reply {
        row.http_status = Some(200);
        self.recorder.call(row);
        Reply { status: 200, body, usage_percent: 1 }
    }

    fn refuse(&mut self, mut row: CallRow, refusal: Refusal) -> Reply {
        let shape = refusal.shape();
        row.http_status = Some(shape.status);
        row.code = Some(shape.code);
        row.subcode = shape.subcode;
        self.recorder.call(row);
        let mut error = json!({
            "message": shape.message,
            "type": shape.kind,
            "code": shape.code,
            "fbtrace_id": self.world.ids.trace(),
        });
        if let Some(subcode) = shape.subcode {
            error["error_subcode"] = subcode.into();
        }
        let usage_percent = if refusal == Refusal::Throttled { 100 } else { 1 };
        Reply { status: shape.status, body: json!({ "error": error }), usage_percent }
    }
}
