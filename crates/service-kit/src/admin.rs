//! The admin port: liveness, readiness, metrics and version over plain HTTP, for Kubernetes and Prometheus.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json};
use axum::routing::get;
use axum::{Router, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::health::{Health, Readiness};
use crate::metrics::Metrics;

/// What `/version` answers.
#[derive(Clone, Debug)]
pub struct Version {
    /// The release, such as `0.1.0`.
    pub version: String,
    /// The commit it was built from, if the build knew it.
    pub commit: Option<String>,
}

impl From<&str> for Version {
    fn from(version: &str) -> Self {
        Self { version: version.to_owned(), commit: None }
    }
}

/// The admin server, bound and not yet serving.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    router: Router,
}

#[derive(Clone)]
struct Known {
    health: Health,
    metrics: Metrics,
    version: Version,
}

impl Admin {
    /// Takes the port, 0 for any free one.
    pub async fn bind(
        address: SocketAddr,
        health: Health,
        metrics: Metrics,
        version: impl Into<Version>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} for the admin port"))?;
        let router = Router::new()
            .route("/livez", get(alive))
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics_text))
            .route("/version", get(version_json))
            .with_state(Known { health, metrics, version: version.into() });
        Ok(Self { listener, router })
    }

    /// The address taken.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound listener has an address")
    }

    /// Serves until `stop` is cancelled, then finishes the answers under way and returns.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        tracing::info!(address = %self.address(), "serving the admin port on {}", self.address());
        serve(self.listener, self.router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .context("the admin port failed")
    }
}

/// Alive means: able to answer. What the process depends on is no ground to kill it.
async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(known): State<Known>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let detail = if asks_for_all(query.as_deref()) { Detail::All } else { Detail::Failing };
    let readiness = known.health.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], readiness_text(&readiness, detail))
}

fn asks_for_all(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("verbose")))
}

#[derive(Clone, Copy)]
enum Detail {
    Failing,
    All,
}

/// One line for each check in the manner of the Kubernetes API server, then the sum of it.
fn readiness_text(readiness: &Readiness, detail: Detail) -> String {
    let mut text = String::new();
    for (name, outcome) in &readiness.checks {
        match (outcome, detail) {
            (Ok(()), Detail::Failing) => Ok(()),
            (Ok(()), Detail::All) => writeln!(text, "[+] {name}: ok"),
            (Err(why), Detail::Failing | Detail::All) => writeln!(text, "[-] {name}: {why}"),
        }
        .expect("writing to a string cannot fail");
    }
    for (name, what) in &readiness.notes {
        writeln!(text, "[!] {name}: {what}").expect("writing to a string cannot fail");
    }
    text.push_str(if readiness.ready { "ready\n" } else { "not ready\n" });
    text
}

async fn metrics_text(State(known): State<Known>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], known.metrics.render())
}

async fn version_json(State(known): State<Known>) -> Json<Value> {
    let Version { version, commit } = known.version;
    Json(match commit {
        Some(commit) => json!({ "version": version, "commit": commit }),
        None => json!({ "version": version }),
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpStream;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::testing::{LOOPBACK, http_get, within};

    struct Running {
        address: SocketAddr,
        health: Health,
        metrics: Metrics,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<anyhow::Result<()>>,
    }

    impl Running {
        async fn start(version: impl Into<Version>) -> Self {
            let (health, metrics) = (Health::new(), Metrics::new("nuncio", "1.2.3"));
            let admin = Admin::bind(LOOPBACK, health.clone(), metrics.clone(), version).await.unwrap();
            let (address, stop) = (admin.address(), CancellationToken::new());
            let task = TaskTracker::new().spawn(admin.run(stop.clone()));
            Self { address, health, metrics, stop, task }
        }

        async fn get(&self, path: &str) -> (u16, String) {
            http_get(self.address, path).await
        }

        /// Every test ends here, so every test proves that stopping works.
        async fn stop(self) {
            self.stop.cancel();
            within(self.task).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn liveness_does_not_depend_on_readiness() {
        let admin = Running::start("1.2.3").await;
        admin.health.check("log").failing("cannot reach nats:4222");
        assert_eq!(admin.get("/livez").await, (200, "ok\n".to_owned()));
        assert_eq!(admin.get("/healthz").await, (200, "ok\n".to_owned()));
        assert_eq!(admin.get("/elsewhere").await.0, 404);
        admin.stop().await;
    }

    #[tokio::test]
    async fn readyz_lists_what_fails_and_verbose_lists_everything() {
        let admin = Running::start("1.2.3").await;
        let (log, sql) = (admin.health.check("log"), admin.health.check("sql"));
        log.ok();
        assert_eq!(admin.get("/readyz").await, (503, "[-] sql: not started yet\nnot ready\n".to_owned()));
        let all = "[+] log: ok\n[-] sql: not started yet\nnot ready\n";
        assert_eq!(admin.get("/readyz?verbose").await, (503, all.to_owned()));
        sql.ok();
        assert_eq!(admin.get("/readyz").await, (200, "ready\n".to_owned()));
        assert_eq!(admin.get("/readyz?verbose=1").await, (200, "[+] log: ok\n[+] sql: ok\nready\n".to_owned()));
        admin.stop().await;
    }

    #[tokio::test]
    async fn metrics_and_version_are_served() {
        let version = Version { version: "1.2.3".to_owned(), commit: Some("abc123".to_owned()) };
        let admin = Running::start(version).await;
        admin.metrics.counter("nuncio.sends", "{send}", "Sends.").add(4, &[("outcome", "sent")]);
        let (status, text) = admin.get("/metrics").await;
        assert_eq!(status, 200);
        assert!(text.contains(r#"nuncio_sends_total{outcome="sent"} 4"#), "{text}");

        let (status, body) = admin.get("/version").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, body), (200, json!({ "version": "1.2.3", "commit": "abc123" })));
        admin.stop().await;
    }

    #[tokio::test]
    async fn a_build_without_a_commit_names_none() {
        let admin = Running::start("1.2.3").await;
        assert_eq!(admin.get("/version").await, (200, r#"{"version":"1.2.3"}"#.to_owned()));
        admin.stop().await;
    }

    #[tokio::test]
    async fn connections_that_ask_nothing_do_not_hold_up_the_stop() {
        let admin = Running::start("1.2.3").await;
        let _silent = TcpStream::connect(admin.address).await.unwrap();
        let mut kept_alive = TcpStream::connect(admin.address).await.unwrap();
        kept_alive.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        kept_alive.readable().await.unwrap();
        admin.stop().await;
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let admin = Running::start("1.2.3").await;
        let second = Admin::bind(admin.address, Health::new(), Metrics::new("nuncio", "1"), "1").await;
        let expected = format!("cannot listen on {} for the admin port", admin.address);
        assert_eq!(second.unwrap_err().to_string(), expected);
        admin.stop().await;
    }
}
