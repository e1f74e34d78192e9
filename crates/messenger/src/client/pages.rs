//! Whether a Page is ready: its token, what its app may do, and which webhooks it hears.

use super::SendClient;
use super::calls::{As, Call, CallAnswer};
use super::uploads::Done;
use crate::json::{self, Detail, Integer, Words as Text};
use domain::id::{AppId, PageId};
use domain::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// An app that hears of a Page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedApp {
    /// Which.
    pub app: AppId,
    /// What it is called.
    pub name: String,
    /// Which webhook fields it hears.
    pub fields: Vec<String>,
}

/// What an access token is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenState {
    /// Whether calls with it are taken.
    pub is_valid: bool,
    /// The app that it was made for.
    pub app: Option<AppId>,
    /// The Page that it speaks for.
    pub page: Option<PageId>,
    /// What it allows, such as `pages_messaging`.
    pub scopes: Vec<String>,
    /// When it ends; none where it does not.
    pub expires_at: Option<Timestamp>,
}

/// A Page, as its own token shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPage {
    /// Its id.
    pub id: PageId,
    /// Its name, which may change.
    pub name: String,
}

#[derive(Deserialize)]
struct Apps {
    data: Vec<WireApp>,
}

#[derive(Deserialize)]
struct WireApp {
    id: Box<RawValue>,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    subscribed_fields: Vec<String>,
}

#[derive(Deserialize)]
struct Debugged {
    data: WireToken,
}

#[derive(Deserialize)]
struct WireToken {
    is_valid: bool,
    #[serde(default)]
    app_id: Detail<Box<RawValue>>,
    #[serde(default)]
    profile_id: Detail<Box<RawValue>>,
    #[serde(default)]
    scopes: Detail<Vec<String>>,
    #[serde(default)]
    expires_at: Detail<Integer>,
}

#[derive(Deserialize)]
struct WirePage {
    id: Box<RawValue>,
    #[serde(default)]
    name: Text,
}

fn page_id(raw: &RawValue) -> Option<PageId> {
    PageId::parse(&json::text(raw)?).ok()
}

fn app_id(raw: &RawValue) -> Option<AppId> {
    AppId::parse(&json::text(raw)?).ok()
}

impl SendClient {
    /// The apps that hear of the Page. An app that is not among them hears nothing, however its webhooks are set up.
    pub async fn subscribed_apps(&self, by: As<'_>) -> CallAnswer<Vec<SubscribedApp>> {
        let answer = self.call(by, Call::get(&[by.page.as_str(), "subscribed_apps"])).await;
        answer.map(|apps: Apps| {
            let read = |app: WireApp| {
                Some(SubscribedApp { app: app_id(&app.id)?, name: app.name.0, fields: app.subscribed_fields })
            };
            apps.data.into_iter().filter_map(read).collect()
        })
    }

    /// Lets the token's app hear exactly these webhook fields of the Page.
    pub async fn subscribe(&self, by: As<'_>, fields: &[&str]) -> CallAnswer<()> {
        let body = json!({ "subscribed_fields": fields.join(",") });
        let answer = self.call(by, Call::post(&[by.page.as_str(), "subscribed_apps"], body)).await;
        answer.map(|Done {}| ())
    }

    /// What a token is worth, asked with itself or with another one of the same app.
    pub async fn check_token(&self, by: As<'_>, token: &SecretString) -> CallAnswer<TokenState> {
        let call = Call::get(&["debug_token"]).with("input_token", token.expose_secret());
        self.call(by, call).await.map(|Debugged { data }| TokenState {
            is_valid: data.is_valid,
            app: data.app_id.0.as_deref().and_then(app_id),
            page: data.profile_id.0.as_deref().and_then(page_id),
            scopes: data.scopes.0.unwrap_or_default(),
            // In seconds; 0 stands for a token without an end.
            expires_at: data.expires_at.0.filter(|at| at.0 > 0).map(|at| Timestamp::from_millis(at.0 * 1_000)),
        })
    }

    /// The Page that a token speaks for; none where the answer names none. For which Page this call counts is only known by
    /// its answer, so it is told to nobody who counts.
    pub async fn own_page(&self, token: &SecretString) -> CallAnswer<Option<OwnPage>> {
        let answer = self.call_of_nobody(token, Call::get(&["me"]).with("fields", "id,name")).await;
        answer.map(|page: WirePage| Some(OwnPage { id: page_id(&page.id)?, name: page.name.0 }))
    }
}
