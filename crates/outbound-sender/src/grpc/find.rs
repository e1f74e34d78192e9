//! What answers are made from: conversations and rule packs.

use crate::Parts;
use api::status;
use domain::id::SendId;
use domain::pack::Packs;
use event_log::Loaded;
use std::sync::Arc;
use tonic::Status;

impl Parts {
    /// The stream in which a send lives, as it stands now.
    pub(super) async fn load(&self, send: &SendId) -> Result<Loaded, Status> {
        self.conversations.load(&send.stream()).await.map_err(|error| status::unavailable(&error))
    }

    /// The rule packs, lately.
    pub(super) async fn packs(&self) -> Result<Arc<Packs>, Status> {
        self.judged_by.packs_lately().await.map_err(|error| status::unavailable(&error))
    }
}
