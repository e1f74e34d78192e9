//! The Graph API without its network: a call and the time go in, the world changes, a reply comes out. `handle` is the one
//! way in.

mod attachments;
mod batch;
pub(crate) mod call;
mod check;
mod control;
mod conversations;
mod expand;
mod fields;
mod insights;
mod labels;
mod nodes;
mod notifications;
mod paging;
mod personas;
mod profile;
mod routes;
mod send;
mod subscriptions;
mod templates;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use crate::config::WebhookTarget;
use crate::errors::{GraphError, Refusal};
use crate::faults::{FaultKind, Target, What};
use crate::world::World;
use crate::world::app::AppIx;
use crate::world::ids::Psid;
use crate::world::limits::Use;
use call::{Call, Method};

/// What the caller gets, and how.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// How much of the quotas is used, in percent, and for how many minutes they are gone.
    pub(crate) usage: Usage,
    pub(crate) manner: Manner,
    /// What the recorder keeps: one for each call, so several for a batch.
    pub(crate) notes: Vec<Note>,
}

/// For the usage headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) app_percent: u8,
    pub(crate) page_percent: u8,
    pub(crate) minutes_to_wait: u32,
    pub(crate) page: Option<Arc<str>>,
}

/// How an answer goes out, or does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Manner {
    /// At once.
    #[default]
    Now,
    /// Once the echo is settled.
    AfterEcho,
    /// After so many milliseconds of real time.
    Slowly(u32),
    /// Not at all: the connection closes.
    Close,
    /// Not at all: the connection stays open.
    Hang,
    /// Once the callback has passed the handshake; the challenge is this.
    Handshake(AppIx, Box<Verify>),
}

/// A callback to verify.
#[derive(Clone, Debug)]
pub(crate) struct Verify {
    pub(crate) target: WebhookTarget,
    pub(crate) challenge: u32,
}

impl PartialEq for Verify {
    fn eq(&self, other: &Self) -> bool {
        (&self.target.url, self.challenge) == (&other.target.url, other.challenge)
    }
}

/// What the recorder keeps of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    pub(crate) n: u32,
    pub(crate) method: &'static str,
    pub(crate) endpoint: String,
    pub(crate) page: Option<Arc<str>>,
    pub(crate) app: Option<AppIx>,
    pub(crate) psid: Option<Psid>,
    /// A person the call named whom the Page does not know.
    pub(crate) unknown_psid: Option<String>,
    pub(crate) http_status: Option<u16>,
    pub(crate) code: Option<u32>,
    pub(crate) subcode: Option<u32>,
    pub(crate) mid: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) fault: Option<FaultKind>,
}

/// A call whose caller is known, on its way to its handler.
pub(crate) struct Request<'a> {
    pub(crate) call: &'a Call,
    /// The first word of the path: a Page's id, `me`, or the id of a thing.
    pub(crate) node: &'a str,
    /// The Page whose token it is; empty for an app's own token.
    pub(crate) page: Arc<str>,
    pub(crate) app: AppIx,
    pub(crate) manner: Manner,
    pub(crate) note: Note,
}

/// A handler: changes the world, or refuses and leaves it.
pub(crate) type Handler = fn(&mut World, &mut Request<'_>, i64) -> Result<Value, GraphError>;

/// Judges a call and lets it take place.
pub(crate) fn handle(world: &mut World, call: &Call, now_ms: i64) -> Reply {
    if call.path.is_empty() && call.method == Method::Post {
        return batch::run(world, call, now_ms);
    }
    let mut request = Request {
        call,
        node: call.path.first().map(String::as_str).unwrap_or_default(),
        page: Arc::from(""),
        app: AppIx::default(),
        manner: Manner::Now,
        note: Note { method: call.method.name(), endpoint: routes::name(call), ..Note::default() },
    };
    let mut usage = Usage::default();
    let admitted = admit(world, &mut request, &mut usage, now_ms);
    let outcome = admitted.and_then(|handler| with_faults(world, &mut request, handler, now_ms));
    let Request { manner, mut note, .. } = request;
    note.n = world.count_record(note.page.as_deref(), note.psid);
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(error) => {
            let shape = error.refusal.shape();
            note.code = Some(shape.code);
            note.subcode = shape.subcode;
            usage.spend(error.refusal);
            let page = note.page.as_deref().unwrap_or_default();
            (shape.status, error.body(world.ids.trace(page, note.psid, note.n)))
        }
    };
    let is_withheld = matches!(manner, Manner::Close | Manner::Hang);
    note.http_status = (!is_withheld).then_some(status);
    Reply { status, body, usage, manner, notes: vec![note] }
}

/// Lets the handler work unless a fault for this endpoint is in the way. Messages meet theirs once they are allowed.
fn with_faults(
    world: &mut World,
    request: &mut Request<'_>,
    handler: Handler,
    now_ms: i64,
) -> Result<Value, GraphError> {
    if request.call.method == Method::Post && request.note.endpoint == "messages" {
        return handler(world, request, now_ms);
    }
    let endpoint = request.note.endpoint.clone();
    meet(world, request, &endpoint, |world, request| handler(world, request, now_ms))
}

/// Lets the call work unless a fault of this name is in the way.
fn meet(
    world: &mut World,
    request: &mut Request<'_>,
    name: &str,
    work: impl FnOnce(&mut World, &mut Request<'_>) -> Result<Value, GraphError>,
) -> Result<Value, GraphError> {
    let n = world.page(&request.page).map_or(world.n_strays, |page| page.n_records);
    let target = Target { page: &request.page, psid: None, n, what: What::Call(name) };
    let Some(hit) = world.faults.take(world.ids, &target) else { return work(world, request) };
    request.note.fault = Some(hit.kind);
    let (instead, after) = hit.manner();
    if let Some(manner) = instead {
        request.manner = manner;
        return Ok(Value::Null);
    }
    if let Some(error) = hit.stops_with() {
        request.manner = after;
        return Err(error);
    }
    let answer = work(world, request)?;
    if after != Manner::Now {
        request.manner = after;
    }
    hit.answers_with().map_or(Ok(answer), |refusal| Err(refusal.into()))
}

/// Finds the handler and lets the caller in.
fn admit(world: &mut World, request: &mut Request<'_>, usage: &mut Usage, now_ms: i64) -> Result<Handler, GraphError> {
    let route = routes::find(request.call)?;
    let caller = world.identify(&request.call.credentials)?;
    let handler = route.enter(world, request, caller)?;
    usage.page = request.note.page.clone();
    let limit = world.limits.calls_per_person_per_day;
    let Some(page) = world.page_mut(&request.page) else { return Ok(handler) };
    let quota = limit.map(|calls| calls.saturating_mul(page.n_engaged.max(1)));
    match page.traffic.calls.take(quota, now_ms) {
        Use::Under(percent) => {
            usage.app_percent = percent;
            usage.page_percent = percent;
            Ok(handler)
        }
        Use::Over(wait_ms) => {
            usage.minutes_to_wait = u32::try_from(wait_ms / 60_000 + 1).unwrap_or(u32::MAX);
            Err(Refusal::BusinessLimit.into())
        }
    }
}

impl Usage {
    /// A throttled call has used everything up.
    fn spend(&mut self, refusal: Refusal) {
        const OF_APP: [Refusal; 3] = [Refusal::AppLimit, Refusal::TooManyRequests, Refusal::AppThrottled];
        const OF_PAGE: [Refusal; 3] = [Refusal::BusinessLimit, Refusal::PageLimit, Refusal::RateLimit];
        if OF_APP.contains(&refusal) {
            self.app_percent = 100;
        }
        if OF_PAGE.contains(&refusal) {
            self.page_percent = 100;
        }
        // A limit of calls a second is free again before any number of minutes.
        if OF_PAGE.contains(&refusal) && refusal != Refusal::RateLimit {
            self.minutes_to_wait = self.minutes_to_wait.max(1);
        }
    }
}
