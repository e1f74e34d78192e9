//! Who controls a thread, where several apps share a Page.

use super::SendClient;
use super::calls::{As, Call, CallAnswer};
use super::uploads::Done;
use crate::json::{self, Detail};
use domain::content::Words;
use domain::id::{AppId, Psid};
use domain::time::{Span, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What to do with a thread's control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Gives it to another app, with a note for it.
    Pass(AppId, Option<Words>),
    /// Takes it from whoever has it: the default app's right.
    Take(Option<Words>),
    /// Asks whoever has it.
    Request(Option<Words>),
    /// Gives it up.
    Release,
    /// Keeps it for so long from now on: 7 days at most, for threads of ads 30.
    Extend(Span),
}

/// Who controls a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The app; only it and the default app are told.
    pub app: Option<AppId>,
    /// Until when, as the platform says it.
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Owners {
    data: Vec<WireOwner>,
}

#[derive(Deserialize)]
struct WireOwner {
    thread_owner: WireThreadOwner,
}

#[derive(Deserialize)]
struct WireThreadOwner {
    #[serde(default)]
    app_id: Detail<Box<RawValue>>,
    #[serde(default)]
    expiration: Detail<Box<RawValue>>,
}

impl Control {
    const fn edge(&self) -> &'static str {
        match self {
            Self::Pass(..) => "pass_thread_control",
            Self::Take(_) => "take_thread_control",
            Self::Request(_) => "request_thread_control",
            Self::Release => "release_thread_control",
            Self::Extend(_) => "extend_thread_control",
        }
    }

    fn body(&self, person: &Psid) -> Value {
        let mut body = json!({ "recipient": { "id": person.as_str() } });
        let note = match self {
            Self::Pass(app, note) => {
                body["target_app_id"] = json!(app.as_str());
                note.as_ref()
            }
            Self::Take(note) | Self::Request(note) => note.as_ref(),
            Self::Extend(span) => {
                body["duration"] = json!(span.as_millis() / 1_000);
                None
            }
            Self::Release => None,
        };
        if let Some(note) = note {
            body["metadata"] = json!(note.as_str());
        }
        body
    }
}

impl SendClient {
    /// Does this with the control of the thread with a person. What became of it, webhooks tell.
    pub async fn control(&self, by: As<'_>, person: &Psid, control: &Control) -> CallAnswer<()> {
        let call = Call::post(&[by.page.as_str(), control.edge()], control.body(person));
        self.call(by, call).await.map(|Done {}| ())
    }

    /// Who controls the thread with a person; nobody while it is idle.
    pub async fn thread_owner(&self, by: As<'_>, person: &Psid) -> CallAnswer<Option<Owner>> {
        let call = Call::get(&[by.page.as_str(), "thread_owner"]).with("recipient", person.as_str());
        self.call(by, call).await.map(|owners: Owners| {
            let owner = owners.data.into_iter().next()?.thread_owner;
            Some(Owner {
                app: owner.app_id.0.and_then(|raw| AppId::parse(&json::text(&raw)?).ok()),
                until: owner.expiration.0.and_then(|raw| super::conversations::moment(&raw)),
            })
        })
    }
}
