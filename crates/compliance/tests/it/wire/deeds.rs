//! What people do at random, and what else happens to them.

use super::crowd::{Crowd, DAY, HOUR, SECOND};
use domain::event::{Consent, ConsentBy, ConsentKind, Erasing, ErasingKind, Event};
use simulator::Deed;

/// How long ago something happened that the platform tells of only now: mostly just now, else around an end.
const AGO: [(usize, i64); 13] = [
    (60, 0),
    (4, SECOND),
    (4, HOUR),
    (4, 12 * HOUR),
    (4, DAY - 1),
    (4, DAY),
    (3, DAY + 1),
    (4, DAY + HOUR / 2),
    (3, 3 * DAY),
    (3, 7 * DAY - SECOND),
    (3, 7 * DAY - 1),
    (3, 7 * DAY),
    (3, 10 * DAY),
];

/// The sorts of things that happen.
#[derive(Clone, Copy)]
enum Sort {
    Write,
    Tap,
    Begin,
    Link,
    React,
    Unreact,
    Button,
    Lead,
    LeadHalf,
    Ad,
    AdClick,
    Read,
    Comment,
    Post,
    Remove,
    Accept,
    Stop,
    Resume,
    Block,
    Staff,
    OptOut,
    OptIn,
    Erase,
}

const SORTS: [(usize, Sort); 23] = [
    (24, Sort::Write),
    (5, Sort::Tap),
    (2, Sort::Begin),
    (4, Sort::Link),
    (4, Sort::React),
    (2, Sort::Unreact),
    (4, Sort::Button),
    (3, Sort::Lead),
    (2, Sort::LeadHalf),
    (7, Sort::Ad),
    (2, Sort::AdClick),
    (2, Sort::Read),
    (8, Sort::Comment),
    (4, Sort::Post),
    (3, Sort::Remove),
    (6, Sort::Accept),
    (4, Sort::Stop),
    (2, Sort::Resume),
    (3, Sort::Block),
    (4, Sort::Staff),
    (1, Sort::OptOut),
    (1, Sort::OptIn),
    (1, Sort::Erase),
];

/// Most people write first; some tap, some comment, some do nothing yet.
const FIRST: [(usize, Sort); 6] =
    [(70, Sort::Write), (8, Sort::Tap), (8, Sort::Comment), (4, Sort::Post), (5, Sort::Ad), (5, Sort::AdClick)];

impl Crowd {
    /// Something happens to one person: what must not happen at one moment with anything else, at `tick_ms` ago.
    pub(super) async fn deed(&mut self, page: usize, person: usize, tick_ms: i64) {
        if self.pages[page].people[person].is_erased {
            return;
        }
        let is_asked = self.pages[page].people[person].asked.is_some();
        let sort = match self.is_first_round() {
            true => self.dice.weigh(&FIRST),
            false if is_asked && self.dice.percent(30) => Sort::Accept,
            false => self.dice.weigh(&SORTS),
        };
        if self.pages[page].people[person].known.has_blocked {
            // Who takes the block back does so to write.
            if self.dice.percent(40) {
                self.pages[page].people[person].known.has_blocked = false;
                self.does(page, person, Deed::Unblock {}, 0);
                self.writes(page, person, 0);
            }
            return;
        }
        let ago_ms = self.dice.weigh(&AGO);
        let text = || "hello".to_owned();
        let reference = || "spring".to_owned();
        let lead = |complete| Deed::FinishLead { ad_id: "7".to_owned(), complete, answers: Vec::new() };
        let ad = |text| Deed::ClickAd { ad_id: "7".to_owned(), reference: None, ad_title: None, text };
        match sort {
            Sort::Write => self.writes(page, person, ago_ms),
            Sort::Tap => {
                let deed = Deed::Postback { title: "Go".to_owned(), payload: "GO".to_owned(), reference: None };
                self.does(page, person, deed, ago_ms);
            }
            Sort::Begin => self.does(page, person, Deed::GetStarted { reference: None }, ago_ms),
            Sort::Link => self.does(page, person, Deed::OpenLink { reference: reference() }, ago_ms),
            Sort::Button => self.does(page, person, Deed::OptIn { reference: reference() }, ago_ms),
            Sort::Lead => self.does(page, person, lead(true), ago_ms),
            Sort::LeadHalf => self.does(page, person, lead(false), ago_ms),
            Sort::Ad => self.does(page, person, ad(Some(text())), ago_ms),
            Sort::AdClick => self.does(page, person, ad(None), ago_ms),
            Sort::Read => self.does(page, person, Deed::Read {}, 0),
            Sort::React | Sort::Unreact => {
                let Some(mid) = self.pages[page].people[person].mid.clone() else { return };
                let react = Deed::React { mid: mid.clone(), reaction: "love".to_owned() };
                let deed = if matches!(sort, Sort::React) { react } else { Deed::Unreact { mid } };
                self.does(page, person, deed, ago_ms);
            }
            Sort::Comment | Sort::Post => {
                let comment = Deed::Comment { text: text(), post_id: None };
                let deed = if matches!(sort, Sort::Comment) { comment } else { Deed::Post { text: text() } };
                self.puts_up(page, person, deed, ago_ms);
            }
            Sort::Remove => self.removes(page, person),
            Sort::Accept => self.accepts(page, person),
            Sort::Stop => self.does(page, person, Deed::StopNotifications { title: None }, tick_ms),
            Sort::Resume => self.does(page, person, Deed::ResumeNotifications { title: None }, tick_ms),
            Sort::Block => {
                self.pages[page].people[person].known.has_blocked = true;
                self.does(page, person, Deed::Block {}, 0);
            }
            Sort::Staff => {
                let (id, psid) = self.whom(page, person);
                // Only where threads have owners does this change anything.
                self.world.platform.reply_by_hand(&id, &psid, "hello", self.world.now.as_millis());
            }
            Sort::OptOut => self.consents(page, person, ConsentKind::OptedOut).await,
            Sort::OptIn => self.consents(page, person, ConsentKind::OptedIn).await,
            Sort::Erase => self.erase(page, person).await,
        }
    }

    fn whom(&self, page: usize, person: usize) -> (String, String) {
        (self.pages[page].id.clone(), self.pages[page].people[person].psid.clone())
    }

    /// What cannot be done, since nothing is there to do it with, is not done.
    fn does(&mut self, page: usize, person: usize, deed: Deed, ago_ms: i64) {
        let (id, psid) = self.whom(page, person);
        drop(self.world.does(&id, &psid, deed, ago_ms));
    }

    fn writes(&mut self, page: usize, person: usize, ago_ms: i64) {
        let (id, psid) = self.whom(page, person);
        let written = self.world.does(&id, &psid, Deed::write("hello"), ago_ms);
        self.pages[page].people[person].mid = written.and_then(|happened| happened.mid);
    }

    fn puts_up(&mut self, page: usize, person: usize, deed: Deed, ago_ms: i64) {
        let (id, psid) = self.whom(page, person);
        let is_post = matches!(deed, Deed::Post { .. });
        let Some(put_up) = self.world.does(&id, &psid, deed, ago_ms).and_then(|happened| happened.id) else { return };
        // A comment on the one post that the platform makes up for a Page, named by its own number in the comment's id.
        let number = put_up.split('_').next().unwrap().to_owned();
        let entry = if is_post { (put_up, String::new()) } else { (format!("{id}_{number}"), put_up) };
        self.pages[page].people[person].comments.push(entry);
    }

    fn removes(&mut self, page: usize, person: usize) {
        let Some((post, comment)) = self.pages[page].people[person].comments.last().cloned() else { return };
        let id = if comment.is_empty() { post } else { comment };
        self.does(page, person, Deed::Remove { id }, 0);
    }

    fn accepts(&mut self, page: usize, person: usize) {
        let (id, psid) = self.whom(page, person);
        let Some(happened) = self.world.does(&id, &psid, Deed::Accept { title: None }, 0) else { return };
        let person = &mut self.pages[page].people[person];
        let (is_once, title) = person.asked.clone().expect("what stands in the thread was asked");
        let name = person.known.tokens.add(&happened.id.unwrap(), is_once);
        person.given.push((name, is_once, title));
    }

    /// The person says so to the business, elsewhere.
    async fn consents(&mut self, page: usize, person: usize, kind: ConsentKind) {
        let (id, psid) = self.whom(page, person);
        let consent = Consent { at: self.world.now, kind, by: ConsentBy::Caller };
        let stream = self.world.conversation(&id, &psid);
        self.world.record(stream, vec![Event::Consent(consent)]).await;
    }

    /// Everything of the person is erased; from here on they do nothing.
    async fn erase(&mut self, page: usize, person: usize) {
        let (id, psid) = self.whom(page, person);
        self.pages[page].people[person].is_erased = true;
        let begun = Erasing { at: self.world.now, kind: ErasingKind::Begun { until: self.world.now } };
        let stream = self.world.conversation(&id, &psid);
        self.world.record(stream, vec![Event::Erasing(begun)]).await;
    }
}
