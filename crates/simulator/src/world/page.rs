//! One Page: its settings, its people, and what it has put up: personas, labels, attachments, templates, posts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::app::AppIx;
use super::facts::{HOUR, MINUTE, SECOND};
use super::ids::Psid;
use super::limits::Window;
use super::person::Person;

/// A Page and everything that is its own.
pub(crate) struct Page {
    pub(crate) id: Arc<str>,
    pub(crate) settings: PageSettings,
    pub(crate) people: BTreeMap<Psid, Person>,
    /// PSIDs that are no plain numbers.
    odd_psids: HashMap<Psid, Box<str>>,
    /// Which apps hear of what.
    pub(crate) subscriptions: BTreeMap<AppIx, BTreeSet<String>>,
    /// The Messenger profile's properties.
    pub(crate) profile: BTreeMap<String, Value>,
    pub(crate) personas: BTreeMap<String, Persona>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) attachments: BTreeMap<String, Attachment>,
    pub(crate) templates: BTreeMap<String, Template>,
    /// Comments and visitors' posts.
    pub(crate) posts: BTreeMap<String, Post>,
    pub(crate) tokens: BTreeMap<String, NotificationToken>,
    /// People behind checkboxes who have not written yet.
    pub(crate) user_refs: BTreeMap<String, UserRef>,
    /// New, blocking and reporting people by day.
    pub(crate) days: BTreeMap<i64, DayCounts>,
    pub(crate) traffic: Traffic,
    /// How many people have acted.
    pub(crate) n_engaged: u32,
    /// Gives things and records of the Page their numbers.
    pub(crate) n_things: u32,
    pub(crate) n_records: u32,
    pub(crate) n_people_made: u32,
}

/// What an operator can switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageSettings {
    /// The Page's name.
    pub name: String,
    /// Whether the Page can message at all.
    pub messaging: bool,
    /// Until when the Page may not send, in ms since 1970: error 10/1893063.
    pub restricted_until_ms: Option<i64>,
    /// Whether the Page is blocked for its conduct: error 368.
    pub policy_blocked: bool,
    /// Whether commerce messages are switched off: error 2022.
    pub commerce_disabled: bool,
    /// Until when the Page may not ask for opt-ins: error 10/1404170.
    pub opt_ins_barred_until_ms: Option<i64>,
    /// The app that owns threads by default; without one every app hears everything and may answer.
    pub default_app: Option<String>,
    /// Whether the human-agent feature is granted.
    pub human_agent: bool,
    /// Whether one-time notifications are granted.
    pub one_time_notifications: bool,
    /// Whether comments and posts may be answered in private.
    pub private_replies: bool,
    /// Whether the tag for feedback forms is granted.
    pub customer_feedback: bool,
    /// Whether the Page takes part in customer matching, which is for the United States alone.
    pub customer_matching: bool,
    /// Whether the news permission is granted (`NON_PROMOTIONAL_SUBSCRIPTION`).
    pub news: bool,
    /// Whether the app may see people's profiles.
    pub profile_access: bool,
    /// Whether the Page's contact terms are accepted, which labels need.
    pub contact_terms: bool,
    /// Two letters: `US`, or one of `AU`, `EU`, `JP`, `KR`, `UK`, where recurring notifications go on.
    pub region: String,
}

impl Default for PageSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            messaging: true,
            restricted_until_ms: None,
            policy_blocked: false,
            commerce_disabled: false,
            opt_ins_barred_until_ms: None,
            default_app: None,
            human_agent: true,
            one_time_notifications: true,
            private_replies: true,
            customer_feedback: true,
            customer_matching: false,
            news: false,
            profile_access: true,
            contact_terms: true,
            region: "US".to_owned(),
        }
    }
}

/// A name and picture that messages can carry.
pub(crate) struct Persona {
    pub(crate) name: String,
    pub(crate) picture: String,
    /// Gone for new messages; still readable.
    pub(crate) is_deleted: bool,
}

/// A file that was uploaded, or saved while it was sent.
pub(crate) struct Attachment {
    pub(crate) kind: String,
    pub(crate) url: String,
    pub(crate) until_ms: i64,
}

/// A utility template.
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) components: Value,
    pub(crate) is_named: bool,
    pub(crate) status: &'static str,
    pub(crate) category: String,
}

/// A comment, or a visitor's post.
pub(crate) struct Post {
    pub(crate) author: Psid,
    pub(crate) at_ms: i64,
    pub(crate) is_comment: bool,
    /// The post that it stands below, or itself.
    pub(crate) post_id: String,
    pub(crate) is_answered: bool,
}

/// The right to notify a person.
pub(crate) struct NotificationToken {
    pub(crate) psid: Psid,
    pub(crate) kind: TokenKind,
    pub(crate) title: String,
    pub(crate) payload: String,
    pub(crate) made_ms: i64,
    pub(crate) expires_ms: i64,
    pub(crate) is_stopped: bool,
    pub(crate) is_used: bool,
    /// When a message last used it, and how many followed that one.
    pub(crate) last_ms: Option<i64>,
    pub(crate) n_followers: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    OneTime,
    Recurring,
}

/// A ticked box on a site.
pub(crate) struct UserRef {
    pub(crate) at_ms: i64,
    /// Which person it is: known here, and to the Page once they write.
    pub(crate) psid: Psid,
    pub(crate) n_sent: u32,
}

/// What insights count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DayCounts {
    pub(crate) n_new: u32,
    pub(crate) n_blocked: u32,
    pub(crate) n_reported: u32,
    pub(crate) n_sent: u32,
}

/// How much a Page does.
pub(crate) struct Traffic {
    pub(crate) text: Window,
    pub(crate) media: Window,
    pub(crate) sent: Window,
    pub(crate) calls: Window,
    pub(crate) conversations: Window,
    pub(crate) private_replies: Window,
    pub(crate) profile: Window,
}

impl Page {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: Arc::from(id),
            settings: PageSettings { name: format!("Page {id}"), ..PageSettings::default() },
            people: BTreeMap::new(),
            odd_psids: HashMap::new(),
            subscriptions: BTreeMap::new(),
            profile: BTreeMap::new(),
            personas: BTreeMap::new(),
            labels: BTreeMap::new(),
            attachments: BTreeMap::new(),
            templates: BTreeMap::new(),
            posts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            user_refs: BTreeMap::new(),
            days: BTreeMap::new(),
            traffic: Traffic {
                text: Window::new(SECOND),
                media: Window::new(SECOND),
                sent: Window::new(SECOND),
                calls: Window::new(24 * HOUR),
                conversations: Window::new(SECOND),
                private_replies: Window::new(HOUR),
                profile: Window::new(10 * MINUTE),
            },
            n_engaged: 0,
            n_things: 0,
            n_records: 0,
            n_people_made: 0,
        }
    }

    /// The person of that id, made if new.
    pub(crate) fn person_or_new(&mut self, text: &str) -> (Psid, &mut Person) {
        let psid = Psid::of(text);
        if psid.number().is_none() {
            self.odd_psids.entry(psid).or_insert_with(|| Box::from(text));
        }
        (psid, self.people.entry(psid).or_default())
    }

    /// The id as people write it.
    pub(crate) fn psid_text(&self, psid: Psid) -> String {
        match psid.number() {
            Some(number) => number.to_string(),
            None => self.odd_psids.get(&psid).map(|text| text.to_string()).unwrap_or_default(),
        }
    }

    /// A number for a thing of the Page.
    pub(crate) fn count_thing(&mut self) -> u32 {
        self.n_things += 1;
        self.n_things
    }

    /// The counts of that moment's day.
    pub(crate) fn day(&mut self, at_ms: i64) -> &mut DayCounts {
        self.days.entry(at_ms.div_euclid(24 * HOUR)).or_default()
    }
}
