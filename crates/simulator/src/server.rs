//! The process side: binds the port, serves connections, runs the courier, and stops when told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use reqwest::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::http::Severed;
use crate::platform::Platform;
use crate::webhooks::courier::Courier;
use crate::{admin, http, page, webhooks};

/// How long connections may take to finish after the stop.
const DRAIN: Duration = Duration::from_secs(5);

/// A simulator that is bound and not yet serving.
pub struct Simulator {
    listener: TcpListener,
    platform: Arc<Platform>,
    client: Client,
    courier: Courier,
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) platform: Arc<Platform>,
    pub(crate) client: Client,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Simulator {
    /// Takes the port and sets up the world; serves nothing yet.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let platform = Arc::new(Platform::new(&config)?);
        let client = webhooks::http_client();
        let courier = Courier { platform: Arc::clone(&platform), client: client.clone(), settings: config.delivery };
        let listener =
            TcpListener::bind(config.listen).await.with_context(|| format!("cannot listen on {}", config.listen))?;
        Ok(Self { listener, platform, client, courier })
    }

    /// Where Graph API and admin API are.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound listener has an address")
    }

    /// Serves until `stop`, then finishes the calls under way. Webhooks not delivered by then are dropped.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { listener, platform, client, courier } = self;
        let tasks = TaskTracker::new();
        let context = Context { platform, client, tasks: tasks.clone(), stop: stop.clone() };
        let router = admin::router().merge(page::router()).fallback(http::graph).with_state(context);
        tasks.spawn(courier.run(stop.clone()));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, router.clone(), stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                    // Out of file descriptors, most likely: give others time to close theirs.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        tasks.close();
        tasks.wait().await;
        Ok(())
    }
}

/// One connection. hyper closes it without a byte when the service fails, which is how an answer gets lost.
async fn serve(stream: TcpStream, router: Router, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "cannot set nodelay");
    }
    let inner = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let response = inner.call(request);
        async move { response.await.map_or_else(never, lose_severed) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(DRAIN, connection.as_mut()).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(error = &error as &dyn std::error::Error, "connection ended early");
    }
}

/// The answer was lost on purpose.
#[derive(Debug, thiserror::Error)]
#[error("answer withheld on command")]
struct Withheld;

fn lose_severed(response: Response<Body>) -> Result<Response<Body>, Withheld> {
    if response.extensions().get::<Severed>().is_some() { Err(Withheld) } else { Ok(response) }
}

fn never(error: Infallible) -> Result<Response<Body>, Withheld> {
    match error {}
}
