//! A platform on a free port, somebody who has written, and a client.

use domain::content::Content;
use domain::id::{PageId, Psid};
use messenger::client::{As, CallAnswer, CallError, MessagingType, Recipient, SendAnswer, SendClient, SendRequest};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use simulator::{AdminClient, AppConfig, ClockStart, Config, Simulator};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) const PAGE: &str = "1001";
pub(crate) const ASHA: &str = "2002";
/// An app besides ours.
pub(crate) const OTHER_APP: &str = "5005";
/// Its token for the same Page.
pub(crate) const OTHER_TOKEN: &str = "EAAothertoken";
/// Where the clock stands: in December 2025, when everything that the samples hold was still taken.
pub(crate) const T0: i64 = 1_766_000_000_000;
const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Sandbox {
    pub(crate) admin: AdminClient,
    pub(crate) client: SendClient,
    pub(crate) page: PageId,
    pub(crate) token: SecretString,
    base: String,
    secret: SecretString,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Sandbox {
    /// Asha has just written, and the clock stands still.
    pub(crate) async fn start() -> Self {
        let token = SecretString::from("EAAtesttoken123");
        let mut config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pages: vec![(PAGE.to_owned(), "EAAtesttoken123".to_owned())],
            clock: ClockStart::StoppedAt(T0),
            require_proof: true,
            ..Config::default()
        };
        let secret = config.app_secret.clone();
        config.apps.push(AppConfig {
            id: OTHER_APP.to_owned(),
            secret: SecretString::from("another-secret"),
            webhook: None,
            pages: vec![(PAGE.to_owned(), OTHER_TOKEN.to_owned())],
        });
        let simulator = Simulator::bind(config).await.unwrap();
        let base = format!("http://{}", simulator.address());
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(simulator.run(stop.clone()));
        let client = SendClient::new(&base, Some(secret.clone()), SOON).unwrap();
        let page = PageId::parse(PAGE).unwrap();
        let admin = AdminClient::new(&base);
        let sandbox = Self { admin, client, page, token, base, secret, stop, tasks };
        sandbox.admin.write(ASHA, PAGE, "hello").await.unwrap();
        sandbox
    }

    /// Every test ends here, so every test proves that the platform stops.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(SOON, self.tasks.join_next()).await;
        ended.expect("the platform stops in time").unwrap().unwrap().unwrap();
    }

    pub(crate) fn us(&self) -> As<'_> {
        As { page: &self.page, token: &self.token }
    }

    /// A call that the client does not make, with the Page's token.
    pub(crate) async fn graph(&self, edge: &str, body: &Value) -> Value {
        let proof = messenger::signature::appsecret_proof(&self.token, &self.secret);
        let url = format!("{}/v25.0/{PAGE}/{edge}?appsecret_proof={proof}", self.base);
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let call = http.post(url).bearer_auth(self.token.expose_secret()).json(body);
        call.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn send(&self, request: &SendRequest) -> SendAnswer {
        self.client.send(&self.page, &self.token, request).await.answer
    }

    /// The id of a message that the platform took.
    #[track_caller]
    pub(crate) fn takes(&self, request: SendRequest) -> impl Future<Output = domain::id::Mid> {
        let caller = std::panic::Location::caller();
        async move {
            match self.send(&request).await {
                SendAnswer::Accepted { mid, .. } => mid,
                SendAnswer::Refused(_) | SendAnswer::NotSent(_) | SendAnswer::Ambiguous(_) => {
                    panic!("{caller}: {:?}", self.send(&request).await)
                }
            }
        }
    }

    /// Code and subcode of a refusal.
    #[track_caller]
    pub(crate) fn refuses(&self, request: SendRequest) -> impl Future<Output = (i64, i64)> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.send(&request).await;
            let SendAnswer::Refused(error) = answer else { panic!("{caller}: {answer:?}") };
            (error.code, error.subcode)
        }
    }
}

pub(crate) fn asha() -> Psid {
    Psid::parse(ASHA).unwrap()
}

/// An answer to Asha.
pub(crate) fn says(content: Content) -> SendRequest {
    let (recipient, messaging_type) = (Recipient::Person(asha()), MessagingType::Response);
    SendRequest { recipient, messaging_type, content, metadata: "note".to_owned() }
}

/// Code and subcode of what a call was refused with.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(answer: CallAnswer<T>) -> (i64, i64) {
    match answer.answer.unwrap_err() {
        CallError::Refused(error) => (error.code, error.subcode),
        other @ (CallError::NotSent(_) | CallError::Ambiguous(_)) => panic!("{other:?}"),
    }
}
