//! The delivery queue: one lane per person and Page. A lane's front leaves, is settled, and only then the next one may:
//! so events of one person stay in order while people do not wait for each other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;

use super::Event;
use crate::config::{self, WebhookTarget};
use crate::recorder::{WebhookRow, WebhookStatus};

const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Everything that has not been settled yet, and a row for everything ever queued.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    settings: config::Delivery,
    wake: Notify,
    pending: watch::Sender<usize>,
}

/// A person at a Page.
type Lane = (String, String);

struct Inner {
    target: Option<WebhookTarget>,
    lanes: HashMap<Lane, VecDeque<Delivery>>,
    /// Each lane that has a front and nothing under way, by when the front may leave.
    due: BTreeMap<(Instant, u64), Lane>,
    n_turns: u64,
    n_seqs: u64,
    n_duplicates: u32,
    rows: BTreeMap<u64, WebhookRow>,
}

/// One body on its way.
pub(crate) struct Delivery {
    seq: u64,
    lane: Lane,
    pub(crate) body: Arc<Vec<u8>>,
    not_before: Instant,
    attempts: u32,
    is_copy: bool,
    settled: Option<oneshot::Sender<()>>,
}

/// What the queue has for the courier.
pub(crate) enum Next {
    /// Deliver this now, to there.
    Deliver(Delivery, WebhookTarget),
    /// Nothing is due before that instant.
    At(Instant),
    /// Nothing is waiting.
    Nothing,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(settings: config::Delivery, target: Option<WebhookTarget>) -> Self {
        let inner = Inner {
            target,
            lanes: HashMap::new(),
            due: BTreeMap::new(),
            n_turns: 0,
            n_seqs: 0,
            n_duplicates: 0,
            rows: BTreeMap::new(),
        };
        Self { inner: Mutex::new(inner), settings, wake: Notify::new(), pending: watch::Sender::new(0) }
    }

    /// Queues an event to leave after `delay` at the earliest. The answer resolves once it is settled, either way.
    /// With nobody subscribed the event is recorded and dropped.
    pub(crate) fn push(&self, event: &Event, now_ms: i64, delay: Duration) -> oneshot::Receiver<()> {
        let (settled, when_settled) = oneshot::channel();
        let mut inner = self.lock();
        inner.n_seqs += 1;
        let seq = inner.n_seqs;
        let is_wanted = inner.target.is_some();
        let row = WebhookRow {
            seq,
            at_ms: now_ms,
            page: event.page.clone(),
            psid: event.psid.clone(),
            kind: event.kind().to_owned(),
            mid: event.mid().map(str::to_owned),
            status: if is_wanted { WebhookStatus::Pending } else { WebhookStatus::NoSubscriber },
            http_status: None,
            attempts: 0,
            is_copy: false,
        };
        inner.rows.insert(seq, row);
        if is_wanted {
            let delivery = Delivery {
                seq,
                lane: (event.page.clone(), event.psid.clone()),
                body: Arc::new(event.to_body(now_ms)),
                not_before: Instant::now() + delay,
                attempts: 0,
                is_copy: false,
                settled: Some(settled),
            };
            inner.join(delivery);
            self.pending.send_modify(|n_pending| *n_pending += 1);
        }
        drop(inner);
        self.wake.notify_one();
        when_settled
    }

    /// The front that is due longest, if one is; it must come back through [`Queue::settle`].
    pub(crate) fn next(&self, now: Instant) -> Next {
        let mut inner = self.lock();
        let Some(target) = inner.target.clone() else {
            return Next::Nothing;
        };
        let Some(entry) = inner.due.first_entry() else {
            return Next::Nothing;
        };
        let (at, _) = *entry.key();
        if at > now {
            return Next::At(at);
        }
        let lane = entry.remove();
        let front = inner.lanes.get_mut(&lane).and_then(VecDeque::pop_front);
        Next::Deliver(front.expect("a lane that is due has a front"), target)
    }

    /// Takes a delivery back with the status the receiver answered, none if no answer came.
    pub(crate) fn settle(&self, mut delivery: Delivery, http_status: Option<u16>) {
        let mut inner = self.lock();
        delivery.attempts += 1;
        let is_delivered = http_status == Some(200);
        let is_final = is_delivered || delivery.attempts >= self.settings.attempts;
        let status = match (is_delivered, is_final) {
            (true, _) => WebhookStatus::Delivered,
            (false, true) => WebhookStatus::Failed,
            (false, false) => WebhookStatus::Pending,
        };
        inner.note(&delivery, status, http_status);
        let lane = delivery.lane.clone();
        if !is_final {
            delivery.not_before = Instant::now() + self.backoff(delivery.attempts);
            inner.put_back(delivery);
        } else if is_delivered && !delivery.is_copy && inner.n_duplicates > 0 {
            inner.n_duplicates -= 1;
            let copy = inner.copy(delivery);
            inner.put_back(copy);
        } else {
            if let Some(settled) = delivery.settled.take() {
                // Most callers do not wait for their echo.
                settled.send(()).unwrap_or(());
            }
            self.pending.send_modify(|n_pending| *n_pending -= 1);
        }
        inner.open(lane);
        drop(inner);
        self.wake.notify_one();
    }

    /// Resolves when something may have become due.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Follows the number of deliveries that are not settled.
    pub(crate) fn pending(&self) -> watch::Receiver<usize> {
        self.pending.subscribe()
    }

    /// Sends everything from now on to that target, what is waiting included.
    pub(crate) fn subscribe(&self, target: WebhookTarget) {
        self.lock().target = Some(target);
        self.wake.notify_one();
    }

    /// Lets each of the next `times` deliveries go out twice.
    pub(crate) fn duplicate(&self, times: u32) {
        self.lock().n_duplicates = times;
    }

    /// Every webhook since the last clearing, in order.
    pub(crate) fn rows(&self) -> Vec<WebhookRow> {
        self.lock().rows.values().cloned().collect()
    }

    /// Forgets the rows; what is waiting still goes out.
    pub(crate) fn clear_rows(&self) {
        self.lock().rows.clear();
    }

    fn backoff(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        self.settings.backoff.saturating_mul(1 << doublings).min(LONGEST_BACKOFF)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while holding the queue")
    }
}

impl Inner {
    fn join(&mut self, delivery: Delivery) {
        let lane = delivery.lane.clone();
        match self.lanes.get_mut(&lane) {
            // Its turn comes when the one before is settled.
            Some(waiting) => waiting.push_back(delivery),
            None => {
                self.lanes.insert(lane.clone(), VecDeque::from([delivery]));
                self.open(lane);
            }
        }
    }

    fn put_back(&mut self, delivery: Delivery) {
        self.lanes.entry(delivery.lane.clone()).or_default().push_front(delivery);
    }

    /// Makes the lane's front due, or closes an empty lane. Nothing of the lane may be under way.
    fn open(&mut self, lane: Lane) {
        match self.lanes.get(&lane).and_then(VecDeque::front) {
            Some(front) => {
                self.n_turns += 1;
                self.due.insert((front.not_before, self.n_turns), lane);
            }
            None => {
                self.lanes.remove(&lane);
            }
        }
    }

    fn note(&mut self, delivery: &Delivery, status: WebhookStatus, http_status: Option<u16>) {
        // The row is gone if the recorder was cleared in between.
        if let Some(row) = self.rows.get_mut(&delivery.seq) {
            row.status = status;
            row.http_status = http_status;
            row.attempts = delivery.attempts;
        }
    }

    fn copy(&mut self, delivery: Delivery) -> Delivery {
        self.n_seqs += 1;
        let seq = self.n_seqs;
        if let Some(row) = self.rows.get(&delivery.seq) {
            let status = WebhookStatus::Pending;
            let row = WebhookRow { seq, status, http_status: None, attempts: 0, is_copy: true, ..row.clone() };
            self.rows.insert(seq, row);
        }
        Delivery { seq, not_before: Instant::now(), attempts: 0, is_copy: true, ..delivery }
    }
}
