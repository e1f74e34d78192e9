//! What may be said at all, checked before anything is recorded.

use api::convert;
use api::proto::compliance::v1::Matter;
use api::proto::outbound::v1 as pb;
use api::status::Violations;
use domain::content::Content;
use domain::decision::{Intent, To};

/// The content, or a note of everything that is wrong with it.
pub(crate) fn parse(content: Option<pb::Content>, violations: &mut Violations) -> Option<Content> {
    let content = convert::take_content(content, "content", violations)?;
    let broken = content.violations();
    for violation in &broken {
        violations.add(&violation.field, violation.what.as_str());
    }
    broken.is_empty().then_some(content)
}

/// What the rules ask of this content. What they need to know of it is read from it, and a caller who says otherwise is
/// told so. Ways that lead over something else than the Send API cannot be taken from here.
pub(crate) fn matter(
    intent: Option<Intent>,
    matter: Option<Matter>,
    content: Option<&Content>,
    violations: &mut Violations,
) -> Option<Intent> {
    let says = matter.as_ref().is_some_and(|matter| matter.content.is_some());
    let intent = convert::take_matter(intent, matter, violations)?;
    let kind = content.map(Content::kind);
    let contradicts = says && kind.as_ref().is_some_and(|kind| intent.kind != *kind);
    let mut refuse = |is_wrong: bool, field: &str, what: &str| {
        if is_wrong {
            violations.add(field, what);
        }
        is_wrong
    };
    let refused = [
        refuse(contradicts, "matter.content", "is not what `content` says; leave it out"),
        refuse(intent.to == To::Phone, "matter.phone", "cannot be sent from here; address the person by PSID"),
        refuse(intent.to == To::Group, "matter.group", "cannot be sent from here; address each person by PSID"),
        refuse(
            intent.is_paid,
            "matter.paid",
            "cannot be sent from here: paid messages are bought with the platform's ads",
        ),
    ];
    if refused.contains(&true) { None } else { Some(Intent { kind: kind?, ..intent }) }
}
