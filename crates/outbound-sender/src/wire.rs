//! What is written to the wire, and what follows from the platform's answer, for the send and for everything else.

use crate::Parts;
use crate::append::ChangeError;
use crate::dispatch::Work;
use crate::prepare::Ready;
use domain::content::{Content, Words};
use domain::decision::{Decision, Route, Tag as RuleTag};
use domain::event::{Concern, Event, Notifications, OptIn, Outcome};
use domain::id::{Psid, SendId, Token};
use domain::right::{Right, TokenId};
use domain::time::{Span, Timestamp};
use messenger::client::errors::{ErrorClass, Scope, Wait};
use messenger::client::{ApiError, As, Load, MessagingType, Recipient, SendAnswer, SendRequest, Tag, Usage};
use messenger::metadata;
use std::time::Duration;

/// The longest pause between two attempts.
const LONGEST_PAUSE_MS: i64 = 60_000;
/// How long the app rests whose limit is used up by what an answer says that does not say for how long.
const APP_RESTS: Duration = Duration::from_secs(60);
/// How long a message waits whose thread another app has, before it is tried again.
const THREAD_RESTS: Span = Span::from_secs(60);
/// From this part of the platform's limits on, in hundredths, a Page is slowed; at all of it, it uses a tenth of its own.
const SLOWS_FROM: u32 = 75;

/// A message that is about to leave.
pub(crate) struct Writing {
    pub(crate) request: SendRequest,
    /// How it was made ready.
    pub(crate) ready: Ready,
    pub(crate) attempt: u32,
}

impl Parts {
    /// The message as it is written to the wire. None: it was allowed by a way that cannot be taken.
    pub(crate) async fn request_for(
        &self,
        send: &SendId,
        person: Psid,
        content: Content,
        decision: &Decision,
    ) -> Result<Option<SendRequest>, ChangeError> {
        let Some(messaging_type) = decision.route().and_then(messaging_type) else { return Ok(None) };
        let recipient = match &decision.right {
            None => Recipient::Person(person),
            Some(Right::PrivateReply(comment)) => Recipient::Comment(comment.clone()),
            Some(Right::OneTime(id)) => match self.token(send, *id).await? {
                Some(token) => Recipient::OneTime(token),
                None => return Ok(None),
            },
            Some(Right::Repeated(id)) => match self.token(send, *id).await? {
                Some(token) => Recipient::Repeated(token),
                None => return Ok(None),
            },
        };
        let metadata = metadata::write(send, content.metadata.as_ref().map(Words::as_str));
        Ok(Some(SendRequest { recipient, messaging_type, metadata, content }))
    }

    /// The token of this name, which only the log has.
    async fn token(&self, send: &SendId, id: TokenId) -> Result<Option<Token>, ChangeError> {
        let records = self.log.read(&send.stream(), 0).await.map_err(ChangeError::Read)?;
        let given = records.iter().flat_map(|stored| &stored.record.events).filter_map(token_of);
        Ok(given.into_iter().find(|token| TokenId::of(token) == id).cloned())
    }

    /// Writes one message to the wire. None: whether it went out is not known.
    pub(crate) async fn write(&self, by: As<'_>, writing: &Writing, work: &Work) -> Option<Outcome> {
        let As { page, token } = by;
        let Writing { request, ready, attempt } = writing;
        let answered = self.client.send(page, token, request).await;
        self.heed(&answered.usage, matches!(answered.answer, SendAnswer::Refused(_)), work);
        let outcome = match answered.answer {
            SendAnswer::Accepted { mid, .. } => {
                self.send_is_taken(by).await;
                Some(Outcome::Sent { mid })
            }
            SendAnswer::Refused(error) => match self.mend(by, request, ready, &error).await {
                Some(mended) => Some(mended),
                None => self.refused(by, writing, &error, work).await,
            },
            SendAnswer::NotSent(reason) => {
                tracing::warn!(reason = reason.as_str(), "a message could not leave; it is tried again");
                Some(Outcome::NotSent { not_before: self.backoff(*attempt) })
            }
            SendAnswer::Ambiguous(reason) => {
                let reason = reason.as_str();
                tracing::warn!(reason, "it is not known whether a message went out; its echo will tell");
                None
            }
        };
        let word = outcome.as_ref().map_or("ambiguous", Outcome::as_str);
        self.outcomes.add(1, &[("outcome", word)]);
        outcome
    }

    /// Slows the Page down before the platform does: a limit that is passed is closed for longer than it saves.
    pub(crate) fn heed(&self, usage: &Usage, is_refused: bool, work: &Work) {
        let used = usage.highest().min(100);
        let percent = if used < SLOWS_FROM { 100 } else { 100 - (used - SLOWS_FROM) * 90 / (100 - SLOWS_FROM) };
        work.permit.slow_to(percent);
        if let Some(regain) = usage.regain() {
            self.pause(Scope::Page, self.uptime_in(regain), work);
        }
        // What is refused for that says itself for how long.
        if usage.app.is_some_and(Load::is_used_up) && !is_refused {
            self.pause(Scope::App, self.clock.uptime() + APP_RESTS, work);
        }
    }

    async fn refused(&self, by: As<'_>, writing: &Writing, error: &ApiError, work: &Work) -> Option<Outcome> {
        let (code, subcode, attempt) = (error.code, error.subcode, writing.attempt);
        let class = writing.request.class_of(error);
        tracing::warn!(code, subcode, class = class.as_str(), "the platform refused a message");
        let retrying = |not_before| Some(Outcome::Retrying { not_before, code });
        match class {
            ErrorClass::Ambiguous => None,
            ErrorClass::Rate(scope) => {
                let not_before = self.told(error).unwrap_or_else(|| self.backoff(attempt));
                self.pause(scope, self.uptime_in(not_before.since(self.clock.now())), work);
                retrying(not_before)
            }
            ErrorClass::Transient if attempt <= error.treatment().tries => {
                retrying(self.told(error).unwrap_or_else(|| self.backoff(attempt)))
            }
            ErrorClass::Thread => retrying(self.clock.now().plus(THREAD_RESTS)),
            ErrorClass::Page(lack) => Some(self.page_is_refused(by, lack, error, work).await),
            ErrorClass::Token => Some(Outcome::Rejected { code, subcode, concern: Concern::Right }),
            ErrorClass::Person => Some(Outcome::Rejected { code, subcode, concern: Concern::Person }),
            ErrorClass::Transient | ErrorClass::Message | ErrorClass::Attachment | ErrorClass::Feature => {
                Some(Outcome::Rejected { code, subcode, concern: Concern::Message })
            }
        }
    }

    /// Lets everything pause that counts against the same limit: more of it would lengthen the block.
    pub(crate) fn pause(&self, scope: Scope, until: Duration, work: &Work) {
        self.pauses.add(1, &[("scope", scope.as_str())]);
        match scope {
            Scope::App => self.app_pause.extend(until),
            Scope::Page => work.pause.extend(until),
            Scope::Media => work.permit.pause_media(until),
            // These wait by themselves.
            Scope::PrivateReplies | Scope::Person | Scope::Token => (),
        }
    }

    /// When to try again by the platform's word.
    pub(crate) fn told(&self, error: &ApiError) -> Option<Timestamp> {
        Some(match error.pause()? {
            Wait::For(span) => self.clock.now().plus(span),
            Wait::Until(at) => at,
        })
    }

    pub(crate) fn uptime_in(&self, span: Span) -> Duration {
        self.clock.uptime() + Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(0))
    }

    /// When to try again by our own: twice as long after each attempt, and never all at once.
    pub(crate) fn backoff(&self, attempt: u32) -> Timestamp {
        let longest = 1_000_i64.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE_MS);
        let jitter = 0.5 + self.ids.fraction() / 2.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most a minute")]
        let pause_ms = (longest as f64 * jitter) as i64;
        self.clock.now().plus(Span::from_millis(pause_ms))
    }
}

fn token_of(event: &Event) -> Option<&Token> {
    let Event::Inbound(inbound) = event else { return None };
    match inbound.kind.opt_in()? {
        OptIn::OneTime { token, .. } => Some(token),
        OptIn::Notifications(told) => {
            let Notifications { token, .. } = &**told;
            Some(token)
        }
        OptIn::Plugin { .. } | OptIn::Checkbox { .. } => None,
    }
}

/// How a route is written to the wire; none for those that go another way than the Send API's, or have ended.
const fn messaging_type(route: Route) -> Option<MessagingType> {
    Some(match route {
        // A token or a comment is named as the recipient; beside it the type says nothing.
        Route::Response | Route::OneTime | Route::Recurring | Route::Marketing | Route::PrivateReply => {
            MessagingType::Response
        }
        Route::Update => MessagingType::Update,
        Route::HumanAgent => MessagingType::MessageTag(Tag::HumanAgent),
        Route::Tag(RuleTag::ConfirmedEventUpdate) => MessagingType::MessageTag(Tag::ConfirmedEventUpdate),
        Route::Tag(RuleTag::PostPurchaseUpdate) => MessagingType::MessageTag(Tag::PostPurchaseUpdate),
        Route::Tag(RuleTag::AccountUpdate) => MessagingType::MessageTag(Tag::AccountUpdate),
        Route::Tag(RuleTag::CustomerFeedback) => MessagingType::MessageTag(Tag::CustomerFeedback),
        Route::Utility => MessagingType::Utility,
        Route::Sponsored | Route::CustomerMatching | Route::GroupChat => return None,
    })
}
