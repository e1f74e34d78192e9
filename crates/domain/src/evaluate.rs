//! May this be said now? The one place that judges.
//!
//! First what stands in the way of everything: the Page is switched off, the person opted out. Then the ways that a message
//! can take, the cheapest first: the window, a tag, the staff's own, a token. The first that is open is taken. If none is,
//! everything that stands in the way is named, and what would lift it.

mod action;
mod frequency;
mod gates;
mod look;
mod special;
mod tokens;
mod window;

#[cfg(test)]
mod tests;

pub use action::action;

use crate::conversation::{Conversation, Fact};
use crate::decision::{ContentKind, Decision, Intent, To, Verdict};
use crate::id::{PageId, SendId};
use crate::pack::{Pack, Packs, Rule};
use crate::page::Page;
use crate::time::Timestamp;
use look::{Grant, Look};

pub(crate) use frequency::counts;

/// The version of this code. It grows whenever the same facts and pack could give another decision, so that a stored
/// decision says which code made it.
pub const VERSION: u32 = 4;

/// What is known where something is to be said.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The Page that speaks.
    pub page_id: &'a PageId,
    /// What is known of it.
    pub page: &'a Page,
    /// The stream that the send would live in: a person's conversation, or their comments on a post.
    pub conversation: &'a Conversation,
    /// The person's conversation, where the send would live in another stream.
    pub home: Option<&'a Conversation>,
    /// The send that is judged, once there is one: what it holds itself does not stand in its way.
    pub send: Option<&'a SendId>,
}

impl<'a> Facts<'a> {
    /// What is known of a person's conversation with a Page.
    pub const fn new(page_id: &'a PageId, page: &'a Page, conversation: &'a Conversation) -> Self {
        Self { page_id, page, conversation, home: None, send: None }
    }

    /// The same for a send that is there already.
    pub const fn of_send(self, send: &'a SendId) -> Self {
        Self { send: Some(send), ..self }
    }

    /// The same for a send in another stream than the person's conversation, which is this one.
    pub const fn with_home(self, home: &'a Conversation) -> Self {
        Self { home: Some(home), ..self }
    }
}

/// Judges `intent` by one pack, whatever its dates, on what is known at `now`.
///
/// Pure: the same arguments give the same decision, byte for byte. A refusal names every rule that stands in the way
/// and everything that would lift it.
pub fn evaluate(pack: &Pack, facts: &Facts<'_>, intent: &Intent, now: Timestamp) -> Decision {
    decide(|_| (pack, None), facts, intent, now)
}

/// Judges `intent` by the pack that is in force for the Page at `now`. How long the answer holds takes the packs into
/// account that come into force later.
pub fn judge(packs: &Packs, facts: &Facts<'_>, intent: &Intent, now: Timestamp) -> Decision {
    let in_force = |now| (packs.in_force_for(facts.page_id, now), packs.next_change(facts.page_id, now));
    decide(in_force, facts, intent, now)
}

/// What [`evaluate`] says, without all that explains it: the verdict, and the rule that a refusal is named by. For whoever
/// judges a whole past, and asks of most of it nothing more.
pub fn verdict(pack: &Pack, facts: &Facts<'_>, intent: &Intent, now: Timestamp) -> (Verdict, Option<Rule>) {
    let mut look = Look::new(pack, *facts, intent, now);
    match way(&mut look) {
        Some(grant) => (Verdict::Allowed(grant.route), None),
        None => (Verdict::Blocked, look.findings.iter().map(|finding| finding.rule).find(|rule| rule.forbids())),
    }
}

/// The action of the person by which the Page may write freely for longest, and when that ends or ended.
pub fn window_of(pack: &Pack, conversation: &Conversation) -> Option<(Fact, Timestamp)> {
    let opened = pack.windows().opened_by.iter().filter_map(|(opening, length)| {
        let fact = conversation.last_opening(&[*opening])?;
        Some((fact, fact.at.plus(*length)))
    });
    opened.reduce(|one, other| {
        let key = |(fact, end): &(Fact, Timestamp)| (*end, std::cmp::Reverse(fact.record));
        if key(&other) > key(&one) { other } else { one }
    })
}

fn decide<'p>(
    pack_at: impl Fn(Timestamp) -> (&'p Pack, Option<Timestamp>),
    facts: &Facts<'_>,
    intent: &Intent,
    now: Timestamp,
) -> Decision {
    let look = |now| {
        let (pack, next_pack) = pack_at(now);
        let mut look = Look::new(pack, *facts, intent, now);
        let grant = way(&mut look);
        look.edges.extend(next_pack);
        look.edges.retain(|edge| *edge > now);
        (pack, grant, look)
    };
    let (pack, grant, first) = look(now);
    // Between two of these moments nothing changes by time alone. So the answer is asked for again at each, in order,
    // until it is another one; every answer can name moments that the one before did not look at.
    let mut edges = first.edges;
    let mut holds_until = None;
    while let Some(next) = edges.pop_first() {
        let (_, later, looked) = look(next);
        if outcome(later.as_ref()) != outcome(grant.as_ref()) {
            holds_until = Some(next);
            break;
        }
        edges.extend(looked.edges);
    }
    let right = grant.as_ref().and_then(|grant| grant.right.clone());
    let (verdict, findings, remedies) = match grant {
        Some(grant) => (Verdict::Allowed(grant.route), vec![grant.finding], Vec::new()),
        None => (Verdict::Blocked, first.findings, first.remedies),
    };
    Decision {
        verdict,
        findings,
        remedies,
        at: now,
        holds_until,
        pack: pack.reference().clone(),
        overrides: pack.overrides(),
        right,
        evaluator: VERSION,
    }
}

fn outcome(grant: Option<&Grant>) -> Option<(crate::decision::Route, Option<&crate::right::Right>)> {
    grant.map(|grant| (grant.route, grant.right.as_ref()))
}

/// The way that the message can take, if there is one.
fn way(look: &mut Look<'_>) -> Option<Grant> {
    let is_barred = gates::bar(look);
    if look.is_suppressed() {
        return None;
    }
    let found = match (&look.intent.to, &look.intent.kind) {
        (To::Comment(comment), _) => special::private_reply(look, comment),
        (To::Phone, _) => special::customer_matching(look),
        (To::Group, _) => special::group_chat(look),
        (To::Person | To::Right(_), ContentKind::UtilityTemplate { name, language }) => {
            special::utility(look, name, language)
        }
        (To::Person | To::Right(_), ContentKind::OneTimeRequest { .. } | ContentKind::RecurringRequest { .. }) => {
            window::ask(look)
        }
        (To::Person, ContentKind::Message | ContentKind::FeedbackTemplate) => window::window_or_tag(look)
            .or_else(|| window::human_agent(look))
            .or_else(|| tokens::for_topic(look))
            .or_else(|| special::sponsored(look)),
        (To::Right(right), ContentKind::Message | ContentKind::FeedbackTemplate) => {
            window::window(look).or_else(|| tokens::this(look, right))
        }
    };
    // Last, so that it names the refusal only where nothing else is in the way: then, and only then, time alone helps.
    let is_capped = frequency::cap(look);
    found.filter(|_| !is_barred && !is_capped)
}
