//! The one place that makes gRPC statuses: a code, a sentence, and details that a program can read.

mod calls;
mod limits;
mod messages;
mod pages;

pub use calls::{attachment_request_id_reused, no_such_message_of_person, too_many_actions};
pub use calls::{no_such_persona, page_paused, persona_request_id_reused, platform_refused, platform_unclear};
pub use limits::{app_quota, no_calls_left, send_rate};
pub use messages::{key_taken, not_waiting, revision_not_reached, to_rpc};
pub use pages::{
    no_secrets_key, no_such_page, page_exists, page_not_ready, page_request_id_reused, pause_not_confirmed,
    platform_silent,
};

use crate::proto::error::v1::Reason;
use domain::decision::{Decision, Remedy};
use domain::pack::{Pack, Rule};
use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The `domain` of every `ErrorInfo`.
pub const DOMAIN: &str = "nuncio";

/// How long a caller should wait before it repeats a call that failed for the moment.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// The reason as callers see it: without the enum's prefix.
pub fn reason_name(reason: Reason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("REASON_").unwrap_or(name)
}

fn details<const N: usize>(reason: Reason, metadata: [(&str, String); N]) -> ErrorDetails {
    let metadata: HashMap<String, String> = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    ErrorDetails::with_error_info(reason_name(reason), DOMAIN, metadata)
}

fn with_details(code: Code, message: impl Into<String>, details: ErrorDetails) -> Status {
    Status::with_error_details(code, message, details)
}

/// Collects what is wrong with a request, so that a caller learns all of it at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Notes that `field` is wrong; `what` says what it must be.
    pub fn add(&mut self, field: &str, what: impl Into<String>) {
        self.0.push(FieldViolation::new(field, what));
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a parsed field, or notes why there is none.
    pub fn take<T>(&mut self, field: &str, parsed: Result<T, impl std::fmt::Display>) -> Option<T> {
        parsed.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// Every wrong field, with what it must be.
    pub fn into_fields(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter().map(|violation| (violation.field, violation.description))
    }

    /// The status that names every wrong field.
    pub fn into_status(self) -> Status {
        let fields: Vec<_> = self.0.iter().map(|violation| violation.field.as_str()).collect();
        let message = format!("wrong or missing: {}", fields.join(", "));
        let mut details = details(Reason::InvalidFields, []);
        details.set_bad_request(self.0);
        with_details(Code::InvalidArgument, message, details)
    }
}

/// The wrong fields that a status names, each with what it must be.
pub fn wrong_fields(status: &Status) -> Vec<(String, String)> {
    let details = status.get_details_bad_request();
    let violations = details.map(|details| details.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

/// The rules forbid it.
pub fn blocked(decision: &Decision, pack: &Pack, message: &str) -> Status {
    let rule = decision.reason().unwrap_or(Rule::WindowClosed);
    let named = Reason::from_str_name(&format!("REASON_{}", rule.id()));
    let reason = named.expect("a test finds a reason for every rule that forbids");
    let sentence = pack.sentence(rule);
    let span = decision.findings.iter().find(|finding| finding.rule == Rule::WindowClosed).and_then(|found| found.span);
    let time = |at: Option<domain::time::Timestamp>| at.map(crate::convert::rfc3339).unwrap_or_default();
    let mut details = details(
        reason,
        [
            ("rule", rule.id().to_owned()),
            ("rule_pack", decision.pack.name.clone()),
            ("rule_pack_digest", hex::encode(decision.pack.digest)),
            ("message", message.to_owned()),
            ("last_user_event", time(span.map(|(from, _)| from))),
            ("window_closed_at", time(span.map(|(_, to)| to))),
        ],
    );
    for finding in decision.findings.iter().filter(|finding| finding.rule.forbids()) {
        let subject = decision.pack.name.as_str();
        details.add_precondition_failure_violation(finding.rule.id(), subject, &pack.sentence(finding.rule).says);
    }
    details.add_help_link("the platform's rule", &sentence.source);
    let remedies = crate::explain::remedies(decision);
    let message = format!("{} {remedies}", sentence.says);
    if rule != Rule::FrequencyCap {
        return with_details(Code::FailedPrecondition, message, details);
    }
    // The one rule that counts: it names a refusal only where time alone lifts it.
    let after =
        decision.remedies.iter().find_map(|remedy| if let Remedy::After(at) = remedy { Some(*at) } else { None });
    let wait_ms = after.map_or(0, |after| after.since(decision.at).as_millis());
    details.set_retry_info(Some(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))));
    details.add_quota_failure_violation(&decision.pack.name, &sentence.says);
    with_details(Code::ResourceExhausted, message, details)
}

/// There is no such message.
pub fn no_such_message(name: &str) -> Status {
    let details = details(Reason::NoSuchMessage, [("message", name.to_owned())]);
    with_details(Code::NotFound, "there is no such message; a message's name is what SendMessage answered", details)
}

/// The conversation was never erased.
pub fn no_such_erasure(name: &str) -> Status {
    let details = details(Reason::NoSuchErasure, [("conversation", name.to_owned())]);
    with_details(Code::NotFound, "this conversation was never erased; EraseConversation does that", details)
}

/// No rule pack has this name.
pub fn no_such_rule_pack(name: &str) -> Status {
    let details = details(Reason::NoSuchRulePack, [("rule_pack", name.to_owned())]);
    with_details(Code::NotFound, "there is no such rule pack; ListRulePacks names them all", details)
}

/// Nothing would be in force any more.
pub fn last_rule_pack(name: &str) -> Status {
    let details = details(Reason::LastRulePack, [("rule_pack", name.to_owned())]);
    let message = "this is the last rule pack in force; activate another one first";
    with_details(Code::FailedPrecondition, message, details)
}

/// The rule packs are not as the caller saw them; `etag` is how they are now.
pub fn rule_packs_changed(etag: &str) -> Status {
    let details = details(Reason::RevisionConflict, [("etag", etag.to_owned())]);
    let message = "the rule packs were changed since; look at them again, and repeat the call with their etag";
    with_details(Code::Aborted, message, details)
}

/// Another call that changes rule packs was made under this request id.
pub fn rule_pack_request_id_reused(request: &str) -> Status {
    let details = details(Reason::RequestIdReused, [("request_id", request.to_owned())]);
    let message = "this request id was used before for another change of rule packs; use a new one";
    with_details(Code::AlreadyExists, message, details)
}

/// No rehearsal has this name.
pub fn no_such_rehearsal(name: &str) -> Status {
    let details = details(Reason::NoSuchRehearsal, [("rehearsal", name.to_owned())]);
    let message =
        "there is no such rehearsal, or it was forgotten 30 days after its end; ListRehearsals names them all";
    with_details(Code::NotFound, message, details)
}

/// The request id was used before, for another rehearsal.
pub fn request_id_reused_for_rehearsal(existing: &str) -> Status {
    let details = details(Reason::RequestIdReused, [("rehearsal", existing.to_owned())]);
    let message = "this request id was used before for another rehearsal; use a new one";
    with_details(Code::AlreadyExists, message, details)
}

/// The request id was used before, with other content.
pub fn request_id_reused(existing: &str) -> Status {
    let details = details(Reason::RequestIdReused, [("message", existing.to_owned())]);
    let message = "this request id was used before for another request in this conversation; use a new one";
    with_details(Code::AlreadyExists, message, details)
}

/// Nuncio holds no access token for the Page.
pub fn page_not_registered(page: &str) -> Status {
    let details = details(Reason::PageNotRegistered, [("page", page.to_owned())]);
    let message =
        format!("there is no access token for page {page}; register it, or configure pages.{page}.access_token");
    with_details(Code::FailedPrecondition, message, details)
}

/// Others kept changing the same while this call tried.
pub fn contended() -> Status {
    let mut details = details(Reason::RevisionConflict, []);
    details.set_retry_info(Some(RETRY_AFTER));
    with_details(Code::Aborted, "others keep writing there; repeat the call", details)
}

/// The checkpoint means nothing in this log.
pub fn checkpoint_unknown() -> Status {
    let message = "the checkpoint belongs to another log, or lies behind a part that is lost; begin without one";
    with_details(Code::FailedPrecondition, message, details(Reason::CheckpointUnknown, []))
}

/// The database does not answer. The cause goes to the service's log, here and once.
pub fn tables_unavailable(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "a call failed: the database does not answer");
    let mut details = details(Reason::LogUnavailable, []);
    details.set_retry_info(Some(RETRY_AFTER));
    with_details(Code::Unavailable, "temporarily unavailable; repeat the call", details)
}

/// What the answer rests on has not come far enough behind the log.
pub fn table_behind() -> Status {
    let mut details = details(Reason::TableBehind, []);
    details.set_retry_info(Some(RETRY_AFTER));
    let message = "a table that the answer rests on is still being filled from the log; repeat the call";
    with_details(Code::Unavailable, message, details)
}

/// Something that is needed does not answer. The cause goes to the service's log, here and once.
pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "a call failed: the event log does not answer");
    let mut details = details(Reason::LogUnavailable, []);
    details.set_retry_info(Some(RETRY_AFTER));
    with_details(Code::Unavailable, "temporarily unavailable; repeat the call", details)
}

/// Something is wrong inside. The cause goes to the service's log, here and once.
pub fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "a call failed for an inner reason");
    with_details(Code::Internal, "internal error", details(Reason::Internal, []))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::decision::{Finding, Verdict};
    use domain::time::Timestamp;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut violations = Violations::default();
        violations.add("parent", "looks like `pages/{page}/conversations/{psid}`");
        violations.add("request_id", "is required");
        let status = violations.into_status();
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations.len(), 2);
        assert_eq!(details.error_info().unwrap().reason, "INVALID_FIELDS");
    }

    #[test]
    fn a_cap_on_frequency_says_how_long_to_wait() {
        let (file, text) = domain::pack::BUILT_IN[4];
        let pack = Pack::parse(file, text).unwrap();
        let at = Timestamp::from_millis;
        let finding = Finding { rule: Rule::FrequencyCap, facts: Vec::new(), span: None, about: None };
        let decision = Decision {
            verdict: Verdict::Blocked,
            findings: vec![finding],
            remedies: vec![Remedy::After(at(61_000))],
            at: at(1_000),
            holds_until: Some(at(61_000)),
            pack: pack.reference().clone(),
            overrides: None,
            right: None,
            evaluator: domain::evaluate::VERSION,
        };
        let status = blocked(&decision, &pack, "");
        assert_eq!(status.code(), Code::ResourceExhausted);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "FREQUENCY_CAP");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(60)));
        assert_eq!(details.quota_failure().unwrap().violations.len(), 1);
    }

    #[test]
    fn every_reason_has_the_form_that_callers_expect() {
        for number in 0..1_000 {
            let Ok(reason) = Reason::try_from(number) else { continue };
            let name = reason_name(reason);
            assert!(name.len() <= 63 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{name}");
        }
    }

    #[test]
    fn every_rule_that_forbids_has_a_reason_of_its_name() {
        for rule in Rule::ALL.iter().filter(|rule| rule.forbids()) {
            assert!(Reason::from_str_name(&format!("REASON_{}", rule.id())).is_some(), "{}", rule.id());
        }
    }
}
