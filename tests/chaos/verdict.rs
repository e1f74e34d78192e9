//! What became of every send, by Nuncio's word and by the platform's.

use crate::deployment::Deployment;
use crate::schedule::Size;
use crate::traffic::{Clients, Traffic};
use api::proto::outbound::v1::{GetMessageRequest, State};
use simulator::{AdminClient, Filter, WebhookStatus};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Code;

/// How long the last sends may take to end: a stopped sender's lease, its claims, their echoes, and the backlog.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(500);
/// Questions under way at a time, and rows read at a time.
const AT_A_TIME: usize = 16;
const ROWS: usize = 2_000;

/// The count of what must not be, and of what is worth knowing.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    lost: usize,
    doubled: usize,
    unsettled: usize,
    /// By state, how many sends ended in it.
    ends: HashMap<&'static str, usize>,
    /// Sends that arrived, and whose echo never came.
    unresolved_but_delivered: usize,
}

impl Verdict {
    pub(crate) const fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.unsettled == 0
    }

    /// The result on the last line; what else is worth knowing beside it.
    #[expect(clippy::print_stdout, reason = "the result is what the program is for")]
    pub(crate) fn print(&self, size: Size) {
        let Self { lost, doubled, unsettled, ends, unresolved_but_delivered } = self;
        eprintln!("ends: {ends:?}; delivered but unresolved, since no echo came: {unresolved_but_delivered}");
        let Size { seed, kills, sends } = size;
        let result = format!(r#""lost":{lost},"doubled":{doubled},"unsettled":{unsettled}"#);
        println!(r#"{{"seed":{seed},"kills":{kills},"sends":{sends},{result}}}"#);
    }
}

/// Waits until everything has ended that will, and compares.
pub(crate) async fn reach(deployment: &Deployment, traffic: &Arc<Traffic>) -> Verdict {
    let states = Arc::new(Mutex::new(HashMap::new()));
    let end = Instant::now() + PATIENCE;
    loop {
        ask(traffic, &states).await;
        let open = traffic.names().len() - n_ended(&states);
        // What no echo has settled yet may be settled by one that is on its way.
        let pending = deployment.platform.pending_webhooks().await.unwrap_or(usize::MAX);
        eprintln!("{open} sends have not ended, {pending} webhooks are on their way");
        if (open == 0 && pending == 0) || Instant::now() >= end {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    // Once more those that an echo could still have settled while it was looked.
    states.lock().unwrap().retain(|_, state| *state != Some(State::Unresolved));
    ask(traffic, &states).await;
    let seen = states.lock().unwrap().clone();
    let verdict = compare(&deployment.platform, traffic, &seen).await;
    if !verdict.is_clean() {
        eprintln!("the senders said last:\n{}", deployment.last_words());
    }
    verdict
}

/// A send's state; none: it is not known to Nuncio.
type States = HashMap<String, Option<State>>;

fn n_ended(states: &Mutex<States>) -> usize {
    states.lock().unwrap().values().filter(|state| state.is_some_and(is_final)).count()
}

const fn is_final(state: State) -> bool {
    match state {
        State::Blocked | State::Sent | State::Rejected | State::Unresolved | State::Cancelled | State::Expired => true,
        State::Unspecified
        | State::Accepted
        | State::Dispatched
        | State::Unknown
        | State::Retrying
        | State::Deferred => false,
    }
}

/// Asks for the state of every send that has not ended yet.
async fn ask(traffic: &Arc<Traffic>, states: &Arc<Mutex<States>>) {
    let mut asking = JoinSet::new();
    for first in 0..AT_A_TIME {
        let (traffic, states) = (Arc::clone(traffic), Arc::clone(states));
        asking.spawn(async move {
            let mut clients = Clients::default();
            for name in traffic.names().into_iter().skip(first).step_by(AT_A_TIME) {
                let is_known = states.lock().unwrap().get(&name).is_some_and(|known| known.is_some_and(is_final));
                if !is_known {
                    let mut client = clients.at(traffic.address(first));
                    let answer = client.get_message(GetMessageRequest { name: name.clone(), min_revision: 0 }).await;
                    let state = match answer {
                        Ok(message) => Some(message.into_inner().state()),
                        Err(status) if status.code() == Code::NotFound => None,
                        Err(_) => continue,
                    };
                    states.lock().unwrap().insert(name, state);
                }
            }
        });
    }
    asking.join_all().await;
}

async fn compare(platform: &AdminClient, traffic: &Traffic, states: &States) -> Verdict {
    let delivered = delivered(platform).await;
    let mut verdict = Verdict::default();
    for name in traffic.names() {
        let id = name.rsplit('/').next().unwrap();
        let mids = delivered.get(id).map_or(&[][..], Vec::as_slice);
        if mids.len() > 1 {
            eprintln!("doubled: {name}: {mids:?}");
            verdict.doubled += 1;
        }
        let Some(state) = states.get(&name).copied().flatten() else {
            eprintln!("lost: {name} was accepted, and is not there");
            verdict.lost += 1;
            continue;
        };
        *verdict.ends.entry(state.as_str_name()).or_default() += 1;
        match state {
            State::Sent if mids.is_empty() => {
                eprintln!("lost: {name} is called sent, and the platform never got it");
                verdict.lost += 1;
            }
            State::Sent => (),
            State::Unresolved if is_any_echoed(platform, mids).await => {
                eprintln!("unsettled: {name} is unresolved, and its echo came");
                verdict.unsettled += 1;
            }
            State::Unresolved => verdict.unresolved_but_delivered += usize::from(!mids.is_empty()),
            State::Rejected | State::Blocked | State::Cancelled | State::Expired if mids.is_empty() => (),
            State::Unspecified
            | State::Accepted
            | State::Blocked
            | State::Dispatched
            | State::Unknown
            | State::Rejected
            | State::Retrying
            | State::Deferred
            | State::Cancelled
            | State::Expired => {
                eprintln!("unsettled: {name} is {}, and was delivered {} times", state.as_str_name(), mids.len());
                verdict.unsettled += 1;
            }
        }
    }
    verdict
}

/// The ids of the messages that the platform got, by the id of their send.
async fn delivered(platform: &AdminClient) -> HashMap<String, Vec<String>> {
    let mut delivered: HashMap<String, Vec<String>> = HashMap::new();
    let mut after = 0;
    loop {
        let filter = Filter { after: Some(after), limit: Some(ROWS), ..Filter::default() };
        let rows = platform.sends_where(&filter).await.unwrap();
        let Some(last) = rows.last() else { return delivered };
        after = last.seq;
        for row in rows {
            let metadata = row.metadata.unwrap_or_default();
            let (send, _) = messenger::metadata::read(&metadata);
            let id = send.expect("everything that is sent here names its send").uuid().to_string();
            delivered.entry(id).or_default().push(row.mid);
        }
    }
}

/// Whether the echo of any of these messages was taken by our ingress.
async fn is_any_echoed(platform: &AdminClient, mids: &[String]) -> bool {
    for mid in mids {
        let filter = Filter { mid: Some(mid.clone()), kind: Some("echo".to_owned()), ..Filter::default() };
        let rows = platform.webhooks_where(&filter).await.unwrap();
        if rows.iter().any(|row| row.status == WebhookStatus::Delivered) {
            return true;
        }
    }
    false
}
