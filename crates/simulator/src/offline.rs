//! The platform without a network, for whoever wants its judgement alone: fuzzers, property tests, other tools. Time is an
//! argument, and webhooks are taken away by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::config::Config;
use crate::graph;
use crate::graph::call::{Call, Raw};
use crate::platform;
use crate::webhooks::event::{Piece, Place, body};
use crate::webhooks::sign;
use crate::world::app::AppIx;
use crate::world::deeds::{Deed, Happened};
use crate::world::ids::Psid;
use crate::world::page::PageSettings;
use crate::world::rules::Rules;
use crate::world::{Effect, World};

/// A platform that hears calls as arguments and answers with values. Its clock is whatever the caller says.
pub struct Offline {
    world: World,
    /// What apps have to be told, if anybody wants to know.
    told: Option<BTreeMap<AppIx, Vec<Told>>>,
}

struct Told {
    page: Arc<str>,
    place: Place,
    bytes: Arc<[u8]>,
}

/// A webhook's body as an app gets it.
#[derive(Clone, Debug)]
pub struct SignedBody {
    /// The app's id.
    pub app: String,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// What `X-Hub-Signature-256` says.
    pub signature: String,
}

impl Offline {
    /// A platform with the configuration's apps and Pages. Address, clock and delivery mean nothing here.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self { world: platform::world(config, Rules::compiled_in()?)?, told: None })
    }

    /// The same by other rule packs, given as texts.
    pub fn with_packs(config: &Config, packs: &[&str]) -> anyhow::Result<Self> {
        Ok(Self { world: platform::world(config, Rules::parse(packs)?)?, told: None })
    }

    /// From here on webhooks are kept until they are taken, for the apps that have an address.
    #[must_use]
    pub fn telling(self) -> Self {
        Self { told: Some(BTreeMap::new()), ..self }
    }

    /// A person does something at that moment, in ms since 1970. Answers whether they could.
    pub fn act(&mut self, page: &str, psid: &str, deed: Deed, now_ms: i64) -> bool {
        self.act_at(page, psid, deed, now_ms, now_ms).is_some()
    }

    /// The same with an event time of its own, which may lie in the past. Answers what it left, if they could.
    pub fn act_at(&mut self, page: &str, psid: &str, deed: Deed, at_ms: i64, now_ms: i64) -> Option<Happened> {
        let happened = self.world.act(page, psid, deed, at_ms, now_ms).ok();
        self.absorb(now_ms);
        happened
    }

    /// Changes a Page's settings; a Page that is not there stays so.
    pub fn set_page(&mut self, page: &str, change: impl FnOnce(&mut PageSettings)) {
        if let Some(page) = self.world.page_mut(page) {
            change(&mut page.settings);
        }
    }

    /// Meta's `warning`, `block` or `unblock`. Answers whether there is such a step.
    pub fn enforce(&mut self, page: &str, action: &str, now_ms: i64) -> bool {
        let is_done = self.world.enforce(page, action, None, now_ms).is_ok();
        self.absorb(now_ms);
        is_done
    }

    /// The Page's staff answers in the inbox. Answers whether there is anything to answer.
    pub fn reply_by_hand(&mut self, page: &str, psid: &str, text: &str, now_ms: i64) -> bool {
        let is_done = self.world.reply_by_hand(&Arc::from(page), Psid::of(psid), text.to_owned(), now_ms).is_ok();
        self.absorb(now_ms);
        is_done
    }

    /// One call, like `POST /v25.0/me/messages?access_token=…` with a body of that content type: HTTP status and JSON.
    pub fn call(&mut self, method: &str, target: &str, content_type: &str, body: &[u8], now_ms: i64) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let call = Call::parse(Raw { method, path, query, content_type, authorization: None, body });
        let reply = graph::handle(&mut self.world, &call, now_ms);
        self.absorb(now_ms);
        (reply.status, reply.body)
    }

    /// Takes the webhooks that are due, with at most so many events in a body, each app's in order.
    pub fn take_webhooks(&mut self, most: usize, now_ms: i64) -> Vec<SignedBody> {
        let told = self.told.as_mut().map(std::mem::take).unwrap_or_default();
        let mut bodies = Vec::new();
        for (app, events) in told {
            let app = self.world.app(app);
            for events in events.chunks(most.max(1)) {
                let piece = |told: &'_ Told| (Arc::clone(&told.page), told.place, Arc::clone(&told.bytes));
                let kept: Vec<_> = events.iter().map(piece).collect();
                let pieces: Vec<_> =
                    kept.iter().map(|(page, place, bytes)| Piece { page, place: *place, bytes }).collect();
                let body = body(&pieces, now_ms);
                let signature = sign::sha256(&app.secret, &body);
                bodies.push(SignedBody { app: app.id.clone(), body, signature });
            }
        }
        bodies
    }

    /// What people would do later of their own accord is not done: there is no clock.
    fn absorb(&mut self, now_ms: i64) {
        for effect in self.world.take_effects() {
            let (Some(told), Effect::Tell(event)) = (self.told.as_mut(), effect) else { continue };
            for (app, place) in self.world.listeners(&event, now_ms) {
                let bytes = event.standby_bytes.as_ref().filter(|_| place == Place::Standby).unwrap_or(&event.bytes);
                let (page, bytes) = (Arc::clone(&event.page), Arc::clone(bytes));
                told.entry(app).or_default().push(Told { page, place, bytes });
            }
        }
    }
}
