//! Looking a send up: which of the messages that the platform lists is the send of which nobody knows whether it is out.
//!
//! Only texts are compared. Of what else can be sent the list shows no more than an address or a name of the platform's
//! own: attachments, images, stickers, templates of every sort and utility messages are never found. A private reply is
//! not looked up either: the list is of another stream's conversation.
//!
//! Finding nothing proves nothing: the list may be late.

use super::{Send, Status};
use crate::content::{Body, Content, Words};
use crate::conversation::Conversation;
use crate::event::{Event, Inbound, Outcome, Sending, SendingKind};
use crate::id::{Mid, SendId};
use crate::time::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How far the platform's clock may be off ours where messages are compared with claims. Servers that keep time by NTP are
/// off by far less; a second or two may pass between the platform's taking a message and its stamping it.
pub const CLOCKS: Span = Span::from_secs(2);
/// The platform tells the second in which a message was sent, not the moment.
const SECOND: Span = Span::from_secs(1);

/// A message, as the platform lists it. Personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub mid: Mid,
    /// The start of the second in which it was sent; none: the list does not show it.
    pub sent_at: Option<Timestamp>,
    /// Whether the Page sent it; none: the list does not show it.
    pub is_ours: Option<bool>,
    /// What it says; none: nothing, or the list does not show it.
    pub text: Option<Words>,
    /// Whether it has files, or is a template.
    pub has_files: bool,
}

/// The newest messages of a conversation, as the platform lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The messages, in any order.
    pub messages: Vec<Listed>,
    /// Whether these are all that there are.
    pub is_whole: bool,
}

/// What a conversation's history says of the messages in it: those that are known, and those that may be there besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    known: BTreeSet<Mid>,
    sends: BTreeMap<SendId, Tried>,
}

/// A send, as far as it may be out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tried {
    text: Option<Words>,
    requested_at: Timestamp,
    /// From when on it may be out; none: it never left.
    from: Option<Timestamp>,
    /// Until when it may have left; none: it still may.
    until: Option<Timestamp>,
}

impl Said {
    /// Everything that a conversation's history says.
    pub fn of<'a>(history: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut said = Self::default();
        history.into_iter().for_each(|event| said.see(event));
        said
    }

    /// One event more.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Inbound(inbound) => self.hear(inbound),
            Event::Sending(step) => self.step(step),
            Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::System(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_) => (),
        }
    }

    fn hear(&mut self, inbound: &Inbound) {
        self.known.extend(inbound.kind.echo().map(|echo| echo.mid.clone()));
    }

    fn step(&mut self, step: &Sending) {
        if let SendingKind::Requested { content, .. } = &step.kind {
            let tried = Tried { text: text_of(content).cloned(), requested_at: step.at, from: None, until: None };
            self.sends.entry(step.send.clone()).or_insert(tried);
            return;
        }
        let Some(tried) = self.sends.get_mut(&step.send) else { return };
        match &step.kind {
            SendingKind::Dispatched { .. } => {
                tried.from = tried.from.or(Some(step.at));
                tried.until = None;
            }
            // It may have been claimed at any time since it was asked for.
            SendingKind::Doubted => tried.from = Some(tried.requested_at),
            SendingKind::Settled { outcome, .. } => {
                if let Outcome::Sent { mid } | Outcome::Found { mid, .. } = outcome {
                    self.known.insert(mid.clone());
                }
                tried.until = Some(step.at);
            }
            SendingKind::Requested { .. }
            | SendingKind::Accepted { .. }
            | SendingKind::Blocked { .. }
            | SendingKind::Deferred { .. }
            | SendingKind::Cancelled
            | SendingKind::Expired { .. } => (),
        }
    }

    /// Whether another send may be the message of this text and second.
    fn may_be_another(&self, state: &Conversation, id: &SendId, text: &Words, second: Timestamp) -> bool {
        self.sends.iter().any(|(other, tried)| {
            other != id
                && tried.text.as_ref().is_some_and(|other| is_same(other, text))
                && tried.spans(second)
                && state.send(other).is_none_or(may_have_a_message_more)
        })
    }
}

impl Tried {
    /// Whether what was sent in this second may be it.
    fn spans(&self, second: Timestamp) -> bool {
        let began = self.from.is_some_and(|from| earliest(from) < second.plus(SECOND));
        began && self.until.is_none_or(|until| second <= until.plus(CLOCKS))
    }
}

/// A send whose message is known, and that was never tried again, has no other.
fn may_have_a_message_more(send: &Send) -> bool {
    let is_known = matches!(send.status, Status::Sent { .. }) && !send.is_guess();
    !is_known || send.is_repeated
}

/// Whether what the platform lists could ever tell that this send is out.
pub fn is_listable(id: &SendId, send: &Send) -> bool {
    id.post().is_none() && send.content.as_ref().is_some_and(|content| text_of(content).is_some())
}

/// The listed message that is this send, and when it was sent. None: there is none of which that is sure.
///
/// It is sure if the list is whole or reaches back to before the claim; exactly one message in it was sent after that by the Page,
/// is none whose id is known, and could say what the send says; it does say that, was sent before the send was called
/// unknown, and no other send of the conversation could be it. A message whose echo is still to come can be anybody's:
/// should it come and name no or another send, the fold takes the finding back.
pub fn found(state: &Conversation, said: &Said, id: &SendId, listing: &Listing) -> Option<(Mid, Timestamp)> {
    let send = state.send(id).filter(|send| is_listable(id, send))?;
    let Status::Unknown { since } = send.status else { return None };
    let text = text_of(send.content.as_ref()?)?;
    let from = earliest(said.sends.get(id)?.from?);
    let is_before = |message: &Listed| message.sent_at.is_some_and(|second| second.plus(SECOND) <= from);
    let listed = &listing.messages;
    if !listing.is_whole && !listed.iter().any(is_before) {
        return None;
    }
    let could_be = |message: &&Listed| {
        let is_unknown = message.is_ours != Some(false) && !said.known.contains(&message.mid);
        is_unknown && !is_before(message) && message.could_say(text)
    };
    let mut candidates = listed.iter().filter(could_be);
    let (Some(one), None) = (candidates.next(), candidates.next()) else { return None };
    let says_it = one.text.as_ref().is_some_and(|listed| is_same(listed, text)) && !one.has_files;
    let second = one.sent_at.filter(|second| *second <= since.plus(CLOCKS))?;
    let is_sure = says_it && one.is_ours == Some(true) && !said.may_be_another(state, id, text, second);
    is_sure.then(|| (one.mid.clone(), second))
}

impl Listed {
    /// Whether it says this, or may: of some messages the list shows no more than that there was one.
    fn could_say(&self, text: &Words) -> bool {
        match &self.text {
            Some(listed) => is_same(listed, text),
            None => !self.has_files,
        }
    }
}

/// The platform's clock may have shown this when ours showed `moment`.
const fn earliest(moment: Timestamp) -> Timestamp {
    moment.plus(Span::from_millis(-CLOCKS.as_millis()))
}

/// The text that the list would show.
const fn text_of(content: &Content) -> Option<&Words> {
    match &content.body {
        Body::Text(text) => Some(text),
        Body::Attachment { .. } | Body::Images(_) | Body::Sticker(_) | Body::Template(_) | Body::Utility(_) => None,
    }
}

/// Space around a text is not shown.
fn is_same(listed: &Words, said: &Words) -> bool {
    listed.as_str().trim() == said.as_str().trim()
}
