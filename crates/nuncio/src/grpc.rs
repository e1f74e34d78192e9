//! The gRPC server: the services of the chosen roles on one port, with health and reflection.

use crate::app::Deps;
use anyhow::Context;
use api::proto::DESCRIPTORS;
use compliance::ComplianceService;
use compliance::rehearsal::Rehearsals;
use conversation::{ConversationService, Eraser, PagesService};
use outbound_sender::{ActionsService, AttachmentsService, OutboundService, PersonasService, Sender};
use service_kit::Health;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Connections are asked to move on after a while, so that clients find new replicas.
const CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);

/// Which services a process offers.
pub(crate) struct Services {
    pub(crate) compliance: Option<Rehearsals>,
    pub(crate) conversation: Option<Conversation>,
    pub(crate) sender: Option<Sender>,
}

/// What the conversation service works with.
pub(crate) struct Conversation {
    pub(crate) deps: conversation::Deps,
    pub(crate) eraser: Eraser,
    pub(crate) pages: PagesService,
}

impl Services {
    /// Their names, as the health service knows them.
    fn names(&self) -> Vec<&'static str> {
        use api::proto::compliance::v1::compliance_server::SERVICE_NAME as COMPLIANCE;
        use api::proto::conversation::v1::conversations_server::SERVICE_NAME as CONVERSATIONS;
        use api::proto::outbound::v1::actions_server::SERVICE_NAME as ACTIONS;
        use api::proto::outbound::v1::attachments_server::SERVICE_NAME as ATTACHMENTS;
        use api::proto::outbound::v1::outbound_server::SERVICE_NAME as OUTBOUND;
        use api::proto::outbound::v1::personas_server::SERVICE_NAME as PERSONAS;
        use api::proto::page::v1::pages_server::SERVICE_NAME as PAGES;
        let offered = [
            (self.compliance.is_some(), COMPLIANCE),
            (self.conversation.is_some(), CONVERSATIONS),
            (self.conversation.is_some(), PAGES),
            (self.sender.is_some(), OUTBOUND),
            (self.sender.is_some(), ATTACHMENTS),
            (self.sender.is_some(), PERSONAS),
            (self.sender.is_some(), ACTIONS),
            // The empty name stands for the process.
            (true, ""),
        ];
        offered.into_iter().filter(|(is_offered, _)| *is_offered).map(|(_, name)| name).collect()
    }
}

/// The server, bound to its address.
pub(crate) struct Grpc {
    listener: TcpListener,
    address: SocketAddr,
}

impl Grpc {
    pub(crate) async fn bind(listen: SocketAddr) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen} (grpc.listen)"))?;
        let address = listener.local_addr().context("cannot tell the bound address of gRPC")?;
        Ok(Self { listener, address })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then finishes the calls in flight.
    pub(crate) async fn run(
        self,
        services: Services,
        deps: Deps,
        health: Health,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let (reporter, health_server) = tonic_health::server::health_reporter();
        let names = services.names();
        let compliance = services.compliance.map(|rehearsals| ComplianceService::server(deps.compliance(), rehearsals));
        let pages = services.conversation.as_ref().map(|conversation| conversation.pages.server());
        let conversation = services
            .conversation
            .map(|Conversation { deps, eraser, .. }| ConversationService::server(deps, eraser, stop.clone()));
        let attachments = services.sender.clone().map(AttachmentsService::server);
        let personas = services.sender.clone().map(PersonasService::server);
        let actions = services.sender.clone().map(ActionsService::server);
        let outbound = services.sender.map(|sender| OutboundService::server(sender, stop.clone()));
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .context("the generated descriptors cannot be reflected")?;
        let server = Server::builder()
            .max_connection_age(CONNECTION_AGE)
            .add_service(health_server)
            .add_service(reflection)
            .add_optional_service(compliance)
            .add_optional_service(conversation)
            .add_optional_service(pages)
            .add_optional_service(outbound)
            .add_optional_service(attachments)
            .add_optional_service(personas)
            .add_optional_service(actions)
            .serve_with_incoming_shutdown(incoming(self.listener), stop.clone().cancelled_owned());
        tokio::select! {
            served = server => served.context("gRPC ended"),
            () = report(health, reporter, names) => Ok(()),
        }
    }
}

/// Connections whose answers leave at once: an answer is written in pieces, and the system would keep the last of them back
/// until the caller acknowledges the first, which takes it 40 ms.
pub(crate) fn incoming(listener: TcpListener) -> TcpIncoming {
    TcpIncoming::from(listener).with_nodelay(Some(true))
}

/// Tells callers what readiness tells Kubernetes, for as long as the server runs.
async fn report(health: Health, reporter: HealthReporter, names: Vec<&'static str>) {
    let mut changes = health.subscribe();
    loop {
        let is_ready = changes.borrow_and_update().ready;
        let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in &names {
            reporter.set_service_status(*name, status).await;
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
