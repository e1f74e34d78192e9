//! The state of the simulated platform: Pages, people, when each person acted last, and the messages of each thread.
//! Nothing here reads a clock or touches the network: time comes in as an argument.

pub(crate) mod access;
mod content;
mod ids;
pub(crate) mod judge;
pub(crate) mod limits;
pub(crate) mod refusal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;

pub(crate) use access::{App, Credentials};
pub(crate) use content::Content;
use ids::Ids;
pub(crate) use limits::Limits;
pub(crate) use refusal::Refusal;

/// All Pages of the one app.
pub(crate) struct World {
    pages: BTreeMap<String, Page>,
    pub(crate) ids: Ids,
    pub(crate) limits: Limits,
}

/// One Page and the people who have a thread with it.
pub(crate) struct Page {
    pub(crate) token: SecretString,
    pub(crate) people: BTreeMap<String, Person>,
}

/// One person, as one Page knows them.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    /// Whether the person reads whatever arrives at once.
    pub(crate) reads: bool,
    /// When the person last did something that opens the standard window, by the event's time.
    pub(crate) last_opening_ms: Option<i64>,
    /// When the person last wrote, by the event's time: the human-agent window counts from here.
    pub(crate) last_message_ms: Option<i64>,
    /// Every message of the thread, from either side.
    pub(crate) mids: BTreeSet<String>,
}

/// What a person does towards a Page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Writes: opens both windows.
    Write,
    /// Taps a button: opens the standard window.
    Tap,
    /// Opens an m.me link into an existing thread: opens the standard window and leaves no message.
    OpenLink,
}

impl World {
    /// An empty world whose ids follow from `seed`.
    pub(crate) fn new(seed: u64, limits: Limits) -> Self {
        Self { pages: BTreeMap::new(), ids: Ids::new(seed), limits }
    }

    /// Adds a Page, or changes the token of one that is known.
    pub(crate) fn add_page(&mut self, id: String, token: SecretString) {
        match self.pages.get_mut(&id) {
            Some(page) => page.token = token,
            None => {
                self.pages.insert(id, Page { token, people: BTreeMap::new() });
            }
        }
    }

    /// The Page of that id.
    pub(crate) fn page(&self, id: &str) -> Option<&Page> {
        self.pages.get(id)
    }

    /// Every Page with its id.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (&str, &Page)> {
        self.pages.iter().map(|(id, page)| (id.as_str(), page))
    }

    /// The person of that PSID at that Page, made if new. Nothing if there is no such Page.
    pub(crate) fn person_mut(&mut self, page: &str, psid: &str) -> Option<&mut Person> {
        Some(self.pages.get_mut(page)?.people.entry(psid.to_owned()).or_default())
    }

    /// Notes that the person acted at that time; answers the mid if the action leaves one. The Page must be known.
    pub(crate) fn act(&mut self, page: &str, psid: &str, action: Action, at_ms: i64) -> Option<String> {
        let mid = match action {
            Action::Write | Action::Tap => Some(self.ids.mid()),
            Action::OpenLink => None,
        };
        let person = self.person_mut(page, psid)?;
        // A fact that arrives late never moves a window back.
        person.last_opening_ms = person.last_opening_ms.max(Some(at_ms));
        if action == Action::Write {
            person.last_message_ms = person.last_message_ms.max(Some(at_ms));
        }
        person.mids.extend(mid.clone());
        mid
    }

    /// Puts a message of the Page into the thread and answers its mid. Page and person must be known.
    pub(crate) fn post(&mut self, page: &str, psid: &str) -> String {
        let mid = self.ids.mid();
        if let Some(person) = self.person_mut(page, psid) {
            person.mids.insert(mid.clone());
        }
        mid
    }
}
