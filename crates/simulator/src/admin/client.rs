//! The admin API's client, for tests and demos.

use std::time::Duration;

use reqwest::{Client, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use serde_json::{Value, json};

use super::model::{
    AddedPerson, Advance, Changes, ClockReading, Complaint, Counted, Done, Duplicate, EchoSetting, Idle, Made, NewApp,
    NewPage, NewPerson, PersonRow, Population, Postback, SetClock, StaffReply, Subscribe, Subscribed, Thread,
    ThreadRow,
};
use crate::faults::{Fault, FaultKind};
use crate::recorder::{AlertRow, CallRow, Filter, SendRow, WebhookRow};
use crate::webhooks;
use crate::world::deeds::{Deed, Happened};
use crate::world::limits::Limits;
use crate::world::page::PageSettings;

/// Longer than the longest wait a command has.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Moving the clock works off everything on the way.
const LONG_TIMEOUT: Duration = Duration::from_secs(600);

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

    /// Adds an app, or changes one that is known.
    pub async fn add_app(&self, app: &NewApp) -> Result<(), AdminError> {
        self.post::<Done>("apps", app).await.map(|_| ())
    }

    /// Adds a Page, or changes the first app's token of one that is known.
    pub async fn add_page(&self, id: &str, access_token: &str) -> Result<(), AdminError> {
        let (id, access_token) = (id.to_owned(), access_token.to_owned());
        self.add_page_of(&NewPage { id, access_token, app: None }).await
    }

    /// Adds a Page, or an app's token for one that is known.
    pub async fn add_page_of(&self, page: &NewPage) -> Result<(), AdminError> {
        self.post::<Done>("pages", page).await.map(|_| ())
    }

    /// Changes some of a Page's settings: an object with the members of [`PageSettings`] that change.
    pub async fn set_page(&self, page: &str, changes: &Value) -> Result<PageSettings, AdminError> {
        self.post(&format!("pages/{page}/settings"), changes).await
    }

    /// Lets Meta warn, block or unblock the Page.
    pub async fn enforce(&self, page: &str, action: &str, reason: Option<&str>) -> Result<(), AdminError> {
        let step = json!({ "action": action, "reason": reason });
        self.post::<Done>(&format!("pages/{page}/policy"), &step).await.map(|_| ())
    }

    /// Lets the Page's staff answer in the inbox.
    pub async fn reply_by_hand(&self, page: &str, psid: &str, text: &str) -> Result<Happened, AdminError> {
        let (psid, text) = (psid.to_owned(), text.to_owned());
        self.post(&format!("pages/{page}/inbox"), &StaffReply { psid, text }).await
    }

    /// Makes many people at once; answers the first and the last PSID.
    pub async fn populate(&self, population: &Population) -> Result<Option<(String, String)>, AdminError> {
        let request = self.client.post(self.url("populations")).json(population);
        let made: Made = read_within(request, LONG_TIMEOUT).await?;
        Ok(made.first_psid.zip(made.last_psid))
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

    /// Makes the person do something now.
    pub async fn act(&self, psid: &str, page: &str, deed: &Deed) -> Result<Happened, AdminError> {
        self.act_when(psid, page, deed, None, None).await
    }

    /// Makes the person tap a button.
    pub async fn postback(&self, psid: &str, postback: &Postback) -> Result<Happened, AdminError> {
        self.post(&format!("people/{psid}/postback"), postback).await
    }

    /// Makes the person open an m.me link with that `ref`.
    pub async fn open_link(&self, psid: &str, page: &str, reference: &str) -> Result<Happened, AdminError> {
        self.act(psid, page, &Deed::OpenLink { reference: reference.to_owned() }).await
    }

    /// Makes the person read everything up to now.
    pub async fn read(&self, psid: &str, page: &str) -> Result<Happened, AdminError> {
        self.act(psid, page, &Deed::Read {}).await
    }

    /// The thread as its person sees it, from the `after`th message on.
    pub async fn thread(&self, psid: &str, page: &str, after: usize) -> Result<Vec<ThreadRow>, AdminError> {
        self.get::<Thread>(&format!("people/{psid}/thread?page={page}&after={after}")).await.map(|thread| thread.rows)
    }

    /// The simulator's time.
    pub async fn clock(&self) -> Result<ClockReading, AdminError> {
        self.get("clock").await
    }

    /// Moves the clock forward, works off what comes on the way, and answers the new time.
    pub async fn advance_clock(&self, by: Duration) -> Result<ClockReading, AdminError> {
        let ms = Some(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
        let request = self.client.post(self.url("clock/advance")).json(&Advance { ms, by: None });
        read_within(request, LONG_TIMEOUT).await
    }

    /// Sets the clock; forward is the same as advancing.
    pub async fn set_clock(&self, at_ms: i64) -> Result<ClockReading, AdminError> {
        let request = self.client.post(self.url("clock/set")).json(&SetClock { at_ms: Some(at_ms), at: None });
        read_within(request, LONG_TIMEOUT).await
    }

    /// Lets the clock stand still.
    pub async fn stop_clock(&self) -> Result<ClockReading, AdminError> {
        self.post("clock/stop", &()).await
    }

    /// Lets the clock run.
    pub async fn run_clock(&self) -> Result<ClockReading, AdminError> {
        self.post("clock/run", &()).await
    }

    /// Sets which limits hold.
    pub async fn set_limits(&self, limits: &Limits) -> Result<Limits, AdminError> {
        self.post("limits", limits).await
    }

    /// Arms a fault for the next messages that would be accepted.
    pub async fn inject(&self, kind: FaultKind, count: u16) -> Result<(), AdminError> {
        self.inject_fault(&Fault::next(kind, count.into())).await
    }

    /// Arms a fault: for whom and how often it says itself.
    pub async fn inject_fault(&self, fault: &Fault) -> Result<(), AdminError> {
        self.post::<Done>("faults", fault).await.map(|_| ())
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

    /// Verifies another app's callback and sends its webhooks there from now on.
    pub async fn subscribe_app(&self, app: &str, url: &str, verify_token: &str) -> Result<(), AdminError> {
        let (url, verify_token, app) = (url.to_owned(), verify_token.to_owned(), Some(app.to_owned()));
        let command = Subscribe { url, verify_token, app, keep_trying: false };
        self.post::<Subscribed>("subscribe", &command).await.map(|_| ())
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

    /// How often anything has changed; waits up to `wait` until that is another number than `seen`.
    pub async fn changes(&self, seen: Option<u64>, wait: Duration) -> Result<u64, AdminError> {
        let after = seen.map(|seen| format!("&after={seen}")).unwrap_or_default();
        let request = self.client.get(self.url(&format!("changes?wait_ms={}{after}", wait.as_millis())));
        read_within::<Changes>(request, TIMEOUT + wait).await.map(|changes| changes.change)
    }

    /// What went over the wire behind that place (`seq`), with its bodies, newest first.
    pub async fn traffic(&self, after: u64) -> Result<Vec<Value>, AdminError> {
        self.get(&format!("traffic?after={after}")).await
    }

    /// Every kind of fault, with what it does.
    pub async fn fault_kinds(&self) -> Result<Vec<Value>, AdminError> {
        self.get("faults/kinds").await
    }

    /// Every webhook, in order.
    pub async fn webhooks(&self) -> Result<Vec<WebhookRow>, AdminError> {
        self.get("recorder/webhooks").await
    }

    /// The messages that the filter wants.
    pub async fn sends_where(&self, filter: &Filter) -> Result<Vec<SendRow>, AdminError> {
        read(self.client.get(self.url("recorder/sends")).query(filter)).await
    }

    /// How often: quick with Page and person, however long the recording is.
    pub async fn count_sends(&self, filter: &Filter) -> Result<usize, AdminError> {
        let request = self.client.get(self.url("recorder/sends/count")).query(filter);
        read::<Counted>(request).await.map(|counted| counted.count)
    }

    /// The calls that the filter wants.
    pub async fn calls_where(&self, filter: &Filter) -> Result<Vec<CallRow>, AdminError> {
        read(self.client.get(self.url("recorder/calls")).query(filter)).await
    }

    /// The webhooks that the filter wants.
    pub async fn webhooks_where(&self, filter: &Filter) -> Result<Vec<WebhookRow>, AdminError> {
        read(self.client.get(self.url("recorder/webhooks")).query(filter)).await
    }

    /// What Meta would have written to the developers about.
    pub async fn alerts(&self) -> Result<Vec<AlertRow>, AdminError> {
        self.get("recorder/alerts").await
    }

    /// The whole recording as JSON lines, the same bytes for the same seed and deeds.
    pub async fn recording(&self) -> Result<String, AdminError> {
        let no_answer = |source: reqwest::Error| AdminError::NoAnswer { source: source.without_url() };
        let request = self.client.get(self.url("recorder/lines")).timeout(LONG_TIMEOUT);
        request.send().await.map_err(no_answer)?.text().await.map_err(no_answer)
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
        self.act_when(psid, page, &Deed::write(text), at_ms, ago_ms).await
    }

    async fn act_when(
        &self,
        psid: &str,
        page: &str,
        deed: &Deed,
        at_ms: Option<i64>,
        ago_ms: Option<u64>,
    ) -> Result<Happened, AdminError> {
        let mut members = json!(deed);
        let name = members["do"].take();
        members["page"] = page.into();
        if let Value::Object(members) = &mut members {
            members.remove("do");
            members.extend(at_ms.map(|at_ms| ("at_ms".to_owned(), at_ms.into())));
            members.extend(ago_ms.map(|ago_ms| ("ago_ms".to_owned(), ago_ms.into())));
        }
        self.post(&format!("people/{psid}/{}", name.as_str().unwrap_or_default()), &members).await
    }

    async fn subscribe_with(&self, url: &str, verify_token: &str, keep_trying: bool) -> Result<bool, AdminError> {
        let (url, verify_token) = (url.to_owned(), verify_token.to_owned());
        let command = Subscribe { url, verify_token, app: None, keep_trying };
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
    read_within(request, TIMEOUT).await
}

async fn read_within<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    patience: Duration,
) -> Result<T, AdminError> {
    // Admin URLs hold PSIDs, and errors must not.
    let no_answer = |source: reqwest::Error| AdminError::NoAnswer { source: source.without_url() };
    let answer = request.timeout(patience).send().await.map_err(no_answer)?;
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
