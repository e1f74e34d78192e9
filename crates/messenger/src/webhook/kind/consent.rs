//! Opt-ins of every kind, and linked accounts.

use crate::json::{self, Id, Moment, Words};
use domain::event::{AccountLink, InboundKind, NotificationChange, Notifications, OptIn, TokenStatus};
use domain::id::{LinkCode, OptinRef, Token};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Wire {
    r#type: Option<String>,
    r#ref: Option<Id>,
    user_ref: Option<Id>,
    payload: Option<Words>,
    title: Option<Words>,
    source: Option<String>,
    one_time_notif_token: Option<Id>,
    notification_messages_token: Option<Id>,
    notification_messages_timezone: Option<String>,
    token_expiry_timestamp: Option<Moment>,
    user_token_status: Option<String>,
    notification_messages_status: Option<String>,
    notification_messages_frequency: Option<String>,
    notification_messages_topic: Option<Words>,
}

pub(super) fn opt_in(raw: &RawValue) -> Option<InboundKind> {
    let wire: Wire = json::object(raw)?;
    let opt_in = match wire.r#type.as_deref() {
        None => by_plugin(wire)?,
        Some("one_time_notif_req") => OptIn::OneTime {
            payload: wire.payload.map(|payload| payload.0),
            token: Token::parse(&wire.one_time_notif_token?.0).ok()?,
        },
        Some("notification_messages") => OptIn::Notifications(Box::new(notifications(wire)?)),
        Some(_) => return None,
    };
    Some(InboundKind::OptIn(opt_in))
}

fn by_plugin(wire: Wire) -> Option<OptIn> {
    let reference = wire.r#ref.map(|reference| reference.0);
    match wire.user_ref {
        Some(user_ref) => Some(OptIn::Checkbox { reference, user_ref: OptinRef::parse(&user_ref.0).ok()? }),
        None => reference.map(|reference| OptIn::Plugin { reference: Some(reference) }),
    }
}

fn notifications(wire: Wire) -> Option<Notifications> {
    // A word that is not known must not be taken for consent: the event is kept as it came.
    let change = match wire.notification_messages_status {
        Some(word) => Some(NotificationChange::parse(&word.replace('_', " "))?),
        None => None,
    };
    let renewal = match wire.user_token_status {
        Some(word) => Some(TokenStatus::parse(&word)?),
        None => None,
    };
    Some(Notifications {
        token: Token::parse(&wire.notification_messages_token?.0).ok()?,
        change,
        renewal,
        expires_at: wire.token_expiry_timestamp.map(|at| at.0),
        payload: wire.payload.map(|payload| payload.0),
        title: wire.title.map(|title| title.0),
        timezone: wire.notification_messages_timezone,
        frequency: wire.notification_messages_frequency,
        reference: wire.r#ref.map(|reference| reference.0),
        source: wire.source,
        topic: wire.notification_messages_topic.map(|topic| topic.0),
    })
}

pub(super) fn account_link(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Linking {
        status: String,
        authorization_code: Option<Id>,
    }
    let linking: Linking = json::object(raw)?;
    let link = match linking.status.as_str() {
        "linked" => {
            let code = linking.authorization_code.map(|code| LinkCode::parse(&code.0));
            AccountLink::Linked { code: code.transpose().ok()? }
        }
        "unlinked" => AccountLink::Unlinked,
        _ => return None,
    };
    Some(InboundKind::AccountLink(link))
}
