//! The calls beside sending.

use crate::parts::within;
use crate::sandbox::Sandbox;
use api::proto::outbound::v1 as pb;
use pb::batch_send_result::Result as Outcome;
use tonic::{Response, Status};

impl Sandbox {
    pub(crate) async fn batch(&self, requests: Vec<pb::SendMessageRequest>) -> Result<Vec<Outcome>, Status> {
        let mut outbound = self.outbound.clone();
        let batch = pb::BatchSendRequest { requests, validate_only: false };
        let answer = within(outbound.batch_send(batch)).await?.into_inner();
        Ok(answer.results.into_iter().map(|result| result.result.unwrap()).collect())
    }

    pub(crate) async fn cancel(&self, name: &str) -> Result<pb::Message, Status> {
        let mut outbound = self.outbound.clone();
        let request = pb::CancelMessageRequest { name: name.to_owned(), validate_only: false };
        within(outbound.cancel_message(request)).await.map(Response::into_inner)
    }

    pub(crate) async fn list(&self, request: pb::ListMessagesRequest) -> Result<pb::ListMessagesResponse, Status> {
        let mut outbound = self.outbound.clone();
        within(outbound.list_messages(request)).await.map(Response::into_inner)
    }

    pub(crate) async fn poll(&self, request: pb::PollMessagesRequest) -> Result<pb::PollMessagesResponse, Status> {
        let mut outbound = self.outbound.clone();
        within(outbound.poll_messages(request)).await.map(Response::into_inner)
    }
}
