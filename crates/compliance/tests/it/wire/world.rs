//! A platform and everything of ours between its webhooks and a judgement, with one clock that is moved by hand.

use crate::sandbox::{NOON, Sandbox};
use api::proto::compliance::v1::{BatchEvaluateRequest, EvaluateSendRequest, EvaluateSendResponse, evaluation};
use domain::decision::Capability;
use domain::event::{Event, PageStep, PageStepKind};
use domain::id::{AppId, PageId, Psid, RecordId, StreamId};
use domain::pack::{Change, Packs};
use domain::time::Timestamp;
use event_log::{EventLog, Expected, Record};
use messenger::signature::AppSecrets;
use secrecy::SecretString;
use serde_json::Value;
use service_kit::{Ids, Metrics};
use simulator::{Deed, Happened, Offline, WebhookTarget};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webhook_ingress::Ingress;

/// Our app on the platform.
pub(super) const APP: &str = "4004";
const SECRET: &str = "test-app-secret-0001";
/// Far more than anything takes on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// As many events as the platform puts into one body at most (Graph webhooks page: 1,000).
const MOST_EVENTS: usize = 500;

/// What we hear of: all that a judgement rests on. Echoes and receipts would only double what is delivered.
const FIELDS: &str = "messages,messaging_postbacks,messaging_optins,messaging_referrals,message_reactions,message_edits,\
                      messaging_handovers,messaging_policy_enforcement,standby,feed,message_template_status_update";

/// What the platform says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    Refused { code: i64, subcode: i64 },
}

pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) platform: Offline,
    pub(super) now: Timestamp,
    webhook: SocketAddr,
    ids: Ids,
    stop: CancellationToken,
    ingress: JoinSet<anyhow::Result<()>>,
}

/// How a world begins.
pub(super) struct Setup<'a> {
    pub(super) pages: &'a [String],
    pub(super) at: Timestamp,
    /// The platform's rule packs; none: those that are compiled in.
    pub(super) packs: Option<Vec<String>>,
}

impl World {
    pub(super) async fn start(setup: Setup<'_>) -> Self {
        let sandbox = Sandbox::start().await;
        sandbox.hands.set(setup.at);
        let config = webhook_ingress::Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app: AppId::parse(APP).unwrap(),
            secrets: AppSecrets { current: SecretString::from(SECRET), previous: None },
            verify_token: SecretString::from("verify-me"),
            body_limit: 4 << 20,
            body_timeout: SOON,
            append_timeout: SOON,
            max_in_flight: 4,
            max_connections: 16,
            max_buffered: 64 << 20,
        };
        let (_, log_ready) = watch::channel(true);
        let metrics = Metrics::new("nuncio", "0");
        let deps = webhook_ingress::Deps {
            log: sandbox.log.clone(),
            log_ready,
            clock: sandbox.clock.clone(),
            ids: Ids::random(),
            metrics,
        };
        let bound = Ingress::bind(config, deps).await.unwrap();
        let (webhook, stop) = (bound.address().unwrap(), CancellationToken::new());
        let mut ingress = JoinSet::new();
        ingress.spawn(bound.run(stop.clone()));
        let platform = platform(&setup);
        Self { sandbox, platform, now: setup.at, webhook, ids: Ids::random(), stop, ingress }
    }

    /// A world with one Page.
    pub(super) async fn of_page(at: Timestamp) -> Self {
        Self::start(Setup { pages: &["1001".to_owned()], at, packs: None }).await
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.ingress.join_next()).await.unwrap().unwrap().unwrap().unwrap();
        self.sandbox.stop().await;
    }

    pub(super) fn go_to(&mut self, at: Timestamp) {
        self.now = at;
        self.sandbox.hands.set(at);
    }

    /// A person does something so many milliseconds ago, of which the webhook comes with the next delivery.
    pub(super) fn does(&mut self, page: &str, psid: &str, deed: Deed, ago_ms: i64) -> Option<Happened> {
        let now_ms = self.now.as_millis();
        self.platform.act_at(page, psid, deed, now_ms - ago_ms, now_ms)
    }

    /// Hands over all webhooks that are due, signed, as the platform does.
    pub(super) async fn deliver(&mut self) {
        for signed in self.platform.take_webhooks(MOST_EVENTS, self.now.as_millis()) {
            assert_eq!(signed.app, APP);
            let head = format!(
                "POST /webhook HTTP/1.1\r\nhost: ingress\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
                signed.signature,
                signed.body.len()
            );
            let mut stream = TcpStream::connect(self.webhook).await.unwrap();
            stream.write_all(&[head.as_bytes(), &signed.body].concat()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
    }

    /// A call of the Graph API with the Page's token.
    pub(super) fn post(&mut self, page: &str, endpoint: &str, fields: &Value) -> Answer {
        let target = format!("/v25.0/{page}/{endpoint}?access_token={}", token(page));
        let body = fields.to_string();
        let now_ms = self.now.as_millis();
        let (status, answer) = self.platform.call("POST", &target, "application/json", body.as_bytes(), now_ms);
        if status == 200 {
            return Answer::Taken;
        }
        let number = |key: &str| answer["error"][key].as_i64().unwrap_or(0);
        Answer::Refused { code: number("code"), subcode: number("error_subcode") }
    }

    /// What compliance says to one intent.
    pub(super) async fn ask(&self, request: EvaluateSendRequest) -> EvaluateSendResponse {
        self.sandbox.ask(request).await.unwrap()
    }

    /// The same to many.
    pub(super) async fn ask_all(&self, requests: Vec<EvaluateSendRequest>) -> Vec<EvaluateSendResponse> {
        let request = BatchEvaluateRequest { requests };
        let answers = self.sandbox.compliance.clone().batch_evaluate(request).await.unwrap().into_inner();
        let answer = |evaluation: api::proto::compliance::v1::Evaluation| match evaluation.result.unwrap() {
            evaluation::Result::Answer(answer) => answer,
            evaluation::Result::Wrong(wrong) => panic!("{wrong:?}"),
        };
        answers.evaluations.into_iter().map(answer).collect()
    }

    /// An operator's word on a Page.
    pub(super) async fn page_step(&self, page: &str, kind: PageStepKind) {
        let step = Event::Page(PageStep { at: self.now, kind });
        self.record(StreamId::Page(PageId::parse(page).unwrap()), vec![step]).await;
    }

    pub(super) async fn grants(&self, page: &str, capability: Capability, is_granted: bool) {
        self.page_step(page, PageStepKind::CapabilityChanged { capability, is_granted }).await;
    }

    /// An operator changes the packs by which we judge.
    pub(super) async fn change(&self, change: &Change) {
        let events = Packs::built_in().decide(change, self.now).unwrap();
        self.record(StreamId::packs(), events).await;
    }

    /// What another of our services wrote.
    pub(super) async fn record(&self, stream: StreamId, events: Vec<Event>) {
        let id = RecordId::new(self.ids.uuid_v7(self.now.max(NOON)));
        let record = Record { id, stream, recorded_at: self.now, fact: None, traceparent: None, events };
        self.sandbox.log.append(&record, Expected::Any).await.unwrap();
    }

    /// The person's conversation.
    pub(super) fn conversation(&self, page: &str, psid: &str) -> StreamId {
        let (page, psid) = (PageId::parse(page).unwrap(), Psid::parse(psid).unwrap());
        let person = self.sandbox.log.identity().person_key(&page, &psid);
        StreamId::Conversation(page, person)
    }
}

fn token(page: &str) -> String {
    format!("EAA{page}")
}

fn platform(setup: &Setup<'_>) -> Offline {
    let url = "http://ingress/webhook".to_owned();
    let config = simulator::Config {
        app_id: APP.to_owned(),
        app_secret: SecretString::from(SECRET),
        pages: setup.pages.iter().map(|page| (page.clone(), token(page))).collect(),
        webhook: Some(WebhookTarget { url, verify_token: "verify-me".to_owned() }),
        ..simulator::Config::default()
    };
    let platform = match &setup.packs {
        None => Offline::new(&config),
        Some(packs) => Offline::with_packs(&config, &packs.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    let mut platform = platform.unwrap().telling();
    for page in setup.pages {
        let target = format!("/v25.0/{page}/subscribed_apps?access_token={}&subscribed_fields={FIELDS}", token(page));
        let (status, answer) = platform.call("POST", &target, "", &[], setup.at.as_millis());
        assert_eq!(status, 200, "{answer}");
    }
    platform
}
