//! One person, as one Page knows them. There may be very many, so what few have stands behind a pointer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::app::AppIx;
use super::limits::Window;
use super::script::Script;

/// A person's thread with a Page, and everything that follows from it.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) name: Option<Box<str>>,
    /// What the person does of their own accord.
    pub(crate) script: Option<Arc<Script>>,
    /// Whether the person reads whatever arrives at once.
    pub(crate) reads: bool,
    /// The person has blocked the Page.
    pub(crate) has_blocked: bool,
    /// The Page has banned the person.
    pub(crate) is_banned: bool,
    /// The person has a role on the app, and so can be reached before it is live.
    pub(crate) has_role: bool,
    /// An account by phone number only: it has no profile.
    pub(crate) is_phone_only: bool,
    /// When the person last did something that opens the standard window, by the event's time.
    pub(crate) last_opening_ms: Option<i64>,
    /// When the person last wrote, by the event's time: the human-agent window counts from here.
    pub(crate) last_message_ms: Option<i64>,
    /// When the person last wrote a first message after an ad, by the event's time.
    pub(crate) last_ad_message_ms: Option<i64>,
    /// How many records there are of this person: gives each its number.
    pub(crate) n_records: u32,
    /// Every message of the thread, from either side.
    pub(crate) thread: Vec<Entry>,
    more: Option<Box<More>>,
}

/// What few people have.
#[derive(Default)]
pub(crate) struct More {
    /// The ad that led here, until the person writes.
    pub(crate) ad: Option<Value>,
    /// Who controls the thread, and until when.
    pub(crate) control: Option<Control>,
    pub(crate) labels: BTreeSet<String>,
    /// The person's own settings: their persistent menu.
    pub(crate) settings: BTreeMap<String, Value>,
    /// When the Page last asked to opt in, by title.
    pub(crate) asked: BTreeMap<String, i64>,
    /// Until when the Page shows that it types.
    pub(crate) typing_until_ms: i64,
    /// When the Page last showed that it has seen everything.
    pub(crate) seen_ms: Option<i64>,
    /// Messages to this person lately, and tagged ones.
    pub(crate) received: Option<Window>,
    pub(crate) tagged: Option<Window>,
    /// Calls about the person's own settings lately.
    pub(crate) settled: Option<Window>,
    /// Account-linking tokens, each with the moment it was made; whether the account is linked.
    pub(crate) linking: Option<(String, i64)>,
    pub(crate) is_linked: bool,
    /// The person wrote through a checkbox first: their first message says so.
    pub(crate) prior: Option<String>,
    /// An automated flow of the platform runs until then.
    pub(crate) flow_until_ms: i64,
}

/// An app's control of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) app: AppIx,
    pub(crate) until_ms: i64,
}

/// One message or tap.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) at_ms: i64,
    pub(crate) author: Author,
    pub(crate) text: Option<Box<str>>,
    pub(crate) rest: Option<Box<Rest>>,
}

/// What few messages have.
#[derive(Default)]
pub(crate) struct Rest {
    /// The message as it came over the wire, where it is more than text.
    pub(crate) message: Value,
    pub(crate) persona: Option<String>,
    pub(crate) tag: Option<String>,
    /// The person's reaction and the Page's, as emoji.
    pub(crate) reaction: Option<String>,
    pub(crate) page_reaction: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) n_edits: u8,
    pub(crate) is_deleted: bool,
    /// A tap on a button, which the thread does not show.
    pub(crate) is_tap: bool,
    /// Not seen by the person: a send to a checkbox or comment that nobody has answered.
    pub(crate) is_private_reply: bool,
}

/// Who wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Author {
    #[default]
    Person,
    Page(AppIx),
}

impl Person {
    pub(crate) fn more(&self) -> Option<&More> {
        self.more.as_deref()
    }

    pub(crate) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// The number of the next message.
    pub(crate) fn next_message(&self) -> u32 {
        u32::try_from(self.thread.len()).unwrap_or(u32::MAX)
    }

    /// The message of that number.
    pub(crate) fn entry(&self, n: u32) -> Option<&Entry> {
        self.thread.get(usize::try_from(n).ok()?)
    }

    pub(crate) fn entry_mut(&mut self, n: u32) -> Option<&mut Entry> {
        self.thread.get_mut(usize::try_from(n).ok()?)
    }

    /// Whether the person has ever acted towards the Page.
    pub(crate) fn has_begun(&self) -> bool {
        self.last_opening_ms.is_some()
    }

    /// The control of the thread, while it lasts.
    pub(crate) fn control(&self, now_ms: i64) -> Option<Control> {
        self.more()?.control.filter(|control| now_ms < control.until_ms)
    }

    /// A number for a record of this person.
    pub(crate) fn count_record(&mut self) -> u32 {
        self.n_records = self.n_records.wrapping_add(1);
        self.n_records
    }
}

impl Entry {
    pub(crate) fn rest_mut(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.is_deleted)
    }

    pub(crate) fn is_tap(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.is_tap)
    }

    /// The attachments as they went over the wire.
    pub(crate) fn attachments(&self) -> Vec<Value> {
        let message = self.rest.as_ref().map(|rest| &rest.message);
        let several = message.and_then(|message| message.get("attachments")).and_then(Value::as_array);
        let one = message.and_then(|message| message.get("attachment"));
        one.into_iter().chain(several.into_iter().flatten()).filter(|one| !one.is_null()).cloned().collect()
    }
}
