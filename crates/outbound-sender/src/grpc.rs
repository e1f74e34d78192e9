//! `nuncio.outbound.v1.Outbound`.

mod asked;
mod batch;
mod cancel;
mod find;
mod handling;
mod list;
mod poll;
mod request;
mod thread;

use crate::{Sender, watch};
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::outbound_server::{Outbound, OutboundServer};
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
        parts.take(&asked).await.map(Response::new)
    }

    async fn batch_send(
        &self,
        request: Request<pb::BatchSendRequest>,
    ) -> Result<Response<pb::BatchSendResponse>, Status> {
        self.sender.0.batch(request.into_inner()).await.map(Response::new)
    }

    async fn get_message(&self, request: Request<pb::GetMessageRequest>) -> Result<Response<pb::Message>, Status> {
        let asked = request.into_inner();
        self.sender.0.message(&asked.name, asked.min_revision).await.map(Response::new)
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        self.sender.0.list(request.get_ref()).await.map(Response::new)
    }

    async fn cancel_message(
        &self,
        request: Request<pb::CancelMessageRequest>,
    ) -> Result<Response<pb::Message>, Status> {
        self.sender.0.cancel(request.get_ref()).await.map(Response::new)
    }

    type WatchMessagesStream = watch::Steps;

    async fn watch_messages(
        &self,
        request: Request<pb::WatchMessagesRequest>,
    ) -> Result<Response<Self::WatchMessagesStream>, Status> {
        watch::steps(Arc::clone(&self.sender.0), request.get_ref(), self.stop.clone()).await.map(Response::new)
    }

    async fn poll_messages(
        &self,
        request: Request<pb::PollMessagesRequest>,
    ) -> Result<Response<pb::PollMessagesResponse>, Status> {
        poll::poll(Arc::clone(&self.sender.0), request.get_ref(), &self.stop).await.map(Response::new)
    }
}
