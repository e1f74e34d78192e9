//! The Send API: one call, one answer, and never a second call by itself.

mod actions;
mod answer;
mod calls;
mod content;
mod conversations;
mod counted;
pub mod errors;
mod pages;
mod request;
mod threads;
mod uploads;
mod usage;

#[cfg(test)]
mod tests;

pub use actions::Action;
pub use answer::{Ambiguity, ApiError, NotSent, SendAnswer, judge};
pub use calls::{As, CallAnswer, CallError};
pub use conversations::{Newest, PastFile, PastMessage};
pub use counted::Counts;
pub use errors::{ErrorClass, Scope, Wait};
pub use pages::{OwnPage, SubscribedApp, TokenState};
pub use request::{MessagingType, Recipient, SendRequest, Tag};
pub use threads::{Control, Owner};
pub use uploads::Persona;
pub use usage::{BusinessUse, Load, Usage};

use crate::signature;
use domain::id::PageId;
use domain::time::Span;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// The Graph API's version where none is configured.
pub const DEFAULT_VERSION: &str = "v25.0";

/// How long a connection may take to be made, within the time-out of the whole call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an idle connection is kept. Short, because a call on a connection that the other side closes at that
/// moment ends as [`SendAnswer::Ambiguous`].
const KEEP_IDLE: Duration = Duration::from_secs(15);

/// Longer answers are not read; real ones have some hundred bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Sends messages as any Page of the app. It repeats nothing and follows no redirect.
#[derive(Clone, Debug)]
pub struct SendClient {
    http: reqwest::Client,
    base: Url,
    version: String,
    app_secret: Option<SecretString>,
    counts: Option<Arc<dyn Counts>>,
}

/// An answer of the platform, with how much of its limits was used by then.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered<T> {
    /// What came of the call.
    pub answer: T,
    /// How much was used; empty where no answer came.
    pub usage: Usage,
}

impl<T> Answered<T> {
    fn without_usage(answer: T) -> Self {
        Self { answer, usage: Usage::default() }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum BadClient {
    /// The address is not one that a path can be added to.
    #[error("the Graph API's address is not `http://host` or `https://host`, with a port and a path at most")]
    BaseUrl,
    /// The HTTP library could not be set up, for instance because this machine trusts no certificate at all.
    #[error("cannot set up HTTPS")]
    Https(#[source] reqwest::Error),
}

impl SendClient {
    /// A client for the Graph API at `base_url`, such as `https://graph.facebook.com`. With `app_secret` every call
    /// carries a proof of it. `timeout` bounds a whole call, from the first step of connecting to the last byte of
    /// the answer. Proxies named in the environment are not used.
    ///
    /// # Errors
    /// When the address has another form, or HTTPS can't be set up here.
    pub fn new(base_url: &str, app_secret: Option<SecretString>, timeout: Duration) -> Result<Self, BadClient> {
        let base = Url::parse(base_url).map_err(|_| BadClient::BaseUrl)?;
        let is_plain = base.query().is_none() && base.fragment().is_none();
        let is_anonymous = base.username().is_empty() && base.password().is_none();
        if !matches!(base.scheme(), "http" | "https") || !is_plain || !is_anonymous {
            return Err(BadClient::BaseUrl);
        }
        // Fails when a provider is installed already, by us or by the process; that one serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("nuncio/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            // Half at most, so that a connection that can't be made is known for one and counts as not sent.
            .connect_timeout(CONNECT_TIMEOUT.min(timeout / 2))
            .pool_idle_timeout(KEEP_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            // What remains is the connection pool's: on finding an idle connection closed before it wrote a single
            // byte, it takes another one.
            .retry(reqwest::retry::never())
            .http1_only()
            .no_proxy();
        if base.scheme() == "http" {
            // No certificate is needed then, so a machine without any must do.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(BadClient::Https)?;
        Ok(Self { http, base, version: DEFAULT_VERSION.to_owned(), app_secret, counts: None })
    }

    /// Calls this version of the Graph API, such as `v25.0`, instead of [`DEFAULT_VERSION`].
    #[must_use]
    pub fn with_version(self, version: impl Into<String>) -> Self {
        Self { version: version.into(), ..self }
    }

    /// Tells `counts` of every call for a Page.
    #[must_use]
    pub fn counted_by(self, counts: Arc<dyn Counts>) -> Self {
        Self { counts: Some(counts), ..self }
    }

    /// Sends one message as `page`, whose access token is `token`, in one call. The answer says what may have
    /// happened.
    pub async fn send(&self, page: &PageId, token: &SecretString, request: &SendRequest) -> Answered<SendAnswer> {
        let mut call = self
            .http
            .post(self.address(&[page.as_str(), "messages"]))
            .bearer_auth(token.expose_secret())
            .json(&request.body());
        if let Some(secret) = &self.app_secret {
            call = call.query(&[("appsecret_proof", signature::appsecret_proof(token, secret))]);
        }
        let counted = self.counted(page);
        match self.exchange(call).await {
            Ok(came) => {
                let answer = match judge(came.status, &came.body) {
                    SendAnswer::Refused(error) => SendAnswer::Refused(came.with_wait(error)),
                    answer @ (SendAnswer::Accepted { .. } | SendAnswer::NotSent(_) | SendAnswer::Ambiguous(_)) => {
                        answer
                    }
                };
                Answered { answer, usage: came.usage }
            }
            Err(NoAnswer::NotSent(reason)) => {
                counted.never_left();
                Answered::without_usage(SendAnswer::NotSent(reason))
            }
            Err(NoAnswer::Ambiguous(reason)) => Answered::without_usage(SendAnswer::Ambiguous(reason)),
        }
    }

    async fn exchange(&self, call: reqwest::RequestBuilder) -> Result<Came, NoAnswer> {
        let call = call.build().map_err(|_| NoAnswer::NotSent(NotSent::BadRequest))?;
        let response = self.http.execute(call).await.map_err(|error| without_answer(&error))?;
        let status = response.status().as_u16();
        let (usage, retry_after) = (Usage::read(response.headers()), usage::retry_after(response.headers()));
        let body = read(response).await.map_err(NoAnswer::Ambiguous)?;
        Ok(Came { status, body, usage, retry_after })
    }

    fn address(&self, words: &[&str]) -> Url {
        let mut address = self.base.clone();
        let mut path = address.path_segments_mut().expect("an http address has a path");
        path.pop_if_empty().push(&self.version).extend(words);
        drop(path);
        address
    }
}

/// An answer, whatever it says.
struct Came {
    status: u16,
    body: Vec<u8>,
    usage: Usage,
    retry_after: Option<Span>,
}

/// Why there is none.
enum NoAnswer {
    NotSent(NotSent),
    Ambiguous(Ambiguity),
}

impl Came {
    /// The error with the time that the headers give, where its body gives none and it is about a rate.
    fn with_wait(&self, error: ApiError) -> ApiError {
        let told = match error.class() {
            ErrorClass::Rate(_) => self.retry_after.or_else(|| self.usage.regain()),
            ErrorClass::Transient => self.retry_after,
            ErrorClass::Message
            | ErrorClass::Attachment
            | ErrorClass::Token
            | ErrorClass::Person
            | ErrorClass::Thread
            | ErrorClass::Feature
            | ErrorClass::Page(_)
            | ErrorClass::Ambiguous => None,
        };
        ApiError { wait: error.wait.or(told.map(Wait::For)), ..error }
    }
}

/// What a call that brought no answer leaves known. The error itself is dropped: it shows the address with the proof.
fn without_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_dns() {
        NoAnswer::NotSent(NotSent::NameUnknown)
    } else if error.is_connect() {
        NoAnswer::NotSent(NotSent::NoConnection)
    } else if error.is_builder() {
        NoAnswer::NotSent(NotSent::BadRequest)
    } else {
        NoAnswer::Ambiguous(cut_short(error))
    }
}

fn cut_short(error: &reqwest::Error) -> Ambiguity {
    if error.is_timeout() { Ambiguity::TimedOut } else { Ambiguity::ConnectionLost }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Ambiguity> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cut_short(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Ambiguity::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
