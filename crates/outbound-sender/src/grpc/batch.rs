//! Many requests in one call, each with a result of its own.

use super::asked::Asked;
use crate::Parts;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::batch_send_result::Result as Outcome;
use api::status::{self, Violations};
use domain::id::StreamId;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use tonic::Status;

/// The most requests of one call.
const MOST: usize = 500;
/// How many conversations are written to at a time: enough for their appends to share syncs.
const AT_ONCE: usize = 32;

/// A request, and its place in the call.
type Placed = (usize, Asked);

impl Parts {
    /// Takes every request, those of one conversation one behind the other.
    pub(super) async fn batch(&self, batch: pb::BatchSendRequest) -> Result<pb::BatchSendResponse, Status> {
        let n_requests = batch.requests.len();
        if !(1..=MOST).contains(&n_requests) {
            let mut violations = Violations::default();
            violations.add("requests", format!("are 1 to {MOST}; send more in several calls"));
            return Err(violations.into_status());
        }
        let mut results: Vec<_> = std::iter::repeat_with(pb::BatchSendResult::default).take(n_requests).collect();
        let mut lines: BTreeMap<StreamId, Vec<Placed>> = BTreeMap::new();
        for (place, request) in batch.requests.into_iter().enumerate() {
            let validate_only = request.validate_only || batch.validate_only;
            match self.parse(pb::SendMessageRequest { validate_only, ..request }) {
                Ok(asked) => lines.entry(asked.send.stream()).or_default().push((place, asked)),
                Err(status) => results[place] = result(Err(status)),
            }
        }
        let mut taken = stream::iter(lines.into_values()).map(|line| self.line(line)).buffer_unordered(AT_ONCE);
        while let Some(line) = taken.next().await {
            line.into_iter().for_each(|(place, result)| results[place] = result);
        }
        Ok(pb::BatchSendResponse { results })
    }

    /// Takes the requests of one conversation, in their order.
    async fn line(&self, line: Vec<Placed>) -> Vec<(usize, pb::BatchSendResult)> {
        let mut results = Vec::with_capacity(line.len());
        for (place, asked) in line {
            results.push((place, result(self.take(&asked).await)));
        }
        results
    }
}

fn result(answer: Result<pb::Message, Status>) -> pb::BatchSendResult {
    let outcome = match answer {
        Ok(message) => Outcome::Message(message),
        Err(status) => Outcome::Error(status::to_rpc(&status)),
    };
    pb::BatchSendResult { result: Some(outcome) }
}
