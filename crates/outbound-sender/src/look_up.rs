//! Looks a send up in the platform's list of messages, when nobody tells whether it is out.

use crate::Parts;
use crate::append::ChangeError;
use crate::dispatch::Work;
use crate::quota::Reserved;
use domain::conversation::Conversation;
use domain::event::{Event, Outcome, SendingKind, Witness};
use domain::id::{SendId, StreamId};
use domain::send::{Class, Listed, Listing, Said, found, is_listable, settle};
use domain::time::{Span, Timestamp};
use event_log::Stored;
use messenger::client::{As, CallError, Newest, PastMessage};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// The shortest and the longest pause before a list is asked for again that could not be had.
const SHORTEST_PAUSE_MS: i64 = 2_000;
const LONGEST_PAUSE_MS: i64 = 60_000;
/// Those who wait for the Page's turn to ask do not all come back at once.
const SPREAD_MS: f64 = 2_000.0;

/// Which send is looked up.
pub(crate) struct Wanted {
    pub(crate) send: SendId,
    pub(crate) attempt: u32,
    /// Since when nobody knows whether it is out.
    pub(crate) since: Timestamp,
}

impl Parts {
    /// Looks a send up, and records what came of it. Answers when to try again if the list could not be had: that says
    /// nothing of the send.
    pub(crate) async fn ask_for(
        &self,
        stream: &StreamId,
        wanted: &Wanted,
        work: &Work,
    ) -> Result<Option<Timestamp>, ChangeError> {
        let loaded = self.conversations.load(stream).await.map_err(ChangeError::Read)?;
        let Some(send) = loaded.state.send(&wanted.send) else { return Ok(None) };
        let listing = if is_listable(&wanted.send, send) {
            let person = send.recipient.clone();
            drop(loaded);
            let Some(token) = self.token_for_look_up(wanted).await else {
                return Ok(Some(self.later(wanted)));
            };
            if let Err(until) = work.permit.for_look_up(self.clock.uptime()) {
                return Ok(Some(self.in_turn(until)));
            }
            let by = As { page: wanted.send.page(), token: &token };
            // Held until the call was made.
            let mut call = match self.call_or_rest(by.page, Class::Person) {
                Ok(call) => call,
                Err(free) => return Ok(Some(free)),
            };
            call.as_mut().into_iter().for_each(Reserved::begins);
            let answered = self.client.newest_messages(by, &person).await;
            let is_refused = matches!(answered.answer, Err(CallError::Refused(_)));
            self.heed(&answered.usage, is_refused, work);
            match answered.answer {
                Ok(newest) => listing(newest),
                Err(error) => return Ok(Some(self.without_a_list(wanted, &error))),
            }
        } else {
            Listing::default()
        };
        self.record_look_up(stream, wanted, &listing).await.map(|()| None)
    }

    /// Records what the list says of the send, decided on everything that happened up to that very record.
    async fn record_look_up(&self, stream: &StreamId, wanted: &Wanted, listing: &Listing) -> Result<(), ChangeError> {
        let Wanted { send, attempt, since } = wanted;
        let decide = |history: &[Stored], now| {
            let state = Conversation::fold(history.iter().flat_map(Stored::events));
            let said = Said::of(history.iter().flat_map(|stored| &stored.record.events));
            let outcome = match found(&state, &said, send, listing) {
                Some((mid, at)) => Outcome::Found { mid, at, by: Witness::Listing },
                None => Outcome::NotFound { since: *since },
            };
            settle(&state, send, *attempt, outcome, now)
        };
        match self.change_by_history(stream, decide).await {
            Ok(changed) => {
                let is_found = changed.events.iter().any(is_found);
                self.look_ups.add(1, &[("outcome", if is_found { "found" } else { "none" })]);
                Ok(())
            }
            // Something else has told of it meanwhile.
            Err(ChangeError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn token_for_look_up(&self, wanted: &Wanted) -> Option<Arc<SecretString>> {
        match self.tokens.of(wanted.send.page()).await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a look-up waits for the registry of Pages");
                None
            }
        }
    }

    fn without_a_list(&self, wanted: &Wanted, error: &CallError) -> Timestamp {
        tracing::warn!(send = %wanted.send, %error, "the platform did not list a conversation's messages; asking later");
        let (word, told) = match error {
            CallError::Refused(refusal) => ("refused", self.told(refusal)),
            CallError::NotSent(_) | CallError::Ambiguous(_) => ("failed", None),
        };
        self.look_ups.add(1, &[("outcome", word)]);
        let later = self.later(wanted);
        told.map_or(later, |told| told.max(later))
    }

    /// Ever later, without anything to be remembered: after half as long as the send has been unknown.
    fn later(&self, wanted: &Wanted) -> Timestamp {
        let now = self.clock.now();
        let half_ms = now.since(wanted.since).as_millis() / 2;
        now.plus(Span::from_millis(half_ms.clamp(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS)))
    }

    fn in_turn(&self, until: Duration) -> Timestamp {
        let pause = until.saturating_sub(self.clock.uptime());
        #[expect(clippy::cast_possible_truncation, reason = "at most two seconds")]
        let spread_ms = (self.ids.fraction() * SPREAD_MS) as i64;
        let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(LONGEST_PAUSE_MS);
        self.clock.now().plus(Span::from_millis(pause_ms.saturating_add(spread_ms)))
    }
}

fn is_found(event: &Event) -> bool {
    let Event::Sending(step) = event else { return false };
    matches!(&step.kind, SendingKind::Settled { outcome: Outcome::Found { .. }, .. })
}

fn listing(newest: Newest) -> Listing {
    let messages = newest.messages.into_iter().map(listed).collect();
    Listing { messages, is_whole: newest.is_whole }
}

fn listed(message: PastMessage) -> Listed {
    let PastMessage { mid, sent_at, is_ours, text, files } = message;
    Listed { mid, sent_at, is_ours, text, has_files: !files.is_empty() }
}
