//! Takes a thread for a message that asks for it.
//!
//! It happens before the message is recorded, so nothing of it can be out yet: whatever becomes of the taking, the message
//! is judged by whose thread it is then, and claimed and written once as any other.

use super::asked::Asked;
use super::request::judged;
use crate::Parts;
use crate::actions::control::as_if_taken;
use crate::dispatch::facts;
use api::proto::outbound::v1 as pb;
use api::status;
use domain::conversation::Conversation;
use domain::decision::Decision;
use domain::pack::Rule;
use domain::send::{Class, Request};
use messenger::client::errors::ErrorClass;
use messenger::client::{As, CallError, Control};
use tonic::Status as Answer;

impl Parts {
    /// Takes the thread, where another app has it and the message would be allowed without that. An app that may not is
    /// told by the judgement that follows.
    pub(super) async fn take_thread(&self, asked: &Asked, command: &Request) -> Result<(), Answer> {
        let (page, person) = (asked.send.page(), &asked.recipient);
        let loaded = self.load(&asked.send.stream()).await?;
        let known = self.judged_by.page_lately(page).await.map_err(|error| status::unavailable(&error))?.state;
        let is_not_ours = |decision: &Decision| decision.findings.iter().any(|one| one.rule == Rule::ThreadNotOurs);
        let as_it_is = self.would_be(command, &known, &loaded.state).await?;
        if !as_it_is.is_some_and(|(_, decision)| is_not_ours(&decision)) {
            return Ok(());
        }
        let taken = as_if_taken(&loaded.state, (page, person), known.app(), self.clock.now());
        if self.would_be(command, &known, &taken).await?.is_none_or(|(state, _)| state != pb::State::Accepted) {
            return Ok(());
        }
        if known.is_paused() {
            return Err(status::page_paused(&api::name::page(page)));
        }
        let token = self.token_for_call(page).await?;
        // Held until the call was made.
        let _call = self.takes_action(page, Class::of(&asked.intent.actor)).await?;
        let by = As { page, token: &token };
        let control = Control::Take(None);
        match self.client.control(by, person, &control).await.answer {
            Ok(()) => self.note_control(&asked.send.stream(), page, person, &control).await,
            Err(CallError::Refused(error)) if error.class() == ErrorClass::Thread => {
                tracing::info!(%page, code = error.code, "the platform does not let this app take a thread");
                Ok(())
            }
            Err(error) => Err(self.told_of(by, &error, "nothing was recorded; repeat the call").await),
        }
    }

    /// How the request would be judged in this conversation; none: it was made before.
    async fn would_be(
        &self,
        command: &Request,
        page: &domain::page::Page,
        state: &Conversation,
    ) -> Result<Option<(pb::State, Decision)>, Answer> {
        let packs = self.packs().await?;
        let facts = facts(command.send.page(), page, state, None);
        let answer = self.would_request(&facts, &packs, command, self.clock.now()).await?;
        let Ok(events) = answer else { return Ok(None) };
        Ok(judged(&events).map(|(state, decision)| (state, decision.clone())))
    }
}
