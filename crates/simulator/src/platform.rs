//! The running platform: the world, what is to come, what waits and what was recorded, behind one lock, so that every call
//! is judged, takes place, is recorded and queues its webhooks as one step.

mod going;

use std::sync::{Arc, Mutex, MutexGuard};

use secrecy::SecretString;
use tokio::sync::{Notify, oneshot, watch};

use crate::agenda::Agenda;
use crate::clock::Clock;
use crate::config::{ClockStart, Config, WebhookTarget, millis};
use crate::faults::{FaultKind, Target, What};
use crate::graph::call::Call;
use crate::graph::{self, Manner, Note, Reply};
use crate::recorder::{CallRow, EventJson, Recorder, WebhookRow, WebhookStatus};
use crate::traffic::{Exchange, Traffic};
use crate::webhooks::event::{Event, Place};
use crate::webhooks::outbox::{Line, Outbox, Parcel, Shipment};
use crate::world::app::AppIx;
use crate::world::deeds::{Deed, Happened, Scene, Sentence};
use crate::world::ids::Psid;
use crate::world::rules::Rules;
use crate::world::{Effect, World};

pub(crate) use going::Next;

/// The whole platform but for its network.
pub(crate) struct Platform {
    state: Mutex<State>,
    /// Something may have become due.
    wake: Notify,
    /// Counts whatever may have made the platform quiet.
    ticks: watch::Sender<u64>,
    /// Counts whatever somebody who watches may see.
    changes: watch::Sender<u64>,
    /// One at a time moves the clock.
    moving: tokio::sync::Mutex<()>,
}

pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) recorder: Recorder,
    pub(crate) traffic: Traffic,
    pub(crate) clock: Clock,
    agenda: Agenda<Coming>,
    outbox: Outbox,
    /// Deliveries that the courier has.
    n_under_way: usize,
}

/// What stands in the agenda.
pub(crate) enum Coming {
    /// A line's front may leave.
    Line(Line),
    /// A body goes out again, or on its own.
    Shipment(Box<Shipment>),
    /// A person does something.
    Deed { page: Arc<str>, psid: Psid, deed: Box<Deed> },
}

/// What the caller gets.
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// Told when the echo is settled, if the response waits for that.
    pub(crate) echo: Option<oneshot::Receiver<()>>,
}

impl Platform {
    /// A platform with the apps and Pages of the configuration and nobody on them.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let clock = match config.clock {
            ClockStart::Running => Clock::Running { offset_ms: 0 },
            ClockStart::StoppedAt(at_ms) => Clock::Stopped { at_ms },
        };
        let state = State {
            world: world(config, Rules::compiled_in()?)?,
            recorder: Recorder::default(),
            traffic: Traffic::default(),
            clock,
            agenda: Agenda::default(),
            outbox: Outbox::new(config.delivery.clone()),
            n_under_way: 0,
        };
        Ok(Self {
            state: Mutex::new(state),
            wake: Notify::new(),
            ticks: watch::Sender::new(0),
            changes: watch::Sender::new(0),
            moving: tokio::sync::Mutex::new(()),
        })
    }

    /// The state, for a moment.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the state")
    }

    /// Judges a call of the Graph API, lets it take place, and says what the caller gets.
    pub(crate) fn call(&self, call: &Call) -> Answer {
        let mut state = self.state();
        // Read under the lock, so that the recorder's times never go back.
        let now_ms = state.clock.now_ms();
        let mut reply = graph::handle(&mut state.world, call, now_ms);
        let mut exchange = Exchange::call(call, &reply, now_ms);
        for note in std::mem::take(&mut reply.notes) {
            state.record(note, &mut exchange, now_ms);
        }
        state.traffic.note(exchange);
        let echo = state.absorb(now_ms).filter(|_| reply.manner == Manner::AfterEcho);
        drop(state);
        self.wake.notify_one();
        self.change_seen();
        Answer { reply, echo }
    }

    /// Lets a person do something now, or with an event time of its own.
    pub(crate) fn act(
        &self,
        page: &str,
        psid: &str,
        deed: Deed,
        at_ms: impl FnOnce(i64) -> i64,
    ) -> Result<Happened, Sentence> {
        let mut state = self.state();
        let now_ms = state.clock.now_ms();
        let happened = state.world.act(page, psid, deed, at_ms(now_ms), now_ms);
        drop(state.absorb(now_ms));
        drop(state);
        self.wake.notify_one();
        self.change_seen();
        happened
    }

    /// Changes the world from outside, and lets happen what follows.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World, i64) -> T) -> T {
        let mut state = self.state();
        let now_ms = state.clock.now_ms();
        let changed = change(&mut state.world, now_ms);
        drop(state.absorb(now_ms));
        drop(state);
        self.wake.notify_one();
        self.change_seen();
        changed
    }

    /// Sends everything of that app from now on to that target, what is waiting included.
    pub(crate) fn subscribe(&self, app: AppIx, target: WebhookTarget) {
        self.change(|world, _| world.app_mut(app).callback = Some(target));
    }
}

impl State {
    /// Lets happen what the world asks for; answers the wait for the first echo of it.
    fn absorb(&mut self, now_ms: i64) -> Option<oneshot::Receiver<()>> {
        let mut first_echo = None;
        for effect in self.world.take_effects() {
            match effect {
                Effect::Tell(event) => {
                    let told = self.tell(event, now_ms);
                    first_echo = first_echo.or(told);
                }
                Effect::Later { at_ms, page, psid, deed } => {
                    self.agenda.put(at_ms, Coming::Deed { page, psid, deed: Box::new(deed) });
                }
                Effect::Sent(row) => self.recorder.send(*row),
            }
        }
        first_echo
    }

    /// A person does what was planned.
    fn perform(&mut self, page: Arc<str>, psid: Psid, deed: Deed, now_ms: i64) {
        let scene = Scene { page, psid, at_ms: now_ms, now_ms };
        // What can't be done any more, since the person blocked the Page meanwhile, is not done.
        drop(self.world.perform(scene, deed));
        drop(self.absorb(now_ms));
    }

    fn record(&mut self, note: Note, exchange: &mut Exchange, now_ms: i64) {
        let psid = note.psid.and_then(|psid| Some(self.world.page(note.page.as_deref()?)?.psid_text(psid)));
        let row = CallRow {
            seq: 0,
            n: note.n,
            at_ms: now_ms,
            method: note.method.to_owned(),
            endpoint: note.endpoint,
            app: note.app.map(|app| self.world.app(app).id.clone()),
            page: note.page.map(|page| page.to_string()),
            psid: psid.filter(|psid| !psid.is_empty()).or(note.unknown_psid),
            http_status: note.http_status,
            code: note.code,
            subcode: note.subcode,
            mid: note.mid,
            action: note.action,
            fault: note.fault,
        };
        (exchange.page, exchange.psid, exchange.app) = (row.page.clone(), row.psid.clone(), row.app.clone());
        self.recorder.call(row);
    }

    /// Queues an event for every app that hears of it; with none it is recorded and dropped. Answers the wait for an
    /// echo.
    fn tell(&mut self, event: Event, now_ms: i64) -> Option<oneshot::Receiver<()>> {
        let listeners = self.world.listeners(&event, now_ms);
        let psid = self.world.page(&event.page).zip(event.psid).map(|(page, psid)| page.psid_text(psid));
        let psid = psid.unwrap_or_default();
        let mut row = WebhookRow {
            seq: 0,
            n: 0,
            at_ms: event.at_ms,
            page: event.page.to_string(),
            psid: psid.clone(),
            app: None,
            field: event.field.to_owned(),
            kind: event.kind.to_owned(),
            standby: false,
            mid: event.mid.clone(),
            status: WebhookStatus::NoSubscriber,
            http_status: None,
            attempts: 0,
            settled_ms: None,
            is_copy: false,
            fault: None,
            event: None,
        };
        if listeners.is_empty() {
            row.event = EventJson::new(&event.bytes);
            row.n = self.world.count_record(Some(&event.page), event.psid);
            let mut exchange = Exchange::webhook(event.kind.to_owned(), &event.bytes, now_ms);
            exchange.about(&row);
            self.traffic.note(exchange);
            self.recorder.webhook(row);
            return None;
        }
        row.status = WebhookStatus::Pending;
        let mut first = None;
        for (app, place) in listeners {
            let n = self.world.count_record(Some(&event.page), event.psid);
            let named = event.psid.map(|key| (key, psid.as_str()));
            let target = Target { page: &event.page, psid: named, n, what: What::Webhook(event.kind) };
            let hit = self.world.faults.take(self.world.ids, &target);
            let fault = hit.map(|hit| hit.kind);
            let standby = place == Place::Standby;
            let id = self.world.app(app).id.clone();
            let bytes = event.standby_bytes.as_ref().filter(|_| standby).unwrap_or(&event.bytes);
            let sent = EventJson::new(bytes);
            let seq =
                self.recorder.webhook(WebhookRow { n, app: Some(id), standby, fault, event: sent, ..row.clone() });
            let (settled, when_settled) = oneshot::channel();
            first.get_or_insert(when_settled);
            let late = |kind: FaultKind, usual: u32| hit.filter(|hit| hit.kind == kind).map(|hit| hit.delay_ms(usual));
            let delayed = late(FaultKind::WebhookDelayed, 3_600_000);
            let late_ms = delayed.or_else(|| late(FaultKind::WebhookReordered, 100)).unwrap_or(0);
            let parcel = Parcel {
                seq,
                place,
                bytes: Arc::clone(bytes),
                not_before_ms: now_ms.saturating_add(event.delay_ms).saturating_add(late_ms),
                may_merge: fault == Some(FaultKind::WebhookMerged),
                is_wrongly_signed: fault == Some(FaultKind::WebhookWronglySigned),
                comes_twice: fault == Some(FaultKind::WebhookDuplicated),
                settled: Some(settled),
            };
            if event.is_apart || late_ms > 0 {
                self.outbox.send_apart(&mut self.agenda, app, Arc::clone(&event.page), parcel);
            } else {
                let line = (app, Arc::clone(&event.page), event.psid);
                self.outbox.join(&mut self.agenda, line, parcel);
            }
        }
        first.filter(|_| event.kind == "echo")
    }
}

impl World {
    /// Which apps hear of an event, and in which array: an app that does not own the thread stands by.
    pub(crate) fn listeners(&self, event: &Event, now_ms: i64) -> Vec<(AppIx, Place)> {
        let Some(page) = self.page(&event.page) else { return Vec::new() };
        let person = event.psid.and_then(|psid| page.people.get(&psid));
        if person.is_some_and(|person| person.is_banned) {
            return Vec::new();
        }
        let owner = self
            .default_app(&event.page)
            .map(|default| person.and_then(|person| person.control(now_ms)).map_or(default, |control| control.app));
        let is_of_thread =
            ["message", "echo", "delivery", "read", "postback", "reaction", "edit", "unsend", "referral"]
                .contains(&event.kind);
        let mut listeners = Vec::new();
        for (app, fields) in &page.subscriptions {
            let settings = self.app(*app);
            let stands_by = is_of_thread && owner.is_some_and(|owner| owner != *app);
            let (place, field) = if stands_by { (Place::Standby, "standby") } else { (event.place, event.field) };
            let is_heard = event.only.is_none_or(|only| only == *app)
                && settings.callback.is_some()
                && fields.contains(field)
                && settings.fields.as_ref().is_none_or(|fields| fields.contains(field))
                && (settings.is_live || person.is_none_or(|person| person.has_role));
            if is_heard {
                listeners.push((*app, place));
            }
        }
        listeners
    }
}

/// The world of a configuration.
pub(crate) fn world(config: &Config, rules: Rules) -> anyhow::Result<World> {
    let mut world = World::new(config.seed, rules);
    world.limits = config.limits.clone();
    world.echo_delay_ms = millis(config.echo_delay);
    let first = world.add_app(&config.app_id, config.app_secret.clone());
    world.app_mut(first).require_proof = config.require_proof;
    world.app_mut(first).callback = config.webhook.clone();
    for (id, token) in &config.pages {
        world.add_page(id, token, first);
    }
    for app in &config.apps {
        let ix = world.add_app(&app.id, SecretString::clone(&app.secret));
        world.app_mut(ix).callback = app.webhook.clone();
        for (id, token) in &app.pages {
            world.add_page(id, token, ix);
        }
    }
    Ok(world)
}
