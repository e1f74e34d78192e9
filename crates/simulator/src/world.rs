//! The state of the simulated platform: apps, Pages, people, and what follows from every act. Nothing here reads a clock
//! or touches the network: time comes in as an argument, and what must happen outside comes out as effects.

pub(crate) mod app;
pub(crate) mod deeds;
pub(crate) mod facts;
pub(crate) mod ids;
pub(crate) mod limits;
pub(crate) mod page;
pub(crate) mod person;
pub(crate) mod post;
pub(crate) mod rules;
pub(crate) mod script;
mod staff;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::faults::Faults;
use crate::recorder::SendRow;
use crate::webhooks::event::Event;
use app::{App, AppIx};
use deeds::Deed;
use ids::{Ids, Psid};
use limits::Limits;
use page::Page;
use person::Person;
use rules::Rules;

/// All apps and Pages.
pub(crate) struct World {
    pub(crate) ids: Ids,
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) apps: Vec<App>,
    pub(crate) pages: BTreeMap<Arc<str>, Page>,
    /// Whose each Page token is.
    pub(crate) tokens: HashMap<String, (Arc<str>, AppIx)>,
    pub(crate) faults: Faults,
    /// When echoes leave.
    pub(crate) echo_timing: EchoTiming,
    pub(crate) echo_delay_ms: i64,
    /// What is to happen outside, in order.
    pub(crate) effects: Vec<Effect>,
    /// Calls that belong to no Page.
    pub(crate) n_strays: u32,
    /// Handshakes made.
    pub(crate) n_challenges: u32,
}

/// When the echo of a send leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// What follows from an act.
pub(crate) enum Effect {
    /// Whoever is subscribed hears of it.
    Tell(Event),
    /// The person does something later.
    Later { at_ms: i64, page: Arc<str>, psid: Psid, deed: Deed },
    /// A message took place.
    Sent(Box<SendRow>),
}

impl World {
    /// An empty world whose ids follow from `seed`.
    pub(crate) fn new(seed: u64, rules: Rules) -> Self {
        Self {
            ids: Ids::new(seed),
            rules,
            limits: Limits::none(),
            apps: Vec::new(),
            pages: BTreeMap::new(),
            tokens: HashMap::new(),
            faults: Faults::default(),
            echo_timing: EchoTiming::default(),
            echo_delay_ms: 5,
            effects: Vec::new(),
            n_strays: 0,
            n_challenges: 0,
        }
    }

    /// Adds a Page if it is new, and a token for an app, which is subscribed to every field if it is new there.
    pub(crate) fn add_page(&mut self, id: &str, token: &str, app: AppIx) {
        let page = self.pages.entry(Arc::from(id)).or_insert_with(|| Page::new(id));
        let id = Arc::clone(&page.id);
        page.subscriptions
            .entry(app)
            .or_insert_with(|| facts::FIELDS.iter().map(|field| (*field).to_owned()).collect());
        // A new token of the same app replaces the old one.
        self.tokens.retain(|_, (of_page, of_app)| (&*of_page, *of_app) != (&id, app));
        self.tokens.insert(token.to_owned(), (id, app));
    }

    /// The Page of that id.
    pub(crate) fn page(&self, id: &str) -> Option<&Page> {
        self.pages.get(id)
    }

    pub(crate) fn page_mut(&mut self, id: &str) -> Option<&mut Page> {
        self.pages.get_mut(id)
    }

    /// The person of that PSID at that Page.
    pub(crate) fn person(&self, page: &str, psid: Psid) -> Option<&Person> {
        self.pages.get(page)?.people.get(&psid)
    }

    pub(crate) fn person_mut(&mut self, page: &str, psid: Psid) -> Option<&mut Person> {
        self.pages.get_mut(page)?.people.get_mut(&psid)
    }

    /// The message of that id, if it is one of this Page's threads.
    pub(crate) fn find_message(&self, page: &str, mid: &str) -> Option<(Psid, u32)> {
        let (psid, n) = self.ids.read_mid(page, mid)?;
        self.person(page, psid)?.entry(n).map(|_| (psid, n))
    }

    /// A number for a record: of the person, else of the Page, else of the rest.
    pub(crate) fn count_record(&mut self, page: Option<&str>, psid: Option<Psid>) -> u32 {
        let Some(page) = page.and_then(|page| self.pages.get_mut(page)) else {
            self.n_strays = self.n_strays.wrapping_add(1);
            return self.n_strays;
        };
        match psid.and_then(|psid| page.people.get_mut(&psid)) {
            Some(person) => person.count_record(),
            None => {
                page.n_records = page.n_records.wrapping_add(1);
                page.n_records
            }
        }
    }

    /// An integer for the next handshake.
    pub(crate) fn next_challenge(&mut self) -> u32 {
        self.n_challenges = self.n_challenges.wrapping_add(1);
        self.ids.challenge(self.n_challenges)
    }

    /// Takes what is to happen outside.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}
