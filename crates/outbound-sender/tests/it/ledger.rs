//! What the log and the platform's recorder say of the same messages, and what must always hold between the two.

use crate::parts::APP;
use crate::sandbox::{ECHO, MARGIN, PAGE, Sandbox};
use api::name;
use domain::conversation::Conversation;
use domain::decision::{Decision, Route};
use domain::evaluate::{Facts, judge};
use domain::event::{Event, Inbound, InboundKind, Outcome, Sending, SendingKind};
use domain::id::{PageId, Psid, SendId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Guarantee, LEAVE_WITHIN};
use domain::time::{Span, Timestamp};
use event_log::{EventLog, JudgedBy, Stored};
use messenger::metadata;
use simulator::SendRow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Sandbox {
    /// Everything that the platform took from us, in order.
    pub(crate) async fn rows(&self) -> Vec<SendRow> {
        let rows = self.admin.sends().await.unwrap();
        rows.into_iter().filter(|row| row.app == APP).collect()
    }

    /// The texts of what the platform took, in order.
    pub(crate) async fn texts(&self) -> Vec<String> {
        self.rows().await.into_iter().map(|row| row.text.unwrap()).collect()
    }

    /// Every record of a person's conversation.
    pub(crate) async fn records(&self, psid: &str) -> Vec<Stored> {
        self.log.read(&self.conversation(psid), 0).await.unwrap()
    }

    /// The names of a message's steps in the log, in order.
    pub(crate) async fn steps(&self, message: &str) -> Vec<&'static str> {
        let send = self.send_id(message);
        let records = self.log.read(&send.stream(), 0).await.unwrap();
        let steps = sendings(&records).filter(|(_, step)| step.send == send);
        steps.map(|(_, step)| step.kind.as_str()).collect()
    }

    /// How often a step of this name stands in a message's history.
    pub(crate) async fn count(&self, message: &str, step: &str) -> usize {
        self.steps(message).await.into_iter().filter(|name| *name == step).count()
    }

    pub(crate) fn send_id(&self, message: &str) -> SendId {
        let (home, id) = name::parse_message(message).unwrap();
        home.send(self.log.identity().person_key(&home.page, &home.psid), id)
    }

    /// The revision of the Page's stream that each claim of a message names.
    pub(crate) async fn page_revisions(&self, message: &str) -> Vec<u64> {
        let send = self.send_id(message);
        let records = self.log.read(&send.stream(), 0).await.unwrap();
        claims(&send, &records).map(|claim| claim.page_revision).collect()
    }

    /// Invariants 4 and 7, for everything that the platform ever took or was asked.
    pub(crate) async fn is_lawful(&self) {
        let mut seen: BTreeMap<SendId, usize> = BTreeMap::new();
        // Tests change packs before they send.
        let packs = JudgedBy::new(self.log.clone()).packs().await.unwrap();
        for row in self.rows().await {
            let (send, _) = metadata::read(row.metadata.as_deref().expect("our id travels along"));
            let send = send.expect("our id travels along");
            let n_seen = seen.entry(send.clone()).or_insert(0);
            *n_seen += 1;
            let n_seen = *n_seen;
            let records = self.log.read(&send.stream(), 0).await.unwrap();
            let most = if is_wanted_at_least_once(&send, &records) { 2 } else { 1 };
            assert!(n_seen <= most, "invariant 7: {send} was written to the wire {n_seen} times");
            let pages = self.log.read(&StreamId::Page(send.page().clone()), 0).await.unwrap();
            let home = match send.post() {
                Some(_) => Some(self.records(&row.psid).await),
                None => None,
            };
            self.left_with_an_allow(&row, &send, &Past { records, pages, home, packs: Arc::clone(&packs) });
        }
        self.was_asked_only_by_claims().await;
    }

    /// Invariant 4 for one message that left: some claim before it allows it, judged at the claim's own revision, by
    /// the route that it took, and was not over.
    fn left_with_an_allow(&self, row: &SendRow, send: &SendId, past: &Past) {
        let psid = Psid::parse(&row.psid).unwrap();
        let page = PageId::parse(&row.page).unwrap();
        assert_eq!(*send.page(), page, "{send} left as another Page");
        assert_eq!(send.person(), self.log.identity().person_key(&page, &psid), "{send} went to somebody else");
        let told = first_word_of(send, &past.records);
        let is_allowed = claims(send, &past.records).any(|claim| {
            let basis = match claim.decision.route() {
                None => return false,
                Some(Route::Response | Route::OneTime | Route::Recurring | Route::Marketing | Route::PrivateReply) => {
                    ("RESPONSE", None)
                }
                Some(Route::Update) => ("UPDATE", None),
                Some(Route::HumanAgent) => ("MESSAGE_TAG", Some("HUMAN_AGENT")),
                Some(Route::Tag(tag)) => ("MESSAGE_TAG", Some(tag.as_str())),
                Some(Route::Utility) => ("UTILITY", None),
                Some(_) => return false,
            };
            let taken = (row.messaging_type.as_str(), row.tag.as_deref());
            let holds = |at| claim.decision.holds_until.is_none_or(|end| at < end);
            let is_judged_there = *claim.decision == judged_again(send, past, &claim);
            let is_before = told.is_none_or(|told| claim.position < told);
            let at = Timestamp::from_millis(row.at_ms);
            taken == basis && holds(claim.at) && holds(at) && is_judged_there && is_before
        });
        assert!(is_allowed, "invariant 4: {send} left without a recorded allow");
    }

    /// No call without a claim of its own.
    async fn was_asked_only_by_claims(&self) {
        let mut n_calls: BTreeMap<String, usize> = BTreeMap::new();
        // Other calls send nothing, and are a test's own.
        for call in self.calls().await.into_iter().filter(|call| call.endpoint == "messages" && call.action.is_none()) {
            // Of a call whose token is not taken, the platform reads nothing more. The other Page's streams are not looked at.
            if call.page.as_deref() != Some(PAGE) {
                continue;
            }
            let Some(psid) = call.psid else {
                // Nor of a call that is over the quota of calls.
                assert_eq!(call.code, Some(80_006), "every call names a person");
                continue;
            };
            *n_calls.entry(psid).or_default() += 1;
        }
        let rows = self.rows().await;
        let sends = rows.iter().filter_map(|row| metadata::read(row.metadata.as_deref()?).0);
        let comments: BTreeSet<_> = sends.filter(|send| send.post().is_some()).map(|send| send.stream()).collect();
        for (psid, n_calls) in n_calls {
            let mut records = self.records(&psid).await;
            for stream in &comments {
                records.extend(self.log.read(stream, 0).await.unwrap());
            }
            let is_claim = |step: &Sending| matches!(step.kind, SendingKind::Dispatched { .. });
            let n_claims = sendings(&records).filter(|(_, step)| is_claim(step)).count();
            assert!(n_calls <= n_claims, "{n_calls} calls by {n_claims} claims");
        }
    }

    /// For how long after `leave_by` a claim is given the benefit of the doubt.
    pub(crate) fn benefit(&self) -> Span {
        Span::from_millis(i64::try_from(self.setup.answer.as_millis()).unwrap() + MARGIN.as_millis())
    }

    /// A message that ended unresolved was given all the time that the configuration promises, at every step.
    pub(crate) async fn takes_the_promised_time(&self, message: &str) {
        let send = self.send_id(message);
        let records = self.log.read(&send.stream(), 0).await.unwrap();
        let at = |name: &str| {
            let mut steps = sendings(&records).filter(|(_, step)| step.send == send && step.kind.as_str() == name);
            steps.next().unwrap().1.at
        };
        let (claimed, unknown, unresolved) = (at("dispatched"), at("unknown"), at("unresolved"));
        assert!(unknown >= claimed.plus(LEAVE_WITHIN).plus(self.benefit()), "called unknown too early");
        assert!(unresolved >= unknown.plus(ECHO), "called unresolved too early");
    }

    /// How many records of the whole conversation hold a step of this name.
    pub(crate) async fn count_in_conversation(&self, psid: &str, step: &str) -> usize {
        let records = self.records(psid).await;
        sendings(&records).filter(|(_, found)| found.kind.as_str() == step).count()
    }
}

/// What a send was judged by: its own stream, its Page's, and the person's conversation where that is another.
struct Past {
    records: Vec<Stored>,
    pages: Vec<Stored>,
    home: Option<Vec<Stored>>,
    packs: Arc<Packs>,
}

struct Recorded<'a> {
    position: u64,
    at: Timestamp,
    decision: &'a Decision,
    /// The revision of the Page's stream that the claim names.
    page_revision: u64,
}

fn sendings(records: &[Stored]) -> impl Iterator<Item = (u64, &Sending)> {
    records.iter().flat_map(|stored| {
        stored.record.events.iter().filter_map(|event| match event {
            Event::Sending(step) => Some((stored.position, &**step)),
            Event::Inbound(_)
            | Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::System(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_) => None,
        })
    })
}

fn claims<'a>(send: &'a SendId, records: &'a [Stored]) -> impl Iterator<Item = Recorded<'a>> {
    sendings(records).filter(move |(_, step)| step.send == *send).filter_map(move |(position, step)| match &step.kind {
        SendingKind::Dispatched { decision, leave_by, grounds, .. } => {
            assert!(decision.holds_until.is_none_or(|end| *leave_by <= end), "{send} may leave when it is forbidden");
            Some(Recorded { position, at: step.at, decision, page_revision: grounds.page_revision })
        }
        SendingKind::Requested { .. }
        | SendingKind::Accepted { .. }
        | SendingKind::Blocked { .. }
        | SendingKind::Deferred { .. }
        | SendingKind::Cancelled
        | SendingKind::Expired { .. }
        | SendingKind::Settled { .. }
        | SendingKind::Doubted => None,
    })
}

/// The decision that everything before the claim leads to, with the Page as it was at the revision that the claim names.
fn judged_again(send: &SendId, past: &Past, claim: &Recorded<'_>) -> Decision {
    let as_it_was = |records: &[Stored]| {
        let before = records.iter().take_while(|stored| stored.position < claim.position);
        Conversation::fold(before.flat_map(Stored::events))
    };
    let state = as_it_was(&past.records);
    let home = past.home.as_deref().map(as_it_was);
    let of_page = past.pages.iter().take_while(|stored| stored.position <= claim.page_revision);
    let page = Page::fold(of_page.flat_map(Stored::events));
    let facts = Facts::new(send.page(), &page, &state).of_send(send);
    let facts = home.as_ref().map_or(facts, |home| facts.with_home(home));
    judge(&past.packs, &facts, &state.send(send).unwrap().intent, claim.at)
}

/// Whether whoever asked for it would rather have it twice than never.
fn is_wanted_at_least_once(send: &SendId, records: &[Stored]) -> bool {
    sendings(records).filter(|(_, step)| step.send == *send).any(|(_, step)| match &step.kind {
        SendingKind::Requested { handling, .. } => handling.guarantee == Guarantee::AtLeastOnce,
        SendingKind::Accepted { .. }
        | SendingKind::Blocked { .. }
        | SendingKind::Deferred { .. }
        | SendingKind::Dispatched { .. }
        | SendingKind::Settled { .. }
        | SendingKind::Cancelled
        | SendingKind::Expired { .. }
        | SendingKind::Doubted => false,
    })
}

/// Where the log first says that the message is out.
fn first_word_of(send: &SendId, records: &[Stored]) -> Option<u64> {
    let says_so = |event: &Event| match event {
        Event::Sending(step) => {
            let is_sent = matches!(step.kind, SendingKind::Settled { outcome: Outcome::Sent { .. }, .. });
            step.send == *send && is_sent
        }
        Event::Inbound(inbound) => is_echo_of(send, inbound),
        Event::Quarantined(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => false,
    };
    records.iter().find(|stored| stored.record.events.iter().any(says_so)).map(|stored| stored.position)
}

fn is_echo_of(send: &SendId, inbound: &Inbound) -> bool {
    if let InboundKind::Echo(echo) = &inbound.kind { echo.send.as_ref() == Some(send) } else { false }
}
