//! The admin API's client, for tests and demos.

use std::time::Duration;

use reqwest::{Client, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::model::{
    AddedPerson, Advance, ClockReading, Complaint, Done, Duplicate, EchoSetting, Happened, Idle, Inject, NewPage,
    NewPerson, OpenLink, PersonRow, Postback, ReadAll, Subscribe, Subscribed, Write,
};
use crate::faults::FaultKind;
use crate::recorder::{CallRow, SendRow, WebhookRow};
use crate::webhooks;

/// Longer than the longest wait a command has.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Commands a simulator over its admin API.
#[derive(Clone, Debug)]
pub struct AdminClient {
    base_url: String,
    client: Client,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The simulator refused, with a sentence for people.
    #[error("simulator refused with {status}: {sentence}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The reason.
        sentence: String,
    },
    /// No answer, or none that could be read: the command may have been carried out.
    #[error("no readable answer from the simulator")]
    NoAnswer {
        /// What went wrong on the way.
        #[source]
        source: reqwest::Error,
    },
}

impl AdminClient {
    /// A client of the simulator at that URL, like `http://127.0.0.1:8090`.
    pub fn new(base_url: impl Into<String>) -> Self {
        let base_url = base_url.into().trim_end_matches('/').to_owned();
        Self { base_url, client: webhooks::http_client() }
    }

    /// Adds a Page, or changes the token of one that is known.
    pub async fn add_page(&self, id: &str, access_token: &str) -> Result<(), AdminError> {
        let page = NewPage { id: id.to_owned(), access_token: access_token.to_owned() };
        self.post::<Done>("pages", &page).await.map(|_| ())
    }

    /// Adds a person, or changes one that is known; answers the PSID.
    pub async fn add_person(&self, person: &NewPerson) -> Result<String, AdminError> {
        self.post::<AddedPerson>("people", person).await.map(|added| added.psid)
    }

    /// Everybody the Page knows.
    pub async fn people(&self, page: &str) -> Result<Vec<PersonRow>, AdminError> {
        let request = self.client.get(self.url("people")).query(&[("page", page)]);
        read(request).await
    }

    /// Makes the person write now.
    pub async fn write(&self, psid: &str, page: &str, text: &str) -> Result<Happened, AdminError> {
        self.write_when(psid, page, text, None, None).await
    }

    /// Makes the person write with that event time, in ms since 1970.
    pub async fn write_at(&self, psid: &str, page: &str, text: &str, at_ms: i64) -> Result<Happened, AdminError> {
        self.write_when(psid, page, text, Some(at_ms), None).await
    }

    /// Makes the person write with an event time that long before now.
    pub async fn write_ago(&self, psid: &str, page: &str, text: &str, ago_ms: u64) -> Result<Happened, AdminError> {
        self.write_when(psid, page, text, None, Some(ago_ms)).await
    }

    /// Makes the person tap a button.
    pub async fn postback(&self, psid: &str, postback: &Postback) -> Result<Happened, AdminError> {
        self.post(&format!("people/{psid}/postback"), postback).await
    }

    /// Makes the person open an m.me link with that `ref`.
    pub async fn open_link(&self, psid: &str, page: &str, reference: &str) -> Result<Happened, AdminError> {
        let link = OpenLink { page: page.to_owned(), reference: reference.to_owned() };
        self.post(&format!("people/{psid}/open_link"), &link).await
    }

    /// Makes the person read everything up to now.
    pub async fn read(&self, psid: &str, page: &str) -> Result<Happened, AdminError> {
        self.post(&format!("people/{psid}/read"), &ReadAll { page: page.to_owned() }).await
    }

    /// The simulator's time.
    pub async fn clock(&self) -> Result<ClockReading, AdminError> {
        self.get("clock").await
    }

    /// Moves the clock forward and answers the new time.
    pub async fn advance_clock(&self, by: Duration) -> Result<ClockReading, AdminError> {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.post("clock/advance", &Advance { ms }).await
    }

    /// Queues faults for the next messages that would be accepted.
    pub async fn inject(&self, kind: FaultKind, count: u16) -> Result<(), AdminError> {
        self.post::<Done>("faults", &Inject { kind, count }).await.map(|_| ())
    }

    /// Forgets the faults still to come.
    pub async fn clear_faults(&self) -> Result<(), AdminError> {
        read::<Done>(self.client.request(Method::DELETE, self.url("faults"))).await.map(|_| ())
    }

    /// Sets when echoes leave.
    pub async fn set_echo(&self, setting: EchoSetting) -> Result<(), AdminError> {
        self.post::<Done>("echo", &setting).await.map(|_| ())
    }

    /// Verifies a callback and sends webhooks there from now on.
    pub async fn subscribe(&self, url: &str, verify_token: &str) -> Result<(), AdminError> {
        self.subscribe_with(url, verify_token, false).await.map(|_| ())
    }

    /// The same, but goes on in the background while nobody answers there. Answers whether it is verified already.
    pub async fn subscribe_eventually(&self, url: &str, verify_token: &str) -> Result<bool, AdminError> {
        self.subscribe_with(url, verify_token, true).await
    }

    /// Lets each of the next `times` deliveries go out twice.
    pub async fn duplicate_webhooks(&self, times: u32) -> Result<(), AdminError> {
        self.post::<Done>("webhooks/duplicate", &Duplicate { times }).await.map(|_| ())
    }

    /// Every message that took place, in order.
    pub async fn sends(&self) -> Result<Vec<SendRow>, AdminError> {
        self.get("recorder/sends").await
    }

    /// Every Send API call, in order.
    pub async fn calls(&self) -> Result<Vec<CallRow>, AdminError> {
        self.get("recorder/calls").await
    }

    /// Every webhook, in order.
    pub async fn webhooks(&self) -> Result<Vec<WebhookRow>, AdminError> {
        self.get("recorder/webhooks").await
    }

    /// Forgets what was recorded.
    pub async fn clear_recorder(&self) -> Result<(), AdminError> {
        self.post::<Done>("recorder/clear", &()).await.map(|_| ())
    }

    /// How many webhooks are not settled.
    pub async fn pending_webhooks(&self) -> Result<usize, AdminError> {
        self.wait_idle(Duration::ZERO).await
    }

    /// Waits until every webhook is settled, for 5 s at most and no longer than `patience`; answers how many are not.
    pub async fn wait_idle(&self, patience: Duration) -> Result<usize, AdminError> {
        let wait_ms = patience.as_millis().min(5000);
        self.get::<Idle>(&format!("idle?wait_ms={wait_ms}")).await.map(|idle| idle.pending_webhooks)
    }

    async fn write_when(
        &self,
        psid: &str,
        page: &str,
        text: &str,
        at_ms: Option<i64>,
        ago_ms: Option<u64>,
    ) -> Result<Happened, AdminError> {
        let write = Write { page: page.to_owned(), text: text.to_owned(), at_ms, ago_ms };
        self.post(&format!("people/{psid}/write"), &write).await
    }

    async fn subscribe_with(&self, url: &str, verify_token: &str, keep_trying: bool) -> Result<bool, AdminError> {
        let command = Subscribe { url: url.to_owned(), verify_token: verify_token.to_owned(), keep_trying };
        self.post::<Subscribed>("subscribe", &command).await.map(|subscribed| subscribed.verified)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AdminError> {
        read(self.client.get(self.url(path))).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, command: &impl Serialize) -> Result<T, AdminError> {
        read(self.client.post(self.url(path)).json(command)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/admin/{path}", self.base_url)
    }
}

async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, AdminError> {
    // Admin URLs hold PSIDs, and errors must not.
    let no_answer = |source: reqwest::Error| AdminError::NoAnswer { source: source.without_url() };
    let answer = request.timeout(TIMEOUT).send().await.map_err(no_answer)?;
    let status = answer.status();
    if status.is_success() {
        return answer.json().await.map_err(no_answer);
    }
    let sentence = match answer.json::<Complaint>().await {
        Ok(complaint) => complaint.error,
        Err(_) => "it gave no reason".to_owned(),
    };
    Err(AdminError::Refused { status: status.as_u16(), sentence })
}
