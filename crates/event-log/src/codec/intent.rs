//! Intents to and from the stored schema.

pub(super) mod usual;

use super::{Undecodable, required, right};
use api::proto::log::v1 as wire;
use domain::decision::{Actor, ContentKind, Intent, Purpose, Reference, To};
use domain::id::{AgentId, CommentId};

pub(super) fn to_wire(intent: &Intent) -> wire::Intent {
    use wire::reference::Kind;
    let reference = intent.reference.as_ref().map(|reference| match reference {
        Reference::Event(id) => Kind::Event(id.clone()),
        Reference::Order(id) => Kind::Order(id.clone()),
    });
    wire::Intent {
        actor: Some(wire::Actor { kind: Some(actor_to_wire(&intent.actor)) }),
        purpose: purpose_to_wire(intent.purpose).into(),
        is_promotional: intent.is_promotional,
        is_recurring: intent.is_recurring,
        is_paid: intent.is_paid,
        reference: reference.map(|kind| wire::Reference { kind: Some(kind) }),
        topic: intent.topic.clone(),
        kind: kind_to_wire(&intent.kind).map(|kind| wire::ContentKind { kind: Some(kind) }),
        to: recipient_to_wire(&intent.to).map(|kind| wire::To { kind: Some(kind) }),
        broadcast: intent.broadcast.clone(),
    }
}

fn actor_to_wire(actor: &Actor) -> wire::actor::Kind {
    use wire::actor::Kind;
    match actor {
        Actor::Human(agent) => Kind::Human(agent.as_str().to_owned()),
        Actor::AiAssistedHuman(agent) => Kind::AiAssistedHuman(agent.as_str().to_owned()),
        Actor::Bot => Kind::Bot(wire::Nothing {}),
        Actor::Automation => Kind::Automation(wire::Nothing {}),
        Actor::Broadcast => Kind::Broadcast(wire::Nothing {}),
    }
}

const fn purpose_to_wire(purpose: Purpose) -> wire::Purpose {
    match purpose {
        Purpose::Conversation => wire::Purpose::Conversation,
        Purpose::Promotion => wire::Purpose::Promotion,
        Purpose::ConfirmedEvent => wire::Purpose::ConfirmedEvent,
        Purpose::PostPurchase => wire::Purpose::PostPurchase,
        Purpose::AccountUpdate => wire::Purpose::AccountUpdate,
        Purpose::CustomerFeedback => wire::Purpose::CustomerFeedback,
    }
}

/// None for a plain message, which the schema leaves out.
fn kind_to_wire(kind: &ContentKind) -> Option<wire::content_kind::Kind> {
    use wire::content_kind::Kind;
    Some(match kind {
        ContentKind::Message => return None,
        ContentKind::FeedbackTemplate => Kind::FeedbackTemplate(wire::Nothing {}),
        ContentKind::UtilityTemplate { name, language } => {
            Kind::UtilityTemplate(wire::UtilityTemplate { name: name.clone(), language: language.clone() })
        }
        ContentKind::OneTimeRequest { title } => Kind::OneTimeRequest(title.clone()),
        ContentKind::RecurringRequest { title } => Kind::RecurringRequest(title.clone()),
    })
}

/// None for a person, whom the schema leaves out.
fn recipient_to_wire(to: &To) -> Option<wire::to::Kind> {
    use wire::to::Kind;
    Some(match to {
        To::Person => return None,
        To::Right(right) => Kind::Right(right::right_to_wire(right)),
        To::Comment(comment) => Kind::Comment(comment.as_str().to_owned()),
        To::Phone => Kind::Phone(wire::Nothing {}),
        To::Group => Kind::Group(wire::Nothing {}),
    })
}

pub(super) fn from_wire(intent: Option<wire::Intent>) -> Result<Intent, Undecodable> {
    let intent = intent.ok_or(Undecodable::Field("intent"))?;
    let purpose = purpose_from_wire(intent.purpose()).ok_or(Undecodable::Field("intent.purpose"))?;
    Ok(Intent {
        actor: actor_from_wire(intent.actor)?,
        purpose,
        is_promotional: intent.is_promotional,
        is_recurring: intent.is_recurring,
        is_paid: intent.is_paid,
        reference: intent.reference.map(reference_from_wire).transpose()?,
        topic: intent.topic,
        kind: intent.kind.map_or(Ok(ContentKind::Message), kind_from_wire)?,
        to: intent.to.map_or(Ok(To::Person), recipient_from_wire)?,
        broadcast: intent.broadcast,
    })
}

const fn purpose_from_wire(purpose: wire::Purpose) -> Option<Purpose> {
    Some(match purpose {
        wire::Purpose::Unspecified => return None,
        wire::Purpose::Conversation => Purpose::Conversation,
        wire::Purpose::Promotion => Purpose::Promotion,
        wire::Purpose::ConfirmedEvent => Purpose::ConfirmedEvent,
        wire::Purpose::PostPurchase => Purpose::PostPurchase,
        wire::Purpose::AccountUpdate => Purpose::AccountUpdate,
        wire::Purpose::CustomerFeedback => Purpose::CustomerFeedback,
    })
}

fn actor_from_wire(actor: Option<wire::Actor>) -> Result<Actor, Undecodable> {
    use wire::actor::Kind;
    let agent = |id: &str| required(id, AgentId::parse, "intent.actor.agent");
    Ok(match actor.and_then(|actor| actor.kind).ok_or(Undecodable::Field("intent.actor"))? {
        Kind::Human(id) => Actor::Human(agent(&id)?),
        Kind::AiAssistedHuman(id) => Actor::AiAssistedHuman(agent(&id)?),
        Kind::Bot(_) => Actor::Bot,
        Kind::Automation(_) => Actor::Automation,
        Kind::Broadcast(_) => Actor::Broadcast,
    })
}

fn reference_from_wire(reference: wire::Reference) -> Result<Reference, Undecodable> {
    use wire::reference::Kind;
    Ok(match reference.kind.ok_or(Undecodable::Field("intent.reference"))? {
        Kind::Event(id) => Reference::Event(id),
        Kind::Order(id) => Reference::Order(id),
    })
}

fn kind_from_wire(kind: wire::ContentKind) -> Result<ContentKind, Undecodable> {
    use wire::content_kind::Kind;
    Ok(match kind.kind.ok_or(Undecodable::Field("intent.kind"))? {
        Kind::FeedbackTemplate(_) => ContentKind::FeedbackTemplate,
        Kind::UtilityTemplate(wire::UtilityTemplate { name, language }) => {
            ContentKind::UtilityTemplate { name, language }
        }
        Kind::OneTimeRequest(title) => ContentKind::OneTimeRequest { title },
        Kind::RecurringRequest(title) => ContentKind::RecurringRequest { title },
    })
}

fn recipient_from_wire(to: wire::To) -> Result<To, Undecodable> {
    use wire::to::Kind;
    Ok(match to.kind.ok_or(Undecodable::Field("intent.to"))? {
        Kind::Right(right) => To::Right(right::right_from_wire(right)?),
        Kind::Comment(comment) => To::Comment(required(&comment, CommentId::parse, "intent.to.comment")?),
        Kind::Phone(_) => To::Phone,
        Kind::Group(_) => To::Group,
    })
}
