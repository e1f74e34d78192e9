//! Takes back a message that waits.

use crate::append::ChangeError;
use crate::{Parts, render};
use api::proto::outbound::v1 as pb;
use api::status;
use domain::id::SendId;
use domain::send::{Refusal, Status, cancel};
use tonic::Status as Answer;

impl Parts {
    /// Cancels the message, and answers how it stands then. A claim is made at the conversation's revision, as this is, so
    /// once this is in the log nobody can claim it any more.
    pub(super) async fn cancel(&self, asked: &pb::CancelMessageRequest) -> Result<pb::Message, Answer> {
        let send = self.named(&asked.name)?;
        let stream = send.stream();
        if asked.validate_only {
            let loaded = self.load(&stream).await?;
            if let Err(refusal) = cancel(&loaded.state, &send, self.clock.now()) {
                self.is_cancelled(refusal, &send, &asked.name).await?;
            }
            return self.message(&asked.name, 0).await;
        }
        let decide = |state: &_, now| cancel(state, &send, now);
        match self.change(&stream, || self.clock.now(), decide).await {
            Ok(_) => (),
            Err(ChangeError::Refused(refusal)) => self.is_cancelled(refusal, &send, &asked.name).await?,
            Err(ChangeError::Contended) => return Err(status::contended()),
            Err(error) => return Err(status::unavailable(&error)),
        }
        self.message(&asked.name, 0).await
    }

    /// Whether a refusal says that it was cancelled before; else why it cannot be.
    async fn is_cancelled(&self, refusal: Refusal, send: &SendId, wanted: &str) -> Result<(), Answer> {
        match refusal {
            Refusal::Settled => Ok(()),
            // It may have left the state of its conversation, and does not wait then.
            Refusal::NotWaiting(_) | Refusal::NoSuchSend => {
                let found = self.find(send).await?.1.ok_or_else(|| status::no_such_message(wanted))?;
                if found.status == Status::Cancelled {
                    return Ok(());
                }
                Err(status::not_waiting(wanted, render::state(&found.status)))
            }
            refusal @ (Refusal::Repeated(_)
            | Refusal::RequestIdReused(_)
            | Refusal::KeyTaken(_)
            | Refusal::Forgotten { .. }
            | Refusal::NotDue { .. }
            | Refusal::Held
            | Refusal::Paused) => Err(status::internal(&refusal)),
        }
    }
}
