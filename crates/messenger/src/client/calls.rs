//! Calls of the Graph API besides the sending of messages: how each is made, and what can come of it.

use super::answer::{Ambiguity, ApiError, NotSent, error_of};
use super::errors::ErrorClass;
use super::{Answered, Came, NoAnswer, SendClient};
use crate::json;
use crate::signature;
use domain::id::PageId;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// What came of a call.
pub type CallAnswer<T> = Answered<Result<T, CallError>>;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The platform said no; see [`ApiError::class`] for what follows.
    #[error("the platform refused the call with {}/{}", .0.code, .0.subcode)]
    Refused(ApiError),
    /// Nothing of the call left this machine. It may be made again.
    #[error("the call could not leave: {}", .0.as_str())]
    NotSent(NotSent),
    /// It may have taken effect or not.
    #[error("it is not known what came of the call: {}", .0.as_str())]
    Ambiguous(Ambiguity),
}

/// A Page together with the access token that speaks for it.
#[derive(Clone, Copy, Debug)]
pub struct As<'a> {
    /// The Page.
    pub page: &'a PageId,
    /// Its access token.
    pub token: &'a SecretString,
}

/// One call, ready to be made.
pub(super) struct Call<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'a str, String)>,
    body: Option<Value>,
}

impl<'a> Call<'a> {
    pub(super) fn get(path: &[&'a str]) -> Self {
        Self { method: Method::GET, path: path.to_vec(), query: Vec::new(), body: None }
    }

    pub(super) fn delete(path: &[&'a str]) -> Self {
        Self { method: Method::DELETE, ..Self::get(path) }
    }

    pub(super) fn post(path: &[&'a str], body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(path) }
    }

    pub(super) fn with(mut self, key: &'a str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }
}

impl<T> Answered<Result<T, CallError>> {
    /// The same answer, with its result as another.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> CallAnswer<U> {
        Answered { answer: self.answer.map(change), usage: self.usage }
    }
}

impl SendClient {
    /// Makes one call for a Page, once, and reads its result.
    pub(super) async fn call<T: DeserializeOwned>(&self, by: As<'_>, call: Call<'_>) -> CallAnswer<T> {
        let counted = self.counted(by.page);
        let answered = self.call_of_nobody(by.token, call).await;
        match answered.answer {
            Err(CallError::NotSent(_)) => counted.never_left(),
            Ok(_) | Err(CallError::Refused(_) | CallError::Ambiguous(_)) => (),
        }
        answered
    }

    /// The same, and nobody counts it.
    pub(super) async fn call_of_nobody<T: DeserializeOwned>(
        &self,
        token: &SecretString,
        call: Call<'_>,
    ) -> CallAnswer<T> {
        let mut request = self.http.request(call.method, self.address(&call.path));
        request = request.bearer_auth(token.expose_secret()).query(&call.query);
        if let Some(secret) = &self.app_secret {
            request = request.query(&[("appsecret_proof", signature::appsecret_proof(token, secret))]);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        match self.exchange(request).await {
            Ok(came) => Answered { answer: judge(&came), usage: came.usage },
            Err(NoAnswer::NotSent(reason)) => Answered::without_usage(Err(CallError::NotSent(reason))),
            Err(NoAnswer::Ambiguous(reason)) => Answered::without_usage(Err(CallError::Ambiguous(reason))),
        }
    }
}

fn judge<T: DeserializeOwned>(came: &Came) -> Result<T, CallError> {
    if came.status >= 500 {
        return Err(CallError::Ambiguous(Ambiguity::ServerError));
    }
    if let Some(error) = error_of(came.status, &came.body) {
        let is_doubtful = error.class() == ErrorClass::Ambiguous;
        let refused = || CallError::Refused(came.with_wait(error));
        return Err(if is_doubtful { CallError::Ambiguous(Ambiguity::DoubtfulError) } else { refused() });
    }
    let raw: Option<&RawValue> = serde_json::from_slice(&came.body).ok();
    let result = raw.filter(|_| (200..300).contains(&came.status)).and_then(json::object);
    result.ok_or(CallError::Ambiguous(Ambiguity::Unreadable))
}
