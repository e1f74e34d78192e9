//! The rights that a person gave: tokens, and comments that may be answered in private.
//!
//! What a fact grants does not depend on the order or number of deliveries. A right is remembered, spent or not, for as
//! long as any pack can let it live, and a fact that comes after that grants nothing; so nobody can win it back.

use super::Fact;
use crate::event::{CommentVerb, Inbound, InboundKind, NotificationChange, Notifications, OptIn, RightStepKind};
use crate::id::{CommentId, SendId};
use crate::right::{Right, TokenId, Use};
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a one-time token is remembered: packs cannot let one live longer.
const TOKEN_KEPT: Span = Span::from_hours(2 * 366 * 24);
/// How long a comment is remembered: packs cannot let the right to answer it live longer.
const COMMENT_KEPT: Span = Span::from_hours(31 * 24);

/// A right to one message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneTime {
    /// When the person gave it.
    pub given: Fact,
    /// What it is about, as the request that the person accepted carried it.
    pub topic: Option<String>,
    /// What became of it.
    pub used: Use,
}

/// A right to repeated messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// When the person first gave it; none: we only heard what the person did with it later.
    pub given: Option<Fact>,
    /// What the latest word on it says: when that was stated, when the right ends, and what it is about.
    latest: Option<(Timestamp, Option<Timestamp>, Option<String>)>,
    stopped: Option<Timestamp>,
    resumed: Option<Timestamp>,
    /// What became of it.
    pub used: Use,
}

impl Repeated {
    /// When it ends, where the platform said so.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.latest.as_ref()?.1
    }

    /// What it is about.
    pub fn topic(&self) -> Option<&str> {
        self.latest.as_ref()?.2.as_deref()
    }

    /// Since when the platform takes it no more, unless a later word on it was told: then it lives again.
    pub fn dropped(&self) -> Option<Timestamp> {
        let told = self.latest.as_ref().map(|(at, ..)| *at).max(self.resumed);
        self.used.dropped().filter(|dropped| told.is_none_or(|told| told <= *dropped))
    }

    /// Whether the person wants no more of them. A stop and a resumption of one moment are a stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some() && self.stopped >= self.resumed
    }
}

/// A comment, or a visitor's post, that may be answered in private, once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// When the person wrote it; none: we only heard of its end.
    pub written: Option<Fact>,
    /// When it was taken away.
    pub removed: Option<Timestamp>,
    /// What became of the answer.
    pub used: Use,
}

/// Every right that a person gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rights {
    one_time: BTreeMap<TokenId, OneTime>,
    repeated: BTreeMap<TokenId, Repeated>,
    replies: BTreeMap<CommentId, Reply>,
    /// The latest moment at which anything was to be sent: what is too old by it is forgotten.
    reached: Option<Timestamp>,
}

impl Rights {
    /// A right to one message.
    pub fn one_time(&self, id: TokenId) -> Option<&OneTime> {
        self.one_time.get(&id)
    }

    /// Every right to one message, by name.
    pub fn all_one_time(&self) -> impl Iterator<Item = (TokenId, &OneTime)> {
        self.one_time.iter().map(|(id, token)| (*id, token))
    }

    /// A right to repeated messages.
    pub fn repeated(&self, id: TokenId) -> Option<&Repeated> {
        self.repeated.get(&id)
    }

    /// Every right to repeated messages, by name.
    pub fn all_repeated(&self) -> impl Iterator<Item = (TokenId, &Repeated)> {
        self.repeated.iter().map(|(id, token)| (*id, token))
    }

    /// A comment.
    pub fn reply(&self, comment: &CommentId) -> Option<&Reply> {
        self.replies.get(comment)
    }

    /// The rights that a send holds.
    pub fn held_by(&self, send: &SendId) -> Vec<Right> {
        let holds = |used: &Use| used.held_by() == Some(send);
        let one_time = self.one_time.iter().filter(|(_, token)| holds(&token.used)).map(|(id, _)| Right::OneTime(*id));
        let repeated = self.repeated.iter().filter(|(_, token)| holds(&token.used)).map(|(id, _)| Right::Repeated(*id));
        let replies = self.replies.iter().filter(|(_, reply)| holds(&reply.used));
        one_time.chain(repeated).chain(replies.map(|(id, _)| Right::PrivateReply(id.clone()))).collect()
    }

    /// Takes in what a fact grants or takes away.
    pub(super) fn hear(&mut self, fact: Fact, inbound: &Inbound) {
        if let Some(OptIn::OneTime { payload, token }) = inbound.kind.opt_in() {
            self.hear_one_time(TokenId::of(token), fact, payload.as_ref());
        }
        if let Some(OptIn::Notifications(told)) = inbound.kind.opt_in() {
            self.hear_repeated(fact, inbound.stated_at, told);
        }
        if let Some(comment) = inbound.kind.comment() {
            // A Page's own comment is no person's.
            let is_own = comment.from.as_ref().is_some_and(|from| from.id.as_str() == inbound.page.as_str());
            if !is_own {
                let at = comment.created_at.map_or(fact.at, |created| created.min(fact.at));
                self.hear_comment(&comment.comment, comment.verb, Fact { at, ..fact });
            }
        }
        if let InboundKind::Feed(feed) = &inbound.kind
            && let Some((post, _)) = feed.visitor_post(&inbound.page)
            && let Some(verb) = feed.verb()
        {
            let at = feed.created_at.map_or(fact.at, |created| created.min(fact.at));
            self.hear_comment(&CommentId::from(post), verb, Fact { at, ..fact });
        }
    }

    fn hear_one_time(&mut self, id: TokenId, fact: Fact, payload: Option<&String>) {
        if self.is_past(fact.at, TOKEN_KEPT) {
            return;
        }
        let topic = payload.cloned();
        match self.one_time.entry(id) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(OneTime { given: fact, topic, used: Use::default() });
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let known = place.get_mut();
                if (fact.at, fact.record) < (known.given.at, known.given.record) {
                    (known.given, known.topic) = (fact, topic);
                }
            }
        }
    }

    fn hear_repeated(&mut self, fact: Fact, stated_at: Timestamp, told: &Notifications) {
        let token = self.repeated.entry(TokenId::of(&told.token)).or_default();
        match told.change {
            Some(NotificationChange::Stop) => token.stopped = token.stopped.max(Some(stated_at)),
            Some(NotificationChange::Resume) => token.resumed = token.resumed.max(Some(stated_at)),
            None => {
                token.given = Some(token.given.map_or(fact, |known| known.earlier(fact)));
                let topic = told.title.clone().or_else(|| told.topic.clone());
                token.latest = token.latest.take().max(Some((stated_at, told.expires_at, topic)));
            }
        }
    }

    fn hear_comment(&mut self, comment: &CommentId, verb: CommentVerb, fact: Fact) {
        if self.is_past(fact.at, COMMENT_KEPT) {
            return;
        }
        match verb {
            CommentVerb::Add => {
                let reply = self.replies.entry(comment.clone()).or_default();
                reply.written = Some(reply.written.map_or(fact, |known| known.earlier(fact)));
            }
            CommentVerb::Remove => {
                let reply = self.replies.entry(comment.clone()).or_default();
                reply.removed = Some(reply.removed.map_or(fact.at, |known| known.min(fact.at)));
            }
            CommentVerb::Edited | CommentVerb::Hide | CommentVerb::Unhide => (),
        }
    }

    /// Takes in what a send does with a right.
    pub(super) fn step(&mut self, right: &Right, send: &SendId, at: Timestamp, step: RightStepKind) {
        let used = match right {
            Right::OneTime(id) => self.one_time.get_mut(id).map(|token| &mut token.used),
            Right::Repeated(id) => self.repeated.get_mut(id).map(|token| &mut token.used),
            Right::PrivateReply(comment) => self.replies.get_mut(comment).map(|reply| &mut reply.used),
        };
        let Some(used) = used else { return };
        match step {
            RightStepKind::Reserved => used.reserve(send),
            RightStepKind::Spent => used.spend(send, at),
            RightStepKind::Released => used.release(send),
            RightStepKind::Dropped => used.drop_at(send, at),
        }
    }

    /// A message went out at that moment by a send that the state knows no more: the right that it used counts from then,
    /// if that is earlier than was known.
    pub(super) fn echoed(&mut self, send: &SendId, at: Timestamp) {
        let one_time = self.one_time.values_mut().map(|token| &mut token.used);
        let repeated = self.repeated.values_mut().map(|token| &mut token.used);
        let replies = self.replies.values_mut().map(|reply| &mut reply.used);
        for used in one_time.chain(repeated).chain(replies) {
            if used.used().is_some_and(|(user, _)| user == send) {
                used.spend(send, at);
            }
        }
    }

    /// Forgets what no pack can let live any more. Called with the moments of requests alone: they are written once and
    /// in order, so that what is forgotten does not depend on how often or when a fact was told.
    pub(super) fn reach(&mut self, now: Timestamp) {
        self.reached = self.reached.max(Some(now));
        let Some(reached) = self.reached else { return };
        let is_past = |at: Timestamp, kept: Span| at.plus(kept) <= reached;
        self.one_time.retain(|_, token| !is_past(token.given.at, TOKEN_KEPT));
        // What two facts say is forgotten apart, so that it does not matter which of them came first.
        self.replies.retain(|_, reply| {
            if reply.written.is_some_and(|written| is_past(written.at, COMMENT_KEPT)) {
                (reply.written, reply.used) = (None, Use::default());
            }
            reply.removed = reply.removed.filter(|at| !is_past(*at, COMMENT_KEPT));
            reply.written.is_some() || reply.removed.is_some()
        });
    }

    fn is_past(&self, at: Timestamp, kept: Span) -> bool {
        self.reached.is_some_and(|reached| at.plus(kept) <= reached)
    }
}
