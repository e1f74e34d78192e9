//! How a thread stands beside its messages: its windows, what the person is asked to be notified of, how the Page
//! welcomes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::World;
use crate::world::ids::Psid;
use crate::world::page::{Page, TokenKind};
use crate::world::person::Person;

/// Until when the Page may write, in ms since 1970; none where the person has done nothing that opens.
#[derive(Serialize, Deserialize)]
pub(crate) struct WindowRow {
    pub(crate) standard_until_ms: Option<i64>,
    pub(crate) human_agent_until_ms: Option<i64>,
    /// How long the standard window is, counted from the last thing that opened it.
    pub(crate) standard_ms: i64,
}

/// A right to notify that the person has given.
#[derive(Serialize, Deserialize)]
pub(crate) struct NotificationRow {
    pub(crate) title: String,
    pub(crate) recurring: bool,
    pub(crate) stopped: bool,
    pub(crate) used: bool,
    pub(crate) expires_ms: i64,
}

/// What stands in a thread that has not begun.
#[derive(Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) page_name: String,
    /// Whether the person has ever acted towards the Page.
    pub(crate) begun: bool,
    /// Whether the Page has a Get Started button.
    pub(crate) get_started: bool,
    pub(crate) greeting: Option<Value>,
    pub(crate) ice_breakers: Option<Value>,
}

impl WindowRow {
    pub(super) fn of(world: &World, person: &Person, now_ms: i64) -> Self {
        let pack = world.rules.at(now_ms);
        let standard = person.last_opening_ms.map(|at_ms| at_ms.saturating_add(pack.standard_ms));
        let ad = person.last_ad_message_ms.map(|at_ms| at_ms.saturating_add(pack.ad_opened_ms));
        let human_agent = person.last_message_ms.map(|at_ms| at_ms.saturating_add(pack.human_agent_ms));
        Self {
            standard_until_ms: standard.max(ad),
            human_agent_until_ms: human_agent.max(standard).max(ad),
            standard_ms: pack.standard_ms,
        }
    }
}

pub(super) fn notifications(page: &Page, psid: Psid) -> Vec<NotificationRow> {
    let own = page.tokens.values().filter(|token| token.psid == psid);
    let row = |token: &crate::world::page::NotificationToken| NotificationRow {
        title: token.title.clone(),
        recurring: token.kind == TokenKind::Recurring,
        stopped: token.is_stopped,
        used: token.is_used,
        expires_ms: token.expires_ms,
    };
    own.map(row).collect()
}

impl Welcome {
    pub(super) fn of(page: &Page, person: &Person) -> Self {
        let set = |name: &str| page.profile.get(name).cloned();
        Self {
            page_name: page.settings.name.clone(),
            begun: person.has_begun(),
            get_started: page.profile.contains_key("get_started"),
            greeting: set("greeting"),
            ice_breakers: set("ice_breakers"),
        }
    }
}
