//! `nuncio.outbound.v1.Outbound`.

mod asked;
mod find;
mod request;

use crate::{Sender, render, watch};
use api::name;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::outbound_server::{Outbound, OutboundServer};
use api::status::{self, Violations};
use domain::id::SendId;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The gRPC service.
#[derive(Debug)]
pub struct OutboundService {
    sender: Sender,
    stop: CancellationToken,
}

impl OutboundService {
    /// The service on this sender, ready for a server. Its streams end when `stop` is cancelled.
    pub fn server(sender: Sender, stop: CancellationToken) -> OutboundServer<Self> {
        OutboundServer::new(Self { sender, stop })
    }
}

#[tonic::async_trait]
impl Outbound for OutboundService {
    async fn send_message(&self, request: Request<pb::SendMessageRequest>) -> Result<Response<pb::Message>, Status> {
        let parts = &self.sender.0;
        let asked = parts.parse(request.into_inner())?;
        if !parts.tokens.knows(asked.send.page()).await {
            return Err(status::page_not_registered(asked.send.page().as_str()));
        }
        let answer = if asked.validate_only { parts.validate(&asked).await } else { parts.request(&asked).await };
        let word = match &answer {
            Ok(message) => pb::State::try_from(message.state).unwrap_or_default().as_str_name(),
            Err(_) => "REFUSED",
        };
        parts.requests.add(1, &[("result", word)]);
        answer.map(Response::new)
    }

    async fn get_message(&self, request: Request<pb::GetMessageRequest>) -> Result<Response<pb::Message>, Status> {
        let parts = &self.sender.0;
        let wanted = request.into_inner().name;
        let mut violations = Violations::default();
        let Some((page, psid, id)) = violations.take("name", name::parse_message(&wanted)) else {
            return Err(violations.into_status());
        };
        let send = SendId::new(page.clone(), parts.conversations.person_key(&page, &psid), id);
        let loaded = parts.load(&send).await?;
        let found = loaded.state.send(&send).ok_or_else(|| status::no_such_message(&wanted))?;
        let packs = parts.packs().await?;
        Ok(Response::new(render::message(&send, found, &loaded, &packs)))
    }

    type WatchMessagesStream = watch::Steps;

    async fn watch_messages(
        &self,
        request: Request<pb::WatchMessagesRequest>,
    ) -> Result<Response<Self::WatchMessagesStream>, Status> {
        watch::steps(Arc::clone(&self.sender.0), request.into_inner(), self.stop.clone()).await.map(Response::new)
    }
}
