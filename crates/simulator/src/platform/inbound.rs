//! What people do, on command: they write, tap, open links and read, and their webhooks follow.

use std::time::Duration;

use super::{Platform, State};
use crate::admin::model::{Happened, NewPerson, OpenLink, PersonRow, Postback, ReadAll, Write};
use crate::webhooks::Event;
use crate::webhooks::body::{Read, Referral, Tapped, What, Written};
use crate::world::{Action, Person};

/// Why a command of the admin API is not carried out, for people.
#[derive(Debug)]
pub(crate) struct Sentence(pub(crate) String);

impl Platform {
    /// Adds a person, or changes one that is known; answers the PSID.
    pub(crate) fn add_person(&self, new: NewPerson) -> Result<String, Sentence> {
        let mut state = self.state();
        state.known_page(&new.page)?;
        let psid = new.psid.unwrap_or_else(|| state.world.ids.psid());
        if psid.is_empty() {
            return Err(Sentence("A PSID cannot be empty.".to_owned()));
        }
        if let Some(person) = state.world.person_mut(&new.page, &psid) {
            person.name = new.name;
            person.reads = new.reads;
        }
        Ok(psid)
    }

    /// Everybody the Page knows.
    pub(crate) fn people(&self, page: &str) -> Result<Vec<PersonRow>, Sentence> {
        let state = self.state();
        state.known_page(page)?;
        let people = state.world.page(page).into_iter().flat_map(|page| &page.people);
        let row = |(psid, person): (&String, &Person)| PersonRow {
            psid: psid.clone(),
            name: person.name.clone(),
            reads: person.reads,
            last_opening_ms: person.last_opening_ms,
            last_message_ms: person.last_message_ms,
        };
        Ok(people.map(row).collect())
    }

    /// The person writes, now or at the time given.
    pub(crate) fn write(&self, psid: &str, write: Write) -> Result<Happened, Sentence> {
        let mut state = self.state();
        let now_ms = self.clock.now_ms();
        let at_ms = match (write.at_ms, write.ago_ms) {
            (Some(_), Some(_)) => return Err(Sentence("Give at_ms or ago_ms, not both.".to_owned())),
            (Some(at_ms), None) => at_ms,
            (None, ago_ms) => now_ms.saturating_sub_unsigned(ago_ms.unwrap_or(0)),
        };
        let mid = state.act(&write.page, psid, Action::Write, at_ms)?;
        let written = Written { mid: mid.clone().unwrap_or_default(), text: write.text };
        self.tell(write.page, psid, at_ms, What::Message(written));
        Ok(Happened { mid, timestamp: at_ms })
    }

    /// The person taps a button.
    pub(crate) fn postback(&self, psid: &str, postback: Postback) -> Result<Happened, Sentence> {
        let mut state = self.state();
        let at_ms = self.clock.now_ms();
        let mid = state.act(&postback.page, psid, Action::Tap, at_ms)?;
        let tapped = Tapped {
            mid: mid.clone().unwrap_or_default(),
            title: postback.title,
            payload: postback.payload,
            referral: postback.reference.map(Referral::short_link),
        };
        self.tell(postback.page, psid, at_ms, What::Postback(tapped));
        Ok(Happened { mid, timestamp: at_ms })
    }

    /// The person opens an m.me link: a referral in a thread that exists, else Get Started with the referral in it.
    pub(crate) fn open_link(&self, psid: &str, link: OpenLink) -> Result<Happened, Sentence> {
        let OpenLink { page, reference } = link;
        let mut state = self.state();
        state.known_page(&page)?;
        let known = state.world.page(&page).and_then(|page| page.people.get(psid));
        if known.is_some_and(|person| person.last_opening_ms.is_some()) {
            let at_ms = self.clock.now_ms();
            let mid = state.act(&page, psid, Action::OpenLink, at_ms)?;
            self.tell(page, psid, at_ms, What::Referral(Referral::short_link(reference)));
            Ok(Happened { mid, timestamp: at_ms })
        } else {
            drop(state);
            let (title, payload) = ("Get Started".to_owned(), "GET_STARTED".to_owned());
            self.postback(psid, Postback { page, title, payload, reference: Some(reference) })
        }
    }

    /// The person has read everything up to now.
    pub(crate) fn read(&self, psid: &str, read: ReadAll) -> Result<Happened, Sentence> {
        let state = self.state();
        state.known_page(&read.page)?;
        let page = state.world.page(&read.page);
        if !page.is_some_and(|page| page.people.contains_key(psid)) {
            return Err(Sentence("No such person on this Page.".to_owned()));
        }
        let at_ms = self.clock.now_ms();
        self.tell(read.page, psid, at_ms, What::Read(Read { watermark: at_ms }));
        Ok(Happened { mid: None, timestamp: at_ms })
    }

    /// Queues a webhook. Call it under the state's lock: the order of webhooks is the order of what happened.
    fn tell(&self, page: String, psid: &str, at_ms: i64, what: What) {
        let event = Event { page, psid: psid.to_owned(), at_ms, what };
        drop(self.queue.push(&event, self.clock.now_ms(), Duration::ZERO));
    }
}

impl State {
    fn known_page(&self, page: &str) -> Result<(), Sentence> {
        self.world.page(page).map(|_| ()).ok_or_else(|| Sentence(format!("Page {page} is not registered here.")))
    }

    fn act(&mut self, page: &str, psid: &str, action: Action, at_ms: i64) -> Result<Option<String>, Sentence> {
        self.known_page(page)?;
        Ok(self.world.act(page, psid, action, at_ms))
    }
}
