//! What all calls share that make the platform do something without a message: their token, and how their errors are told.

use crate::Parts;
use api::status;
use domain::id::PageId;
use messenger::client::errors::Known;
use messenger::client::{ApiError, As, CallError};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;

/// How long a call waits for something that another call began.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

impl Parts {
    /// The token by which a call speaks for its Page.
    pub(crate) async fn token_for_call(&self, page: &PageId) -> Result<Arc<SecretString>, Status> {
        match self.tokens.of(page).await {
            Ok(Some(token)) => Ok(token),
            Ok(None) => Err(status::page_not_registered(page.as_str())),
            Err(error) => Err(status::tables_unavailable(&error)),
        }
    }

    /// What a caller is told of a call without a result; `again` says what repeating it does.
    pub(crate) async fn told_of(&self, by: As<'_>, error: &CallError, again: &str) -> Status {
        tracing::warn!(page = %by.page, %error, "a call of the platform came to nothing");
        match error {
            CallError::Refused(error) => {
                if error.is_of_the_token() {
                    self.token_is_dead(by, error).await;
                }
                refused(error)
            }
            CallError::NotSent(reason) => status::platform_unclear(reason.as_str(), again),
            CallError::Ambiguous(reason) => status::platform_unclear(reason.as_str(), again),
        }
    }
}

/// What the platform's refusal means, and what to do about it.
pub(crate) fn refused(error: &ApiError) -> Status {
    let known = Known::find(error.code, error.subcode);
    let (means, advice) = known.map_or(("", ""), |known| (known.means, known.advice));
    status::platform_refused(error.code, error.subcode, means, advice)
}
