//! What may be said at all, checked before anything is recorded.

use api::convert;
use api::proto::compliance::v1::Matter;
use api::proto::outbound::v1 as pb;
use api::status::Violations;
use domain::decision::{ContentKind, Intent, To};
use domain::event::Content;

/// The platform's limit of a text, in characters (Send API reference: "UTF-8, 2000 characters").
const MOST_CHARACTERS: usize = 2_000;

/// The content, or a note of what is wrong with it.
pub(crate) fn parse(content: Option<pb::Content>, violations: &mut Violations) -> Option<Content> {
    let Some(pb::content::Kind::Text(text)) = content.and_then(|content| content.kind) else {
        violations.add("content", "is required: text");
        return None;
    };
    let characters = text.chars().count();
    if text.trim().is_empty() {
        violations.add("content.text", "must say something");
        return None;
    }
    if characters > MOST_CHARACTERS {
        violations.add("content.text", format!("has {characters} characters; the platform takes {MOST_CHARACTERS}"));
        return None;
    }
    Some(Content::Text(text))
}

/// What is said, as far as the rules ask. What needs more than a text to a person cannot be sent from here.
pub(crate) fn matter(intent: Option<Intent>, matter: Option<Matter>, violations: &mut Violations) -> Option<Intent> {
    let intent = convert::take_matter(intent, matter, violations)?;
    let mut refuse = |is_asked: bool, field: &str| {
        if is_asked {
            violations.add(field, "cannot be sent from here yet");
        }
        is_asked
    };
    let refused = [
        refuse(intent.kind != ContentKind::Message, "matter.content"),
        refuse(intent.to != To::Person, "matter.recipient"),
        refuse(intent.topic.is_some(), "matter.topic"),
        refuse(intent.is_paid, "matter.paid"),
    ];
    (!refused.contains(&true)).then_some(intent)
}
