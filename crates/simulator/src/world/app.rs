//! Apps: who calls, who is told. An access token names a Page and an app; the request proof shows that the app's own
//! server made the call.

use std::collections::BTreeSet;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::World;
use super::facts::INBOX_APP;
use crate::config::WebhookTarget;
use crate::errors::Refusal;

/// An app's place in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct AppIx(pub(crate) u16);

/// One app.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: SecretString,
    /// Whether every call must carry `appsecret_proof`.
    pub(crate) require_proof: bool,
    /// Whether people without a role can be reached and heard.
    pub(crate) is_live: bool,
    /// Where webhooks go; nowhere until a callback is verified.
    pub(crate) callback: Option<WebhookTarget>,
    /// The fields that the app itself subscribed to; none is every field.
    pub(crate) fields: Option<BTreeSet<String>>,
}

/// What a call shows of its caller.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) token: Option<String>,
    pub(crate) proof: Option<String>,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An app, for a Page.
    Page { page: Arc<str>, app: AppIx },
    /// An app itself, by `id|secret`.
    App(AppIx),
}

impl World {
    /// The app of that id.
    pub(crate) fn app_ix(&self, id: &str) -> Option<AppIx> {
        let place = self.apps.iter().position(|app| app.id == id)?;
        u16::try_from(place).ok().map(AppIx)
    }

    pub(crate) fn app(&self, ix: AppIx) -> &App {
        &self.apps[usize::from(ix.0)]
    }

    pub(crate) fn app_mut(&mut self, ix: AppIx) -> &mut App {
        &mut self.apps[usize::from(ix.0)]
    }

    /// Every app with its place.
    pub(crate) fn apps(&self) -> impl Iterator<Item = (AppIx, &App)> {
        (0..).map(AppIx).zip(&self.apps)
    }

    /// Adds an app, or changes the secret of one that is known.
    pub(crate) fn add_app(&mut self, id: &str, secret: SecretString) -> AppIx {
        if let Some(ix) = self.app_ix(id) {
            self.app_mut(ix).secret = secret;
            return ix;
        }
        let ix = AppIx(u16::try_from(self.apps.len()).unwrap_or(u16::MAX));
        self.apps.push(App {
            id: id.to_owned(),
            name: format!("App {id}"),
            secret,
            require_proof: false,
            is_live: true,
            callback: None,
            fields: None,
        });
        ix
    }

    /// The Page inbox, which is an app like others but for its having no callback.
    pub(crate) fn inbox(&mut self) -> AppIx {
        if let Some(known) = self.app_ix(INBOX_APP) {
            return known;
        }
        let ix = self.add_app(INBOX_APP, SecretString::from("inbox"));
        self.app_mut(ix).name = "Page Inbox".to_owned();
        ix
    }

    /// Whose token that is; the proof must fit, and be there if the app demands it.
    pub(crate) fn identify(&self, credentials: &Credentials) -> Result<Caller, Refusal> {
        let token = credentials.token.as_deref().filter(|token| !token.is_empty()).ok_or(Refusal::TokenMissing)?;
        let caller = match self.tokens.get(token) {
            Some((page, app)) => Caller::Page { page: Arc::clone(page), app: *app },
            None => Caller::App(self.app_of_token(token).ok_or(Refusal::TokenInvalid)?),
        };
        let (Caller::Page { app, .. } | Caller::App(app)) = &caller;
        check_proof(self.app(*app), token, credentials.proof.as_deref())?;
        Ok(caller)
    }

    /// An app token is the app's id and its secret.
    fn app_of_token(&self, token: &str) -> Option<AppIx> {
        let (id, secret) = token.split_once('|')?;
        let ix = self.app_ix(id)?;
        same(self.app(ix).secret.expose_secret().as_bytes(), secret.as_bytes()).then_some(ix)
    }
}

fn check_proof(app: &App, token: &str, proof: Option<&str>) -> Result<(), Refusal> {
    let Some(proof) = proof else {
        return if app.require_proof { Err(Refusal::ProofMissing) } else { Ok(()) };
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(app.secret.expose_secret().as_bytes()).expect("any length is a key");
    mac.update(token.as_bytes());
    let expected = hex::encode(mac.finalize().into_bytes());
    if same(expected.as_bytes(), proof.as_bytes()) { Ok(()) } else { Err(Refusal::ProofWrong) }
}

fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
