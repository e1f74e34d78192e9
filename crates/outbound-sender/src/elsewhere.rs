//! Settles sends at home whose echo came in another stream: a private reply lives with the comment that it answers, and
//! its echo comes in the person's conversation.
//!
//! The table keeps every such echo until its send is settled, so a process may die at any point: the next one reads the row
//! again, and what is settled already is not settled twice.

use crate::Parts;
use crate::append::ChangeError;
use domain::conversation::Conversation;
use domain::event::{Outcome, Witness};
use domain::id::{PageId, SendId};
use domain::send::settle;
use sql::SqlError;
use sql::echoes::{self, Elsewhere};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many are settled at a time.
const MOST: usize = 16;
/// How long the table may take to be read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those that are being settled for one Page.
#[derive(Default)]
pub(crate) struct Echoes {
    tasks: JoinSet<SendId>,
    busy: HashSet<SendId>,
}

#[derive(Debug, thiserror::Error)]
enum EchoError {
    #[error("the log did not take what an echo tells")]
    Change(#[source] ChangeError),
    #[error("the table of echoes did not answer")]
    Table(#[from] SqlError),
}

impl Echoes {
    /// Begins to settle what the table tells, as far as that is not under way.
    pub(crate) async fn poll(&mut self, parts: &Arc<Parts>, page: &PageId) {
        while let Some(done) = self.tasks.try_join_next() {
            match done {
                Ok(send) => drop(self.busy.remove(&send)),
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        if self.busy.len() >= MOST {
            return;
        }
        let rows = match timeout(PATIENCE, echoes::of_page(&parts.database, page, MOST)).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(error)) => return parts.trouble(&error),
            Err(late) => return parts.trouble(&late),
        };
        for echo in rows {
            if self.busy.insert(echo.send.clone()) {
                let parts = Arc::clone(parts);
                self.tasks.spawn(async move {
                    if let Err(error) = parts.settle_at_home(&echo).await {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(error, "what an echo tells could not be recorded; it is tried again");
                    }
                    echo.send
                });
            }
        }
    }
}

impl Parts {
    /// Records at home that the send is out, unless that is known there, and forgets the echo.
    async fn settle_at_home(&self, echo: &Elsewhere) -> Result<(), EchoError> {
        let Elsewhere { send, echoed_in, mid, at } = echo;
        let outcome = || Outcome::Found { mid: mid.clone(), at: *at, by: Witness::Echo(echoed_in.clone()) };
        let decide = |state: &Conversation, now| {
            let attempt = state.send(send).map_or(0, |send| send.attempts);
            settle(state, send, attempt, outcome(), now)
        };
        match self.change(&send.stream(), || self.clock.now(), decide).await {
            Ok(_) => self.outcomes.add(1, &[("outcome", "echoed")]),
            // It is known to be out; or it was erased, or is lost with the end of the log.
            Err(ChangeError::Refused(_)) => (),
            Err(error) => return Err(EchoError::Change(error)),
        }
        let mut transaction = self.database.begin().await?;
        echoes::remove(&mut transaction, send).await?;
        Ok(transaction.commit().await?)
    }
}
