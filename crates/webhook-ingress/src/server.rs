//! The listener: bound first, served later, and drained when told.

use crate::http;
use crate::{Config, Deps, Erased};
use anyhow::Context;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The ingress, bound to its address.
#[derive(Debug)]
pub struct Ingress {
    listener: TcpListener,
    router: Router,
    header_timeout: Duration,
    places: Arc<Semaphore>,
    erased: Erased,
}

impl Ingress {
    /// Binds the address, so that a taken port is known before anything runs.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (webhook.listen)", config.listen))?;
        let header_timeout = config.body_timeout;
        let places = Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS)));
        let erased = Erased::default();
        Ok(Self { listener, router: http::router(config, deps, erased.clone()), header_timeout, places, erased })
    }

    /// Where whoever knows of erasures notes them, so that old facts of these people are not stored again.
    pub fn erased(&self) -> Erased {
        self.erased.clone()
    }

    /// The bound address.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("cannot tell the bound address of the webhook listener")
    }

    /// Serves until `stop` is cancelled, then finishes the deliveries in flight.
    ///
    /// # Errors
    /// Never in operation; the form is shared with other services.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self { listener, router, header_timeout, places, erased: _ } = self;
        let connections = TaskTracker::new();
        loop {
            // The place first: connections beyond the limit wait in the system's queue, not in our memory.
            let accept = async {
                let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the semaphore");
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let work = serve(stream, router.clone(), header_timeout, stop.clone());
                    connections.spawn(async move {
                        work.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Out of file descriptors, or the peer is gone already: neither is cured by trying at once.
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a webhook connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        // Else the system would go on taking connections that nobody will serve: refused, a sender tries elsewhere.
        drop(listener);
        connections.close();
        connections.wait().await;
        Ok(())
    }
}

async fn serve(stream: TcpStream, router: Router, header_timeout: Duration, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    // A client that sends its headers byte by byte holds a connection no longer than this.
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "a webhook connection ended early");
    }
}
