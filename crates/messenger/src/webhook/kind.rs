//! What kind of event an item of `messaging` is. The body does not name it: the key that is present does.

mod arrival;
mod consent;
mod control;
mod filled;
mod message;

use crate::json;
use domain::event::InboundKind;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The keys by which a kind is known, and those that only stand beside them.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    message_edit: Option<&'a RawValue>,
    #[serde(borrow)]
    reaction: Option<&'a RawValue>,
    #[serde(borrow)]
    delivery: Option<&'a RawValue>,
    #[serde(borrow)]
    read: Option<&'a RawValue>,
    #[serde(borrow)]
    postback: Option<&'a RawValue>,
    #[serde(borrow)]
    referral: Option<&'a RawValue>,
    #[serde(borrow)]
    optin: Option<&'a RawValue>,
    #[serde(borrow)]
    account_linking: Option<&'a RawValue>,
    #[serde(borrow)]
    pass_thread_control: Option<&'a RawValue>,
    #[serde(borrow)]
    take_thread_control: Option<&'a RawValue>,
    #[serde(borrow)]
    request_thread_control: Option<&'a RawValue>,
    #[serde(borrow)]
    app_roles: Option<&'a RawValue>,
    #[serde(borrow, alias = "policy-enforcement")]
    policy_enforcement: Option<&'a RawValue>,
    #[serde(borrow)]
    game_play: Option<&'a RawValue>,
    #[serde(borrow)]
    response_feedback: Option<&'a RawValue>,
    #[serde(borrow)]
    messaging_feedback: Option<&'a RawValue>,
    #[serde(borrow)]
    messaging_customer_information: Option<&'a RawValue>,
    #[serde(borrow)]
    order: Option<&'a RawValue>,
    #[serde(borrow)]
    form: Option<&'a RawValue>,
    #[serde(borrow)]
    template: Option<&'a RawValue>,
    #[serde(borrow)]
    lead: Option<&'a RawValue>,
    #[serde(borrow)]
    message_request: Option<&'a RawValue>,
    #[serde(borrow)]
    hop_context: Option<&'a RawValue>,
    #[serde(borrow)]
    prior_message: Option<&'a RawValue>,
}

/// What may stand beside an event's own key.
#[derive(Clone, Copy)]
struct Beside<'a> {
    referral: Option<&'a RawValue>,
    hop_context: Option<&'a RawValue>,
    prior_message: Option<&'a RawValue>,
}

type Reader = fn(&RawValue) -> Option<InboundKind>;

/// The kind, if it is one that this version reads, stands alone, and has all that it needs. `is_from_page`: the
/// event's sender is the Page itself.
pub(super) fn read(raw: &RawValue, is_from_page: bool) -> Option<InboundKind> {
    let keys: Keys<'_> = json::object(raw)?;
    let beside = Beside { referral: keys.referral, hop_context: keys.hop_context, prior_message: keys.prior_message };
    // What only a person does: if it seems to come from the Page, something is not understood.
    let persons: [(Reader, Option<&RawValue>); 15] = [
        (message::edit, keys.message_edit),
        (message::reaction, keys.reaction),
        (consent::opt_in, keys.optin),
        (consent::account_link, keys.account_linking),
        (control::passed, keys.pass_thread_control),
        (control::taken, keys.take_thread_control),
        (control::requested, keys.request_thread_control),
        (filled::game_play, keys.game_play),
        (message::response_feedback, keys.response_feedback),
        (filled::customer_feedback, keys.messaging_feedback),
        (filled::customer_information, keys.messaging_customer_information),
        (filled::order, keys.order),
        (filled::form, keys.form),
        (arrival::coupon, keys.template),
        (arrival::request_accepted, keys.message_request),
    ];
    let others: [(Reader, Option<&RawValue>); 4] = [
        (message::delivered, keys.delivery),
        (message::seen, keys.read),
        (control::app_roles, keys.app_roles),
        (control::policy_enforcement, keys.policy_enforcement),
    ];
    let persons = persons.into_iter().filter_map(|(read, value)| Some((read, value?, is_from_page)));
    let others = others.into_iter().filter_map(|(read, value)| Some((read, value?, false)));
    let mut found = persons.chain(others);
    match (keys.message, keys.postback, found.next(), found.next()) {
        (Some(message), None, None, _) if keys.lead.is_none() => message::said(message, beside, is_from_page),
        (None, Some(postback), None, _) if keys.lead.is_none() => arrival::postback(postback, beside),
        (None, None, Some((read, value, false)), None) if keys.referral.is_none() && keys.lead.is_none() => read(value),
        (None, None, None, _) => match keys.lead {
            Some(lead) if !is_from_page => arrival::lead(lead, beside),
            Some(_) => None,
            None => arrival::came(beside),
        },
        _ => None,
    }
}
