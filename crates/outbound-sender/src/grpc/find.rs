//! What answers are made from: conversations, what was asked for there before, and rule packs.

use crate::{Parts, render};
use api::name;
use api::proto::outbound::v1 as pb;
use api::status::{self, Violations};
use domain::id::{SendId, StreamId};
use domain::pack::Packs;
use domain::send::Send;
use event_log::Loaded;
use std::sync::Arc;
use tonic::Status;

impl Parts {
    /// The message of this name, as it stands at this revision or a later one.
    pub(super) async fn message(&self, wanted: &str, min_revision: u64) -> Result<pb::Message, Status> {
        let send = self.named(wanted)?;
        let (loaded, found) = self.find(&send).await?;
        reached(&loaded, min_revision)?;
        self.shown(&send, found.as_ref(), &loaded, wanted).await
    }

    /// The send of this name, whether there is one or not.
    pub(super) fn named(&self, wanted: &str) -> Result<SendId, Status> {
        let mut violations = Violations::default();
        match violations.take("name", name::parse_message(wanted)) {
            Some((home, id)) => Ok(home.send(self.conversations.person_key(&home.page, &home.psid), id)),
            None => Err(violations.into_status()),
        }
    }

    /// One send of a stream, as callers see it.
    pub(super) async fn shown(
        &self,
        send: &SendId,
        found: Option<&Send>,
        loaded: &Loaded,
        wanted: &str,
    ) -> Result<pb::Message, Status> {
        let found = found.ok_or_else(|| status::no_such_message(wanted))?;
        let packs = self.packs().await?;
        Ok(render::message(send, found, loaded, &packs))
    }

    /// A stream in which sends live, as it stands now.
    pub(super) async fn load(&self, stream: &StreamId) -> Result<Loaded, Status> {
        self.conversations.load(stream).await.map_err(|error| status::unavailable(&error))
    }

    /// The rule packs, lately.
    pub(super) async fn packs(&self) -> Result<Arc<Packs>, Status> {
        self.judged_by.packs_lately().await.map_err(|error| status::unavailable(&error))
    }
}

/// Refuses to answer with less than the caller has seen.
pub(super) fn reached(loaded: &Loaded, min: u64) -> Result<(), Status> {
    if loaded.revision < min { Err(status::revision_not_reached(min, loaded.revision)) } else { Ok(()) }
}
