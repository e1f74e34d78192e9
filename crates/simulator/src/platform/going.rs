//! How time goes on: what is due is worked off in order, and whoever moves the clock waits until it is.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{Coming, Platform, State};
use crate::clock::Clock;
use crate::config::WebhookTarget;
use crate::recorder::{AlertRow, WebhookRow, WebhookStatus};
use crate::traffic::Exchange;
use crate::webhooks::outbox::{Outcome, Shipment};
use crate::world::app::AppIx;
use crate::world::ids::Psid;

/// What is to be done now.
pub(crate) enum Next {
    /// Deliver this, to there, signed with that.
    Deliver(Box<Shipment>, WebhookTarget, SecretString),
    /// Nothing before so much time has passed.
    After(Duration),
    /// Nothing, unless somebody does something or moves the clock.
    Nothing,
}

impl Platform {
    /// Lets people do what is due, and answers the next delivery; it must come back through [`Platform::settle`].
    pub(crate) fn next(&self) -> Next {
        let mut guard = self.state();
        let state = &mut *guard;
        let next = loop {
            let now_ms = state.clock.now_ms();
            let Some(coming) = state.agenda.take_due(now_ms) else {
                break match (state.clock, state.agenda.next_at()) {
                    (Clock::Running { .. }, Some(at_ms)) => {
                        Next::After(Duration::from_millis(u64::try_from(at_ms - now_ms).unwrap_or(0)))
                    }
                    (Clock::Running { .. } | Clock::Stopped { .. }, _) => Next::Nothing,
                };
            };
            let shipment = match coming {
                Coming::Deed { page, psid, deed } => {
                    state.perform(page, psid, *deed, now_ms);
                    self.change_seen();
                    None
                }
                Coming::Line(line) => state.outbox.load(&mut state.agenda, line, now_ms).map(Box::new),
                Coming::Shipment(shipment) => Some(shipment),
            };
            let Some(mut shipment) = shipment else { continue };
            let app = state.world.app(shipment.app);
            let secret = app.secret.clone();
            let hears = |(page, _): &(Arc<str>, _)| {
                state.world.page(page).is_some_and(|page| page.subscriptions.contains_key(&shipment.app))
            };
            match app.callback.clone().filter(|_| shipment.parcels.iter().all(hears)) {
                Some(target) => {
                    shipment.write_body(now_ms);
                    state.n_under_way += 1;
                    break Next::Deliver(shipment, target, secret);
                }
                None => state.give_up(*shipment, now_ms),
            }
        };
        drop(guard);
        self.tick();
        next
    }

    /// Takes a delivery back with the status the receiver answered, none if no answer came.
    pub(crate) fn settle(&self, mut shipment: Box<Shipment>, http_status: Option<u16>) {
        let mut guard = self.state();
        let state = &mut *guard;
        let now_ms = state.clock.now_ms();
        state.n_under_way -= 1;
        let outcome = state.outbox.settle(&mut shipment, http_status == Some(200), now_ms);
        let status = match outcome {
            Outcome::Delivered => WebhookStatus::Delivered,
            Outcome::Again | Outcome::AgainWithAlert => WebhookStatus::Pending,
            Outcome::GivenUp | Outcome::Unsubscribed => WebhookStatus::Failed,
        };
        let mut exchange = Exchange::webhook(String::new(), &shipment.body, now_ms);
        exchange.http_status = http_status;
        exchange.attempt = Some(shipment.attempts);
        for (_, parcel) in &shipment.parcels {
            if let Some(row) = state.recorder.webhook_mut(parcel.seq) {
                row.status = status;
                row.http_status = http_status;
                row.attempts = shipment.attempts;
                row.settled_ms = (status != WebhookStatus::Pending).then_some(now_ms);
                exchange.about(row);
            }
        }
        state.traffic.note(exchange);
        match outcome {
            Outcome::Delivered => state.deliver_twice_or_close(*shipment, now_ms),
            Outcome::Again => state.try_again(shipment, now_ms),
            Outcome::AgainWithAlert => {
                state.alert(&shipment, "webhooks_failing", now_ms);
                state.try_again(shipment, now_ms);
            }
            Outcome::GivenUp => state.outbox.close(&mut state.agenda, *shipment),
            Outcome::Unsubscribed => {
                state.alert(&shipment, "webhooks_disabled", now_ms);
                state.unsubscribe(*shipment, now_ms);
            }
        }
        drop(guard);
        self.wake.notify_one();
        self.tick();
        self.change_seen();
    }

    /// How often anything has changed that somebody who watches may see.
    pub(crate) fn n_changes(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Waits until that number is another than `seen`; at once if the caller has seen nothing.
    pub(crate) async fn until_changed(&self, seen: Option<u64>) {
        let mut changes = self.changes.subscribe();
        // It fails only if the sender is gone, and the platform holds it.
        drop(changes.wait_for(|n| Some(*n) != seen).await);
    }

    pub(super) fn change_seen(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Forgets what was recorded.
    pub(crate) fn clear_recording(&self) {
        let mut state = self.state();
        state.recorder.clear();
        state.traffic.clear();
        drop(state);
        self.change_seen();
    }

    /// Resolves when something may have become due.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// How many webhooks are not settled.
    pub(crate) fn n_pending(&self) -> usize {
        self.state().outbox.n_pending()
    }

    /// Waits until every webhook is settled.
    pub(crate) async fn idle(&self) {
        self.until(|state| state.outbox.n_pending() == 0).await;
    }

    /// Waits until everything due is done: with a clock that stands still, all that follows from what was done so far.
    pub(crate) async fn quiet(&self) {
        self.until(State::is_quiet).await;
    }

    /// The same, but at once if the clock runs.
    pub(crate) async fn quiet_if_stopped(&self) {
        if self.state().clock.is_stopped() {
            self.quiet().await;
        }
    }

    /// Waits until a thread has more than so many messages.
    pub(crate) async fn until_thread(&self, page: &str, psid: Psid, n_messages: usize) {
        let has_more =
            |state: &State| state.world.person(page, psid).is_none_or(|person| person.thread.len() > n_messages);
        self.until(has_more).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut ticks = self.ticks.subscribe();
        self.wake.notify_one();
        while !holds(&self.state()) {
            if ticks.changed().await.is_err() {
                return;
            }
        }
    }

    /// Moves the clock forward, and works off what comes on the way, each thing at its own instant.
    pub(crate) async fn advance(&self, by_ms: i64) {
        let turn = self.moving.lock().await;
        let (target_ms, then) = {
            let mut state = self.state();
            let clock = state.clock;
            let target_ms = clock.now_ms().saturating_add(by_ms);
            state.clock = clock.stopped();
            let then = match clock {
                Clock::Running { offset_ms } => Clock::Running { offset_ms: offset_ms.saturating_add(by_ms) },
                Clock::Stopped { .. } => Clock::Stopped { at_ms: target_ms },
            };
            (target_ms, then)
        };
        loop {
            self.quiet().await;
            let mut state = self.state();
            let now_ms = state.clock.now_ms();
            match state.agenda.next_at().filter(|at_ms| *at_ms <= target_ms) {
                Some(at_ms) => state.clock = Clock::Stopped { at_ms: at_ms.max(now_ms) },
                None if now_ms < target_ms => state.clock = Clock::Stopped { at_ms: target_ms },
                None => break state.clock = then,
            }
        }
        self.wake.notify_one();
        self.change_seen();
        drop(turn);
    }

    /// Stops the clock, lets it run, or sets it. Setting it back leaves what is to come at its instants.
    pub(crate) async fn set_clock(&self, change: impl FnOnce(Clock) -> Clock) {
        let turn = self.moving.lock().await;
        let mut state = self.state();
        state.clock = change(state.clock);
        drop(state);
        self.wake.notify_one();
        self.change_seen();
        drop(turn);
    }

    fn tick(&self) {
        self.ticks.send_modify(|n_ticks| *n_ticks = n_ticks.wrapping_add(1));
    }
}

impl State {
    fn is_quiet(&self) -> bool {
        let now_ms = self.clock.now_ms();
        self.n_under_way == 0 && self.agenda.next_at().is_none_or(|at_ms| at_ms > now_ms)
    }

    /// How much is to come.
    pub(crate) fn n_coming(&self) -> usize {
        self.agenda.len()
    }

    fn try_again(&mut self, shipment: Box<Shipment>, now_ms: i64) {
        let at_ms = self.outbox.again_at(&shipment, now_ms);
        self.agenda.put(at_ms, Coming::Shipment(shipment));
    }

    /// A copy on command is the same bytes once more, before the next event of the line.
    fn deliver_twice_or_close(&mut self, mut shipment: Shipment, now_ms: i64) {
        if shipment.is_copy || !shipment.parcels.iter().any(|(_, parcel)| parcel.comes_twice) {
            return self.outbox.close(&mut self.agenda, shipment);
        }
        for (page, parcel) in &mut shipment.parcels {
            let Some(row) = self.recorder.webhook_mut(parcel.seq).cloned() else { continue };
            let psid = (!row.psid.is_empty()).then(|| crate::world::ids::Psid::of(&row.psid));
            let n = self.world.count_record(Some(page), psid);
            let status = WebhookStatus::Pending;
            let copy = WebhookRow { n, status, http_status: None, attempts: 0, settled_ms: None, is_copy: true, ..row };
            parcel.seq = self.recorder.webhook(copy);
        }
        shipment.is_copy = true;
        shipment.attempts = 0;
        self.agenda.put(now_ms, Coming::Shipment(Box::new(shipment)));
    }

    fn give_up(&mut self, shipment: Shipment, now_ms: i64) {
        self.fail(shipment.parcels.iter().map(|(_, parcel)| parcel.seq).collect(), now_ms);
        self.outbox.close(&mut self.agenda, shipment);
    }

    fn fail(&mut self, seqs: Vec<u64>, now_ms: i64) {
        for seq in seqs {
            if let Some(row) = self.recorder.webhook_mut(seq) {
                row.status = WebhookStatus::Failed;
                row.settled_ms = Some(now_ms);
            }
        }
    }

    /// The app hears no more of the Page until it subscribes again, and what waited is lost.
    fn unsubscribe(&mut self, shipment: Shipment, now_ms: i64) {
        for page in pages_of(&shipment) {
            if let Some(page) = self.world.page_mut(&page) {
                page.subscriptions.remove(&shipment.app);
            }
            let dropped = self.outbox.drop_lines(shipment.app, &page);
            self.fail(dropped, now_ms);
        }
        self.give_up(shipment, now_ms);
    }

    fn alert(&mut self, shipment: &Shipment, alert: &str, now_ms: i64) {
        let app: AppIx = shipment.app;
        for page in pages_of(shipment) {
            let app = self.world.app(app).id.clone();
            tracing::warn!(page.id = %page, app.id = app, "{alert}: the callback has not answered 200 for long");
            self.recorder.alert(AlertRow { at_ms: now_ms, page: page.to_string(), app, alert: alert.to_owned() });
        }
    }
}

fn pages_of(shipment: &Shipment) -> Vec<Arc<str>> {
    let mut pages: Vec<_> = shipment.parcels.iter().map(|(page, _)| Arc::clone(page)).collect();
    pages.sort();
    pages.dedup();
    pages
}
