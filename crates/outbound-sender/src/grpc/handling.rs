//! When and how a message is to be sent, as its caller wants it.

use api::convert::take_moment;
use api::proto::outbound::v1 as pb;
use api::status::Violations;
use domain::decision::{Intent, To};
use domain::id::BusinessKey;
use domain::send::{Guarantee, Handling};

/// What its end is held against.
pub(super) const IN_THE_FUTURE: &str = "is in the future";

/// How a message is sent, and how its call is answered.
pub(super) struct Wanted {
    pub(super) handling: Handling,
    /// Whether a message that the rules forbid is answered with an error.
    pub(super) rejects: bool,
    /// Whether a message that has the key already is the answer.
    pub(super) takes_existing: bool,
}

/// Reads everything that says when and how, or notes what is wrong with it.
pub(super) fn parse(
    asked: &pb::SendMessageRequest,
    intent: Option<&Intent>,
    violations: &mut Violations,
) -> Option<Wanted> {
    let on_block = on_block(asked.on_block, violations);
    let not_before = take_moment(asked.not_before.as_ref(), "not_before", violations);
    let expires_at = take_moment(asked.expire_time.as_ref(), "expire_time", violations);
    if let (Some(Some(begin)), Some(Some(end))) = (not_before, expires_at)
        && end <= begin
    {
        violations.add("expire_time", "is after not_before");
    }
    let guarantee = guarantee(asked.guarantee, intent, violations);
    let key = match asked.dedupe_key.as_str() {
        "" => Some(None),
        key => violations.take("dedupe_key", BusinessKey::parse(key)).map(Some),
    };
    let takes_existing = policy(asked, violations);
    let (rejects, is_held) = on_block?;
    Some(Wanted {
        handling: Handling {
            not_before: not_before?,
            expires_at: expires_at?,
            guarantee: guarantee?,
            is_held,
            key: key?,
        },
        rejects,
        takes_existing: takes_existing?,
    })
}

/// Whether what the rules forbid is an error, and whether it is held.
fn on_block(raw: i32, violations: &mut Violations) -> Option<(bool, bool)> {
    match pb::OnBlock::try_from(raw) {
        Ok(pb::OnBlock::Unspecified | pb::OnBlock::Reject) => Some((true, false)),
        Ok(pb::OnBlock::Record) => Some((false, false)),
        Ok(pb::OnBlock::Defer) => Some((false, true)),
        Err(_) => {
            violations.add("on_block", "is ON_BLOCK_REJECT, ON_BLOCK_RECORD or ON_BLOCK_DEFER");
            None
        }
    }
}

fn guarantee(raw: i32, intent: Option<&Intent>, violations: &mut Violations) -> Option<Guarantee> {
    let guarantee = match pb::DeliveryGuarantee::try_from(raw) {
        Ok(pb::DeliveryGuarantee::Unspecified | pb::DeliveryGuarantee::AtMostOnce) => Guarantee::AtMostOnce,
        Ok(pb::DeliveryGuarantee::AtLeastOnce) => Guarantee::AtLeastOnce,
        Err(_) => {
            violations.add("guarantee", "is DELIVERY_GUARANTEE_AT_MOST_ONCE or DELIVERY_GUARANTEE_AT_LEAST_ONCE");
            return None;
        }
    };
    let takes_one = intent.is_some_and(|intent| match intent.to {
        To::Right(_) | To::Comment(_) => true,
        To::Person | To::Phone | To::Group => false,
    });
    if guarantee == Guarantee::AtLeastOnce && takes_one {
        violations.add("guarantee", "is DELIVERY_GUARANTEE_AT_MOST_ONCE: a token or a comment takes one message");
        return None;
    }
    Some(guarantee)
}

/// Whether a message that has the key already is the answer.
fn policy(asked: &pb::SendMessageRequest, violations: &mut Violations) -> Option<bool> {
    let policy = match pb::DedupePolicy::try_from(asked.dedupe_policy) {
        Ok(policy) => policy,
        Err(_) => {
            violations.add("dedupe_policy", "is DEDUPE_POLICY_REJECT or DEDUPE_POLICY_RETURN_EXISTING");
            return None;
        }
    };
    match policy {
        pb::DedupePolicy::Unspecified => Some(false),
        pb::DedupePolicy::Reject | pb::DedupePolicy::ReturnExisting if asked.dedupe_key.is_empty() => {
            violations.add("dedupe_key", "is required where dedupe_policy is given");
            None
        }
        pb::DedupePolicy::Reject => Some(false),
        pb::DedupePolicy::ReturnExisting => Some(true),
    }
}
