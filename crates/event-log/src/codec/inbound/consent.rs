//! Opt-ins and linked accounts. What is sealed can't be read yet.

use super::{millis, moment, optional_word, secret};
use crate::codec::{Undecodable, required};
use api::proto::log::v1 as wire;
use domain::event::{AccountLink, NotificationChange, Notifications, OptIn, TokenStatus};
use domain::id::{LinkCode, OptinRef, Token};
use wire::opt_in::Kind;

pub(super) fn opt_in_to_wire(opt_in: &OptIn) -> wire::OptIn {
    let kind = match opt_in {
        OptIn::Plugin { reference } => Kind::Plugin(wire::Plugin { reference: reference.clone() }),
        OptIn::Checkbox { reference, user_ref } => {
            Kind::Checkbox(wire::Checkbox { reference: reference.clone(), user_ref: user_ref.as_str().to_owned() })
        }
        OptIn::OneTime { payload, token } => {
            Kind::OneTime(wire::OneTime { payload: payload.clone(), token: token_bytes(token), sealed_token: None })
        }
        OptIn::Notifications(notifications) => Kind::Notifications(notifications_to_wire(notifications)),
    };
    wire::OptIn { kind: Some(kind) }
}

pub(super) fn opt_in_from_wire(opt_in: wire::OptIn) -> Result<OptIn, Undecodable> {
    Ok(match opt_in.kind.ok_or(Undecodable::Field("opt_in.kind"))? {
        Kind::Plugin(plugin) => OptIn::Plugin { reference: plugin.reference },
        Kind::Checkbox(ticked) => OptIn::Checkbox {
            reference: ticked.reference,
            user_ref: required(&ticked.user_ref, OptinRef::parse, "checkbox.user_ref")?,
        },
        Kind::OneTime(one_time) => {
            let token = token(&one_time.token, one_time.sealed_token.as_ref(), "one_time.token")?;
            OptIn::OneTime { payload: one_time.payload, token }
        }
        Kind::Notifications(notifications) => OptIn::Notifications(Box::new(notifications_from_wire(notifications)?)),
    })
}

fn notifications_to_wire(notifications: &Notifications) -> wire::Notifications {
    wire::Notifications {
        token: token_bytes(&notifications.token),
        sealed_token: None,
        change: notifications.change.map(NotificationChange::as_str).unwrap_or_default().to_owned(),
        renewal: notifications.renewal.map(TokenStatus::as_str).unwrap_or_default().to_owned(),
        expires_at_ms: millis(notifications.expires_at),
        payload: notifications.payload.clone(),
        title: notifications.title.clone(),
        timezone: notifications.timezone.clone(),
        frequency: notifications.frequency.clone(),
        reference: notifications.reference.clone(),
        source: notifications.source.clone(),
        topic: notifications.topic.clone(),
    }
}

fn notifications_from_wire(notifications: wire::Notifications) -> Result<Notifications, Undecodable> {
    Ok(Notifications {
        token: token(&notifications.token, notifications.sealed_token.as_ref(), "notifications.token")?,
        change: optional_word(&notifications.change, NotificationChange::parse, "notifications.change")?,
        renewal: optional_word(&notifications.renewal, TokenStatus::parse, "notifications.renewal")?,
        expires_at: moment(notifications.expires_at_ms),
        payload: notifications.payload,
        title: notifications.title,
        timezone: notifications.timezone,
        frequency: notifications.frequency,
        reference: notifications.reference,
        source: notifications.source,
        topic: notifications.topic,
    })
}

pub(super) fn link_to_wire(link: &AccountLink) -> wire::AccountLink {
    let (is_linked, code) = match link {
        AccountLink::Linked { code } => (true, code.as_ref()),
        AccountLink::Unlinked => (false, None),
    };
    let code = code.map(|code| code.as_str().as_bytes().to_vec()).unwrap_or_default();
    wire::AccountLink { is_linked, code, sealed_code: None }
}

pub(super) fn link_from_wire(link: &wire::AccountLink) -> Result<AccountLink, Undecodable> {
    let unreadable = Undecodable::Field("account_link.code");
    match (link.is_linked, link.code.as_slice(), &link.sealed_code) {
        (_, _, Some(_)) => Err(unreadable),
        (true, [], None) => Ok(AccountLink::Linked { code: None }),
        (false, [], None) => Ok(AccountLink::Unlinked),
        (false, _, None) => Err(unreadable),
        (true, bytes, None) => {
            let code = required(secret(bytes, "account_link.code")?, LinkCode::parse, "account_link.code")?;
            Ok(AccountLink::Linked { code: Some(code) })
        }
    }
}

pub(super) fn token_bytes(token: &Token) -> Vec<u8> {
    token.as_str().as_bytes().to_vec()
}

pub(super) fn token(bytes: &[u8], sealed: Option<&wire::Sealed>, field: &'static str) -> Result<Token, Undecodable> {
    if sealed.is_some() { Err(Undecodable::Field(field)) } else { required(secret(bytes, field)?, Token::parse, field) }
}
