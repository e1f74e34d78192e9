//! An item of `changes`: what happens on the Page itself.

mod feed;

use super::{Place, wire};
use crate::json::{self, Id, Integer, Moment, Object, Words};
use domain::event::{InboundKind, InboxLabel, MarketingMessage, MarketingStep, SubscriberUpload, TemplateStatus};
use domain::id::{AppId, Mid, PageId, Psid, Token};
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Fields of `messaging`. The dashboard's test button sends their events as changes.
const MESSAGING: [&str; 18] = [
    "messages",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_deliveries",
    "message_reads",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_account_linking",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "messaging_game_plays",
    "messaging_feedback",
    "messaging_customer_information",
    "messaging_in_thread_lead_form_submit",
    "response_feedback",
    "send_cart",
];

/// What an item of `changes` says.
pub(super) enum Change<'a> {
    /// Something of its own.
    Fact(Box<Fact>),
    /// What an event of `messaging` says.
    Messaging(&'a RawValue),
    /// What an event of `standby` says.
    Standby(&'a RawValue),
}

/// Something that is told as a change.
pub(super) struct Fact {
    /// The Page, where the change names it.
    pub(super) page: Option<PageId>,
    /// Whom it is about.
    pub(super) place: Place,
    /// When it happened, if it says so.
    pub(super) time: Option<Timestamp>,
    /// What happened.
    pub(super) kind: InboundKind,
}

impl Fact {
    const fn of_page(kind: InboundKind) -> Self {
        Self { page: None, place: Place::Page, time: None, kind }
    }
}

/// The field that an item of `changes` names, when it looks like one of the platform's words.
pub(super) fn field(change: &RawValue) -> String {
    let is_word = |field: &str| {
        (1..=64).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match json::object::<wire::Change<'_>>(change) {
        Some(change) if is_word(&change.field) => change.field,
        Some(_) | None => "changes".to_owned(),
    }
}

/// Reads an item of `changes`; nothing when its field is not known, or lacks what it needs.
pub(super) fn read<'a>(raw: &'a RawValue, page: Option<&PageId>) -> Option<Change<'a>> {
    let change: wire::Change<'a> = json::object(raw)?;
    // Some are documented with their values beside the field instead of below `value`.
    let value = change.value.unwrap_or(raw);
    let field = change.field.as_str();
    if MESSAGING.contains(&field) {
        return Some(Change::Messaging(value));
    }
    let fact = match field {
        "standby" => return Some(Change::Standby(value)),
        "feed" => feed::read(value, page)?,
        "inbox_labels" => label(value)?,
        "marketing_messages_subscriber_upload_status" => upload(value)?,
        "message_template_status_update" | "messenger_template_status_update" => template(value)?,
        field => marketing(MarketingStep::parse(field)?, value)?,
    };
    Some(Change::Fact(Box::new(fact)))
}

fn label(raw: &RawValue) -> Option<Fact> {
    #[derive(Deserialize)]
    struct Labelled {
        user: Object<User>,
        action: String,
        label: Object<Label>,
    }
    #[derive(Deserialize)]
    struct User {
        id: Id,
    }
    #[derive(Deserialize)]
    struct Label {
        id: Id,
        page_label_name: Option<Words>,
    }
    let Labelled { user: Object(user), action, label: Object(label) } = json::object(raw)?;
    let place = Place::Person(Psid::parse(&user.id.0).ok()?);
    let name = label.page_label_name.map(|name| name.0);
    let kind = InboundKind::InboxLabel(InboxLabel { action, label: label.id.0, name });
    Some(Fact { place, ..Fact::of_page(kind) })
}

fn marketing(step: MarketingStep, raw: &RawValue) -> Option<Fact> {
    #[derive(Deserialize)]
    struct Told {
        recipient_id: Option<Id>,
        page_id: Option<Id>,
        app_id: Option<Id>,
        business_id: Option<Id>,
        timestamp: Option<Moment>,
        mid: Option<Id>,
        marketing_message_tracking_id: Option<Id>,
        messenger_subscription_token: Option<Id>,
        message_id: Option<Id>,
        error_message: Option<Words>,
    }
    let told: Told = json::object(raw)?;
    if told.message_id.is_none() && told.messenger_subscription_token.is_none() && told.mid.is_none() {
        return None;
    }
    let place = match told.recipient_id {
        Some(psid) => Place::Person(Psid::parse(&psid.0).ok()?),
        None => Place::Page,
    };
    let message = MarketingMessage {
        step,
        campaign: told.message_id.map(|id| id.0),
        token: told.messenger_subscription_token.map(|token| Token::parse(&token.0)).transpose().ok()?,
        app: told.app_id.map(|app| AppId::parse(&app.0)).transpose().ok()?,
        business: told.business_id.map(|id| id.0),
        mid: told.mid.map(|mid| Mid::parse(&mid.0)).transpose().ok()?,
        tracking: told.marketing_message_tracking_id.map(|id| id.0),
        error: told.error_message.map(|error| error.0),
    };
    Some(Fact {
        page: told.page_id.and_then(|page| PageId::parse(&page.0).ok()),
        place,
        time: told.timestamp.map(|at| at.0),
        kind: InboundKind::Marketing(message),
    })
}

fn upload(raw: &RawValue) -> Option<Fact> {
    #[derive(Deserialize)]
    struct Upload {
        custom_audience_id: Id,
        ad_account_id: Option<Id>,
        num_rows: Option<Integer>,
        approximate_count_lower_bound: Option<Integer>,
        approximate_count_upper_bound: Option<Integer>,
        batch_uploading_status: Option<String>,
    }
    let upload: Upload = json::object(raw)?;
    Some(Fact::of_page(InboundKind::SubscriberUpload(SubscriberUpload {
        audience: upload.custom_audience_id.0,
        ad_account: upload.ad_account_id.map(|id| id.0),
        n_rows: upload.num_rows.map(|count| count.0),
        at_least: upload.approximate_count_lower_bound.map(|count| count.0),
        at_most: upload.approximate_count_upper_bound.map(|count| count.0),
        status: upload.batch_uploading_status,
    })))
}

/// The platform does not document this payload: the names are those of its other messengers' templates.
fn template(raw: &RawValue) -> Option<Fact> {
    #[derive(Deserialize)]
    struct Reviewed {
        #[serde(alias = "template_id", alias = "id")]
        message_template_id: Option<Id>,
        #[serde(alias = "template_name", alias = "name")]
        message_template_name: Option<Words>,
        #[serde(alias = "language")]
        message_template_language: Option<String>,
        #[serde(alias = "status")]
        event: String,
        #[serde(alias = "rejected_reason")]
        reason: Option<Words>,
    }
    let reviewed: Reviewed = json::object(raw)?;
    Some(Fact::of_page(InboundKind::TemplateStatus(TemplateStatus {
        template: reviewed.message_template_id.map(|id| id.0),
        name: reviewed.message_template_name.map(|name| name.0),
        language: reviewed.message_template_language,
        status: reviewed.event,
        reason: reviewed.reason.map(|reason| reason.0),
    })))
}
