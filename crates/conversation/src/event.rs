//! One event as callers see it.

use api::convert::timestamp;
use api::name;
use api::proto::conversation::v1 as pb;
use domain::event::{Erasing, Event, Inbound, InboundKind, MarketingStep, Outcome, Sending, SendingKind, Side};
use domain::id::{Mid, Psid};
use domain::time::Timestamp;
use event_log::Stored;

/// Every event of a record as callers see it.
pub fn describe<'a>(stored: &'a Stored, psid: &'a Psid) -> impl Iterator<Item = pb::ConversationEvent> + 'a {
    stored.record.events.iter().filter_map(move |event| {
        let bare = match event {
            Event::Inbound(inbound) => self::inbound(inbound),
            Event::Sending(step) => sending(step, psid),
            Event::Erasing(step) => erasing(*step),
            // A body that nobody understood belongs to no conversation, and what concerns the whole log to none alone.
            Event::Quarantined(_) | Event::System(_) | Event::Page(_) => return None,
            Event::Right(step) => own(step.at, step.kind.as_str()),
            Event::Consent(consent) => own(consent.at, consent.kind.as_str()),
        };
        Some(pb::ConversationEvent { revision: stored.position, record: stored.record.id.to_string(), ..bare })
    })
}

fn inbound(inbound: &Inbound) -> pb::ConversationEvent {
    let mut event = pb::ConversationEvent {
        time: Some(timestamp(inbound.at())),
        kind: inbound.kind.as_str().to_owned(),
        direction: pb::Direction::FromPerson.into(),
        ..pb::ConversationEvent::default()
    };
    match &inbound.kind {
        InboundKind::Message(message) => {
            event.text.clone_from(&message.text);
            event.mid = text(message.mid.as_ref());
        }
        InboundKind::Echo(echo) => {
            event.direction = pb::Direction::FromPage.into();
            event.text.clone_from(&echo.text);
            event.mid = echo.mid.as_str().to_owned();
            if let (Some(send), Some(psid)) = (&echo.send, &inbound.person) {
                event.message = name::message(send, psid);
            }
        }
        InboundKind::Postback(postback) => {
            event.text.clone_from(&postback.title);
            event.mid = text(postback.mid.as_ref());
        }
        InboundKind::Unsent(unsent) => {
            if unsent.of == Side::Page {
                event.direction = pb::Direction::FromPage.into();
            }
            event.mid = unsent.mid.as_str().to_owned();
        }
        InboundKind::Edit(edit) => {
            event.text.clone_from(&edit.text);
            event.mid = edit.mid.as_str().to_owned();
        }
        InboundKind::Reaction(reaction) => event.mid = reaction.mid.as_str().to_owned(),
        InboundKind::ResponseFeedback(feedback) => event.mid = feedback.mid.as_str().to_owned(),
        InboundKind::Comment(comment) => event.text.clone_from(&comment.text),
        InboundKind::Feed(feed) => event.text.clone_from(&feed.text),
        InboundKind::Marketing(message) => {
            event.direction = match message.step {
                MarketingStep::Echo | MarketingStep::Failed => pb::Direction::FromPage.into(),
                MarketingStep::Delivered | MarketingStep::Read | MarketingStep::Clicked => event.direction,
            };
            event.mid = text(message.mid.as_ref());
        }
        InboundKind::ThreadControl(_)
        | InboundKind::AppRoles(_)
        | InboundKind::PolicyEnforcement(_)
        | InboundKind::InboxLabel(_)
        | InboundKind::SubscriberUpload(_)
        | InboundKind::TemplateStatus(_) => event.direction = pb::Direction::Unspecified.into(),
        InboundKind::Unrecognized(unknown) => event.raw_json.clone_from(&unknown.raw),
        InboundKind::Delivered { .. }
        | InboundKind::Read { .. }
        | InboundKind::Referral(_)
        | InboundKind::OptIn(_)
        | InboundKind::AccountLink(_)
        | InboundKind::CustomerFeedback(_)
        | InboundKind::CustomerInformation(_)
        | InboundKind::Order(_)
        | InboundKind::Form(_)
        | InboundKind::GamePlay(_)
        | InboundKind::Lead(_)
        | InboundKind::Coupon(_)
        | InboundKind::RequestAccepted => (),
    }
    event
}

fn erasing(step: Erasing) -> pb::ConversationEvent {
    own(step.at, step.kind.as_str())
}

fn own(at: Timestamp, kind: &str) -> pb::ConversationEvent {
    pb::ConversationEvent {
        time: Some(timestamp(at)),
        kind: kind.to_owned(),
        direction: pb::Direction::Unspecified.into(),
        ..pb::ConversationEvent::default()
    }
}

fn text(mid: Option<&Mid>) -> String {
    mid.map(Mid::as_str).unwrap_or_default().to_owned()
}

fn sending(step: &Sending, psid: &Psid) -> pb::ConversationEvent {
    let mut event = pb::ConversationEvent {
        time: Some(timestamp(step.at)),
        kind: step.kind.as_str().to_owned(),
        direction: pb::Direction::OwnMessage.into(),
        message: name::message(&step.send, psid),
        ..pb::ConversationEvent::default()
    };
    match &step.kind {
        SendingKind::Requested { content, .. } => event.text = content.words().unwrap_or_default().to_owned(),
        SendingKind::Settled { outcome: Outcome::Sent { mid } | Outcome::Found { mid, .. }, .. } => {
            event.mid = mid.as_str().to_owned()
        }
        SendingKind::Accepted { .. }
        | SendingKind::Blocked { .. }
        | SendingKind::Deferred { .. }
        | SendingKind::Cancelled
        | SendingKind::Expired { .. }
        | SendingKind::Dispatched { .. }
        | SendingKind::Settled { .. }
        | SendingKind::Doubted => (),
    }
    event
}
