//! The same records give the same state on every adapter.

use crate::samples::{NOW, page, record};
use domain::conversation::Conversation;
use domain::decision::{Actor, Decision, Finding, Intent, PackRef, Purpose, Route, Verdict};
use domain::evaluate::{Facts, judge};
use domain::event::{
    Concern, Consent, ConsentBy, ConsentKind, Grounds, OptIn, RightStep, RightStepKind, Sending, SendingKind,
};
use domain::event::{Content, Echo, Event, Inbound, InboundKind, Message, Outcome, Postback, Referral, Witness};
use domain::id::{CommentId, FactId, Mid, PersonKey, Psid, RecordId, RequestId, SendId, StreamId, Token};
use domain::pack::{Packs, Rule};
use domain::page::Page;
use domain::right::{Right, TokenId};
use domain::send::Handling;
use domain::time::{Span, Timestamp};
use event_log::{EventLog, Expected, Record, decision_bytes};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use uuid::Uuid;

fn person() -> PersonKey {
    PersonKey::from_bytes([7; 16])
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (-100_000_i64..100_000).prop_map(|ms| NOW.plus(Span::from_millis(ms)))
}

fn mid() -> impl Strategy<Value = Mid> {
    "m_[a-c]".prop_map(|raw| Mid::parse(&raw).unwrap())
}

/// One of few sends, so that their steps meet.
fn send() -> impl Strategy<Value = SendId> {
    (0_u128..3).prop_map(|id| SendId::new(page(1), person(), Uuid::from_u128(id)))
}

fn inbound() -> impl Strategy<Value = Event> {
    let referral = |source: &str| Referral { source: source.to_owned(), ..Referral::default() };
    let echo = |(mid, send, text)| Echo { send, text, ..Echo::of(mid) };
    let kind = prop_oneof![
        ("\\PC{0,20}", mid())
            .prop_map(|(text, mid)| Message { mid: Some(mid), text, ..Message::default() })
            .prop_map(InboundKind::Message),
        "[a-z]{1,9}".prop_map(|title| InboundKind::Postback(Postback { title, ..Postback::default() })),
        prop_oneof![Just("SHORTLINK"), Just("ADS")].prop_map(move |source| InboundKind::Referral(referral(source))),
        (moment(), prop::collection::vec(mid(), 0..3))
            .prop_map(|(watermark, mids)| InboundKind::Delivered { watermark, mids }),
        moment().prop_map(|watermark| InboundKind::Read { watermark }),
        (mid(), prop::option::of(send()), "\\PC{0,9}").prop_map(echo).prop_map(InboundKind::Echo),
        prop_oneof![Just("t-1"), Just("t-2")].prop_map(|token| {
            InboundKind::OptIn(OptIn::OneTime { payload: None, token: Token::parse(token).unwrap() })
        }),
    ];
    (kind, moment(), moment(), any::<bool>(), any::<[u8; 16]>()).prop_map(
        |(kind, stated_at, received_at, standby, fact)| {
            let (fact, person) = (FactId::from_bytes(fact), Some(Psid::parse("24601").unwrap()));
            Event::Inbound(Box::new(Inbound { fact, page: page(1), person, stated_at, received_at, standby, kind }))
        },
    )
}

fn decision() -> impl Strategy<Value = Box<Decision>> {
    let verdict = prop_oneof![
        Just(Verdict::Allowed(Route::Response)),
        Just(Verdict::Allowed(Route::HumanAgent)),
        Just(Verdict::Blocked)
    ];
    let facts = prop::collection::vec(any::<u128>().prop_map(|id| RecordId::new(Uuid::from_u128(id))), 0..3);
    let finding = (prop::sample::select(Rule::ALL), facts, prop::option::of((moment(), moment())));
    let findings =
        prop::collection::vec(finding.prop_map(|(rule, facts, span)| Finding { rule, facts, span, about: None }), 0..3);
    let parts = (verdict, findings, moment(), prop::option::of(moment()), prop::option::of(right()));
    parts.prop_map(|(verdict, findings, at, holds_until, right)| {
        let pack = PackRef { name: "a-pack".to_owned(), digest: [9; 32] };
        let (remedies, overrides) = (Vec::new(), None);
        Box::new(Decision { verdict, findings, remedies, at, holds_until, pack, overrides, right, evaluator: 1 })
    })
}

/// One of two tokens, each as both sorts, or a comment.
fn right() -> impl Strategy<Value = Right> {
    let id = prop_oneof![Just("t-1"), Just("t-2")].prop_map(|token| TokenId::of(&Token::parse(token).unwrap()));
    prop_oneof![
        id.clone().prop_map(Right::OneTime),
        id.prop_map(Right::Repeated),
        Just(Right::PrivateReply(CommentId::parse("5_6").unwrap())),
    ]
}

fn right_step() -> impl Strategy<Value = Event> {
    let kinds = [RightStepKind::Reserved, RightStepKind::Spent, RightStepKind::Released, RightStepKind::Dropped];
    (right(), send(), moment(), prop::sample::select(kinds.to_vec()))
        .prop_map(|(right, send, at, kind)| Event::Right(Box::new(RightStep { right, send, at, kind })))
}

fn consent() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![Just(ConsentKind::OptedOut), Just(ConsentKind::OptedIn)];
    let by = prop_oneof![Just(ConsentBy::Word), Just(ConsentBy::Caller)];
    (moment(), kind, by).prop_map(|(at, kind, by)| Event::Consent(Consent { at, kind, by }))
}

fn concern() -> impl Strategy<Value = Concern> {
    prop_oneof![Just(Concern::Message), Just(Concern::Right), Just(Concern::Person)]
}

fn sending() -> impl Strategy<Value = Event> {
    let requested = ("[a-c]", "\\PC{1,20}").prop_map(|(request, text)| SendingKind::Requested {
        page: page(1),
        recipient: Psid::parse("24601").unwrap(),
        request: RequestId::parse(&request).unwrap(),
        request_digest: [3; 16],
        intent: Box::new(Intent::new(Actor::Bot, Purpose::Conversation)),
        content: Box::new(Content::text(text)),
        handling: Handling::default(),
    });
    let outcome = prop_oneof![
        mid().prop_map(|mid| Outcome::Sent { mid }),
        (any::<i64>(), any::<i64>(), concern()).prop_map(|(code, subcode, concern)| Outcome::Rejected {
            code,
            subcode,
            concern
        }),
        (moment(), any::<i64>()).prop_map(|(not_before, code)| Outcome::Retrying { not_before, code }),
        moment().prop_map(|not_before| Outcome::NotSent { not_before }),
        (mid(), moment()).prop_map(|(mid, at)| Outcome::Found { mid, at, by: Witness::Listing }),
        moment().prop_map(|since| Outcome::NotFound { since }),
        Just(Outcome::Unknown),
        Just(Outcome::Unresolved),
    ];
    let dispatched = (1_u32..3, any::<u128>(), moment(), decision());
    let kind = prop_oneof![
        requested,
        decision().prop_map(|decision| SendingKind::Accepted { decision }),
        decision().prop_map(|decision| SendingKind::Blocked { decision }),
        dispatched.prop_map(|(attempt, claim, leave_by, decision)| {
            SendingKind::Dispatched {
                attempt,
                claim: Uuid::from_u128(claim),
                leave_by,
                decision,
                grounds: Grounds::default(),
            }
        }),
        (1_u32..3, outcome).prop_map(|(attempt, outcome)| SendingKind::Settled { attempt, outcome }),
        Just(SendingKind::Doubted),
    ];
    (send(), moment(), kind).prop_map(|(send, at, kind)| Event::Sending(Box::new(Sending { send, at, kind })))
}

fn history() -> impl Strategy<Value = Vec<Vec<Event>>> {
    prop::collection::vec(
        prop::collection::vec(prop_oneof![4 => inbound(), 4 => sending(), 1 => right_step(), 1 => consent()], 1..4),
        1..30,
    )
}

/// What the rules say to every purpose, as bytes.
fn judged(state: &Conversation) -> Vec<Vec<u8>> {
    let (packs, page_id, page) = (Packs::built_in(), page(1), Page::default());
    let facts = Facts::new(&page_id, &page, state);
    let decision = |purpose| judge(&packs, &facts, &Intent::new(Actor::Automation, purpose), NOW);
    Purpose::ALL.map(|purpose| decision_bytes(&decision(purpose))).to_vec()
}

async fn state(log: &dyn EventLog, records: &[Record]) -> Conversation {
    let mut reached = 0;
    for record in records {
        reached = log.append(record, Expected::revision(reached)).await.unwrap().revision;
    }
    let found = log.read(&records[0].stream, 0).await.unwrap();
    assert!(found.iter().map(|stored| &stored.record).eq(records));
    Conversation::fold(found.iter().flat_map(event_log::Stored::events))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_10_both_adapters_fold_the_same_records_to_the_same_state() {
    let (embedded, cluster) = (crate::sqlite::make().await, crate::jetstream::make().await);
    let mut runner = TestRunner::deterministic();
    let mut changed = 0;
    for number in 0..40 {
        let stream = StreamId::Conversation(crate::samples::page(number), person());
        let history = history().new_tree(&mut runner).unwrap().current();
        let record = |events| Record { events, ..record(&stream, "") };
        let records: Vec<_> = history.into_iter().map(record).collect();
        let on_embedded = state(&embedded.log, &records).await;
        let on_cluster = state(&cluster.log, &records).await;
        assert_eq!(on_embedded, on_cluster);
        assert_eq!(judged(&on_embedded), judged(&on_cluster), "the same records give the same decision, byte for byte");
        changed += usize::from(on_embedded != Conversation::default());
    }
    assert!(changed > 30, "only {changed} histories changed anything");
}
