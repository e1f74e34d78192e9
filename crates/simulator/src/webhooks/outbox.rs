//! The lines in which webhooks wait: one for each app, Page and person. The front leaves, is settled, and only then the
//! next one may: so events of one person stay in order while people do not wait for each other. Pure: time comes in, and
//! what is due stands in the agenda.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::event::{Piece, Place, body};
use crate::agenda::Agenda;
use crate::config;
use crate::platform::Coming;
use crate::world::app::AppIx;
use crate::world::ids::Psid;

/// A person (or the rest of a Page), as one app hears of them.
pub(crate) type Line = (AppIx, Arc<str>, Option<Psid>);

/// One event on its way to one app.
pub(crate) struct Parcel {
    /// Its number in the recorder.
    pub(crate) seq: u64,
    pub(crate) place: Place,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) not_before_ms: i64,
    /// Whether it may leave in one body with others.
    pub(crate) may_merge: bool,
    /// Whether the first attempt is signed with another secret.
    pub(crate) is_wrongly_signed: bool,
    /// Whether it comes twice.
    pub(crate) comes_twice: bool,
    /// Told when it is settled.
    pub(crate) settled: Option<oneshot::Sender<()>>,
}

/// One body on its way, with the lines that wait for it.
pub(crate) struct Shipment {
    pub(crate) app: AppIx,
    /// The lines of its parcels; none for parcels that keep no place.
    pub(crate) lines: Vec<Line>,
    pub(crate) parcels: Vec<(Arc<str>, Parcel)>,
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) attempts: u32,
    /// Whether it repeats on command one that was delivered.
    pub(crate) is_copy: bool,
}

/// What waits.
pub(crate) struct Outbox {
    settings: config::Delivery,
    lines: HashMap<Line, VecDeque<Parcel>>,
    /// Parcels that are not settled.
    n_pending: usize,
    /// Since when nothing has got through to an app about a Page.
    failing_since: HashMap<(AppIx, Arc<str>), Failing>,
}

#[derive(Clone, Copy)]
struct Failing {
    since_ms: i64,
    is_told: bool,
}

/// What a failure led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Answered 200.
    Delivered,
    /// To be tried again.
    Again,
    /// The same, and it has gone on so long that Meta would write to the developers.
    AgainWithAlert,
    /// Given up.
    GivenUp,
    /// It has gone on so long that the app is unsubscribed from the Page.
    Unsubscribed,
}

impl Outbox {
    pub(crate) fn new(settings: config::Delivery) -> Self {
        Self { settings, lines: HashMap::new(), n_pending: 0, failing_since: HashMap::new() }
    }

    /// How many events are not settled.
    pub(crate) fn n_pending(&self) -> usize {
        self.n_pending
    }

    /// Puts an event at the end of its line.
    pub(crate) fn join(&mut self, agenda: &mut Agenda<Coming>, line: Line, parcel: Parcel) {
        self.n_pending += 1;
        match self.lines.get_mut(&line) {
            // Its turn comes when the one before is settled.
            Some(waiting) => waiting.push_back(parcel),
            None => {
                agenda.put(parcel.not_before_ms, Coming::Line(line.clone()));
                self.lines.insert(line, VecDeque::from([parcel]));
            }
        }
    }

    /// Lets an event go on its own: nobody waits for it.
    pub(crate) fn send_apart(&mut self, agenda: &mut Agenda<Coming>, app: AppIx, page: Arc<str>, parcel: Parcel) {
        self.n_pending += 1;
        let at_ms = parcel.not_before_ms;
        let shipment = Shipment {
            app,
            lines: Vec::new(),
            parcels: vec![(page, parcel)],
            body: Arc::default(),
            attempts: 0,
            is_copy: false,
        };
        agenda.put(at_ms, Coming::Shipment(Box::new(shipment)));
    }

    /// The fronts of a line that is due, with what else is due for the same app where bodies may hold several.
    pub(crate) fn load(&mut self, agenda: &mut Agenda<Coming>, line: Line, now_ms: i64) -> Option<Shipment> {
        let app = line.0;
        let takes_all = self.lines.get(&line).and_then(VecDeque::front).is_some_and(|parcel| parcel.may_merge);
        let most = self.settings.batch.max(if takes_all { 1000 } else { 1 });
        let of_app = |coming: &Coming| matches!(coming, Coming::Line(line) if line.0 == app);
        let is_due = |parcel: &mut Parcel| parcel.not_before_ms <= now_ms;
        let (mut parcels, mut lines, mut next) = (Vec::new(), Vec::new(), Some(line));
        while let Some(line) = next {
            while parcels.len() < most {
                let Some(parcel) = self.lines.get_mut(&line).and_then(|waiting| waiting.pop_front_if(is_due)) else {
                    break;
                };
                parcels.push((Arc::clone(&line.1), parcel));
            }
            lines.push(line);
            let others = if parcels.len() < most { agenda.take_due_where(now_ms, 1, of_app) } else { Vec::new() };
            next = others.into_iter().find_map(|coming| match coming {
                Coming::Line(line) => Some(line),
                Coming::Shipment(_) | Coming::Deed { .. } => None,
            });
        }
        if parcels.is_empty() {
            // What waited was dropped. Nothing of these lines is under way, so they end here.
            for line in &lines {
                if self.lines.get(line).is_some_and(VecDeque::is_empty) {
                    self.lines.remove(line);
                }
            }
        }
        (!parcels.is_empty()).then(|| Shipment {
            app,
            lines,
            parcels,
            body: Arc::default(),
            attempts: 0,
            is_copy: false,
        })
    }

    /// Takes a shipment back with what came of it: 200 is success.
    pub(crate) fn settle(&mut self, shipment: &mut Shipment, is_delivered: bool, now_ms: i64) -> Outcome {
        shipment.attempts += 1;
        let pages: Vec<_> = shipment.parcels.iter().map(|(page, _)| (shipment.app, Arc::clone(page))).collect();
        if is_delivered {
            for key in &pages {
                self.failing_since.remove(key);
            }
            return Outcome::Delivered;
        }
        let mut outcome = Outcome::Again;
        for key in pages {
            let failing = self.failing_since.entry(key).or_insert(Failing { since_ms: now_ms, is_told: false });
            let failed_ms = now_ms - failing.since_ms;
            if failed_ms >= self.settings.unsubscribe_after_ms() {
                outcome = Outcome::Unsubscribed;
            } else if failed_ms >= self.settings.alert_after_ms() && !failing.is_told {
                failing.is_told = true;
                outcome = Outcome::AgainWithAlert;
            }
        }
        if outcome != Outcome::Unsubscribed && shipment.attempts >= self.settings.attempts {
            outcome = Outcome::GivenUp;
        }
        if outcome == Outcome::Unsubscribed {
            let pages: Vec<_> = shipment.parcels.iter().map(|(page, _)| page).collect();
            self.failing_since.retain(|(app, page), _| *app != shipment.app || !pages.contains(&page));
        }
        outcome
    }

    /// When a shipment that failed now is tried again.
    pub(crate) fn again_at(&self, shipment: &Shipment, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.settings.pause_ms(shipment.attempts))
    }

    /// Counts a shipment's events as settled, tells who waits, and lets the next ones go.
    pub(crate) fn close(&mut self, agenda: &mut Agenda<Coming>, shipment: Shipment) {
        self.n_pending = self.n_pending.saturating_sub(shipment.parcels.len());
        for settled in shipment.parcels.into_iter().filter_map(|(_, parcel)| parcel.settled) {
            // Most callers do not wait for their echo.
            settled.send(()).unwrap_or(());
        }
        for line in shipment.lines {
            match self.lines.get(&line).and_then(VecDeque::front) {
                Some(front) => agenda.put(front.not_before_ms, Coming::Line(line)),
                None => {
                    self.lines.remove(&line);
                }
            }
        }
    }

    /// Drops everything that waits for an app about a Page, but for what is under way; answers the numbers.
    pub(crate) fn drop_lines(&mut self, app: AppIx, page: &str) -> Vec<u64> {
        let mut dropped = Vec::new();
        for (_, waiting) in self.lines.iter_mut().filter(|((of, at, _), _)| *of == app && &**at == page) {
            dropped.extend(waiting.drain(..).map(|parcel| parcel.seq));
        }
        self.n_pending = self.n_pending.saturating_sub(dropped.len());
        dropped
    }
}

impl Shipment {
    /// Writes the body if this is the first attempt: a repetition has the same bytes.
    pub(crate) fn write_body(&mut self, now_ms: i64) {
        if self.body.is_empty() {
            let piece =
                |(page, parcel): &'_ (Arc<str>, Parcel)| (Arc::clone(page), parcel.place, Arc::clone(&parcel.bytes));
            let kept: Vec<_> = self.parcels.iter().map(piece).collect();
            let pieces: Vec<_> = kept.iter().map(|(page, place, bytes)| Piece { page, place: *place, bytes }).collect();
            self.body = Arc::new(body(&pieces, now_ms));
        }
    }

    /// Whether this attempt is signed with another secret.
    pub(crate) fn is_wrongly_signed(&self) -> bool {
        self.attempts == 0 && self.parcels.iter().any(|(_, parcel)| parcel.is_wrongly_signed)
    }
}
