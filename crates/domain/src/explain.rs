//! Decisions in words, made when they are read: for a person, and in parts for a program.

use crate::decision::{About, Capability, Decision, PackRef, Remedy, Route, Tag, Verdict};
use crate::id::RecordId;
use crate::pack::{Packs, Rule};
use crate::right::Right;
use crate::time::Timestamp;

/// A decision with everything that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Yes, and by which route; or no.
    pub verdict: Verdict,
    /// The verdict as one sentence.
    pub says: String,
    /// Every rule that spoke.
    pub because: Vec<Because>,
    /// What would turn a refusal into permission. Where several rules stand in the way, each needs its own.
    pub changes: Vec<WouldChange>,
    /// The moment that it was made for.
    pub at: Timestamp,
    /// The first moment at which it no longer holds, all else unchanged.
    pub holds_until: Option<Timestamp>,
    /// The pack that it was judged by.
    pub pack: PackRef,
    /// Whether that pack is known here; if it is not, there are no sentences.
    pub is_pack_known: bool,
    /// Whether the Page had numbers or flags of its own.
    pub is_overridden: bool,
    /// The version of the code that judged.
    pub evaluator: u32,
}

/// One rule's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// The rule.
    pub rule: Rule,
    /// What the pack says of it; empty when the pack is not known here.
    pub says: String,
    /// Where the platform says so.
    pub source: String,
    /// The records of the facts that it looked at.
    pub facts: Vec<RecordId>,
    /// The span that it measured.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What it speaks of: a tag, or a right by its name.
    pub about: Option<String>,
}

/// Something that would lift a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldChange {
    /// What.
    pub remedy: Remedy,
    /// As one sentence.
    pub says: String,
}

/// Puts a decision into words, by the pack that it was made by.
pub fn explain(decision: &Decision, packs: &Packs) -> Explanation {
    let pack = packs.find(&decision.pack);
    let because = decision.findings.iter().map(|finding| {
        let sentence = pack.map(|pack| pack.sentence(finding.rule));
        Because {
            rule: finding.rule,
            says: sentence.map(|sentence| sentence.says.clone()).unwrap_or_default(),
            source: sentence.map(|sentence| sentence.source.clone()).unwrap_or_default(),
            facts: finding.facts.clone(),
            span: finding.span,
            about: finding.about.as_ref().map(about),
        }
    });
    Explanation {
        verdict: decision.verdict,
        says: verdict(decision),
        because: because.collect(),
        changes: decision.remedies.iter().map(|one| WouldChange { remedy: *one, says: remedy(*one) }).collect(),
        at: decision.at,
        holds_until: decision.holds_until,
        pack: decision.pack.clone(),
        is_pack_known: pack.is_some(),
        is_overridden: decision.overrides.is_some(),
        evaluator: decision.evaluator,
    }
}

impl Explanation {
    /// For a person: a line for the verdict, one for each rule that spoke, one for each thing that would change it, and one
    /// for who judged.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.says.clone()];
        lines.extend(self.because.iter().map(|because| {
            let about = because.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default();
            let span = because.span.map(|(from, to)| format!(" [{} to {}]", moment(from), moment(to)));
            format!("{}{about}: {}{}", because.rule.id(), because.says, span.unwrap_or_default())
        }));
        lines.extend(self.changes.iter().map(|change| change.says.clone()));
        let own = if self.is_overridden { ", with values of the Page's own" } else { "" };
        let unknown = if self.is_pack_known { "" } else { ", which is not known here" };
        lines.push(format!("judged by {}{unknown}{own} (evaluator {})", self.pack.name, self.evaluator));
        lines
    }
}

/// A moment as RFC 3339 text in UTC; far-off moments as milliseconds.
pub fn moment(at: Timestamp) -> String {
    let written = jiff::Timestamp::from_millisecond(at.as_millis());
    written.map_or_else(|_| format!("{} ms", at.as_millis()), |time| time.to_string())
}

fn verdict(decision: &Decision) -> String {
    let until = decision.holds_until.map(|end| format!(" until {}", moment(end))).unwrap_or_default();
    match decision.verdict {
        Verdict::Allowed(route) => format!("allowed by route {}{until}", route.as_str()),
        Verdict::Blocked => format!("blocked{until}"),
    }
}

fn about(about: &About) -> String {
    match about {
        About::Tag(tag) => tag.as_str().to_owned(),
        About::Right(Right::OneTime(id) | Right::Repeated(id)) => format!("token {id}"),
        About::Right(Right::PrivateReply(comment)) => format!("comment {comment}"),
    }
}

/// What would lift a refusal, as one sentence.
pub fn remedy(remedy: Remedy) -> String {
    match remedy {
        Remedy::PersonActs => "It is allowed once the person writes, taps a button or comes in by a link.".to_owned(),
        Remedy::PersonWrites => "It is allowed once the person writes again.".to_owned(),
        Remedy::HumanAnswersBefore(end) => format!("A person of the staff may answer until {}.", moment(end)),
        Remedy::WithoutPromotionBefore(end) => {
            format!("A person of the staff may answer without promotion until {}.", moment(end))
        }
        Remedy::After(at) => format!("Nothing of this stands in the way from {} on.", moment(at)),
        Remedy::MessagingOn => "It needs the Page's messaging to be switched on.".to_owned(),
        Remedy::Granted(capability) => format!("It needs the Page to have {}.", capability_name(capability)),
        Remedy::ThreadPassed => "It needs the app that has the thread to pass it on, or our app to take it, if that is the Page's default one.".to_owned(),
        Remedy::PersonResumes => "It needs the person to ask for messages again.".to_owned(),
        Remedy::Named(kind) => format!("It needs to name the {} that it is about.", kind.as_str()),
        Remedy::NotRecurring => "It must not be one of many of its sort.".to_owned(),
        Remedy::NotPromotional => "It must not promote anything.".to_owned(),
        Remedy::AsTemplate => "It must be sent as the platform's template for this purpose.".to_owned(),
        Remedy::Paid(route) => format!("It may be sent as {}, if the caller will pay for that.", way(route)),
        Remedy::OptIn(route) => {
            format!("It may be sent as {} once the person agrees to that, when asked inside the window.", way(route))
        }
        Remedy::TopicOf(id) => format!("It must be about what the person agreed to with token {id}."),
        Remedy::ShorterTitle(chars) => format!("The title must have at most {chars} characters."),
        Remedy::RightReleased => "It needs the other message to end without having gone out.".to_owned(),
    }
}

fn capability_name(capability: Capability) -> &'static str {
    match capability {
        Capability::HumanAgent => "the feature by which its staff may answer after the window",
        Capability::OneTime => "one-time notifications",
        Capability::Recurring => "recurring notifications",
        Capability::RecurringException => "the exception for recurring notifications",
        Capability::Marketing => "marketing messages",
        Capability::Utility => "utility templates",
        Capability::PrivateReply => "private replies",
        Capability::Sponsored => "sponsored messages",
        Capability::CustomerMatching => "a part in the trial of writing by phone number",
        Capability::GroupChat => "support for groups",
        Capability::ChatWidget => "a chat window on its site",
        Capability::CustomerFeedback => "the tag for feedback forms",
    }
}

/// A route, as the end of a sentence names it.
pub const fn way(route: Route) -> &'static str {
    match route {
        Route::Response => "an answer inside the window",
        Route::Update => "a message inside the window",
        Route::HumanAgent => "an answer by a person of the staff",
        Route::Tag(Tag::ConfirmedEventUpdate) => "an update of a booked event",
        Route::Tag(Tag::PostPurchaseUpdate) => "an update of an order",
        Route::Tag(Tag::AccountUpdate) => "an update of an account",
        Route::Tag(Tag::CustomerFeedback) => "a feedback form",
        Route::OneTime => "a one-time notification",
        Route::Recurring => "a recurring notification",
        Route::Marketing => "a marketing message",
        Route::Utility => "a utility template",
        Route::PrivateReply => "a private reply",
        Route::Sponsored => "a sponsored message",
        Route::CustomerMatching => "a message by phone number",
        Route::GroupChat => "a message in the group",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Actor, Intent, Purpose};
    use crate::evaluate::judge;
    use crate::testing::{DAY_MS, PACKS, at, facts, fold, heard, message};

    fn explained(intent: &Intent, now_ms: i64) -> Explanation {
        let state = fold(&[heard(at(0), message())]);
        explain(&judge(&PACKS, &facts(&state), intent, at(now_ms)), &PACKS)
    }

    #[test]
    fn a_refusal_says_which_rules_when_and_what_would_change_it() {
        let told = explained(&Intent::new(Actor::Bot, Purpose::Conversation), DAY_MS).lines();
        let expected = [
            "blocked",
            "WINDOW_CLOSED: The person has not acted within the last 24 hours, so the Page may not write freely. \
             [2020-09-13T12:26:40Z to 2020-09-14T12:26:40Z]",
            "ACTOR_NOT_HUMAN: Only a person of the staff may answer after the window; a bot or an automation may not.",
            "It is allowed once the person writes, taps a button or comes in by a link.",
            "A person of the staff may answer until 2020-09-20T12:26:40Z.",
            "judged by messenger-2020 (evaluator 4)",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_permission_says_the_route_and_until_when() {
        let told = explained(&Intent::new(Actor::Bot, Purpose::Conversation), 0);
        assert_eq!(told.says, "allowed by route RESPONSE until 2020-09-14T12:26:40Z");
        assert_eq!((told.because.len(), told.changes.len()), (1, 0));
        assert!(told.because[0].source.starts_with("https://"));
    }

    #[test]
    fn a_decision_by_a_pack_that_is_gone_is_still_told_by_its_rules() {
        let state = fold(&[]);
        let mut decision = judge(&PACKS, &facts(&state), &Intent::new(Actor::Bot, Purpose::Conversation), at(0));
        decision.pack.digest = [1; 32];
        let told = explain(&decision, &PACKS);
        assert!(!told.is_pack_known);
        assert_eq!(told.lines()[1], "NO_USER_INITIATION: ");
    }

    #[test]
    fn no_explanation_names_a_person_or_a_token() {
        let told = explained(&Intent::new(Actor::Bot, Purpose::Conversation), DAY_MS);
        let text = format!("{told:?}");
        assert!(!text.contains("24601") && !text.contains("is it still there"), "{text}");
    }
}
