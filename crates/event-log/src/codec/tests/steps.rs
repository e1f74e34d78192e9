//! One file of bytes for each sort of record of our own, as the version wrote it that first knew it.

use super::at;
use crate::codec::{decode, encode};
use crate::record::Record;
use domain::decision::{
    About, Actor, Capability, ContentKind, Decision, Finding, Intent, PackRef, Purpose, Reference, ReferenceKind,
    Remedy, Route, Tag, To, Verdict,
};
use domain::event::{
    Concern, Consent, ConsentBy, ConsentKind, Content, Event, Grounds, Outcome, PageStep, PageStepKind, RightStep,
    RightStepKind, Sending, SendingKind, System, SystemKind, Witness,
};
use domain::id::{
    AgentId, AppId, BusinessKey, CommentId, Mid, PageId, PersonKey, PostId, Psid, RecordId, RequestId, SendId, StreamId,
};
use domain::pack::Rule;
use domain::right::{Right, TokenId};
use domain::send::{Guarantee, Handling};
use std::collections::BTreeSet;
use std::path::PathBuf;
use uuid::Uuid;

const TOKEN: TokenId = TokenId::from_bytes([3; 16]);

fn page() -> PageId {
    PageId::parse("1001").unwrap()
}

fn send() -> SendId {
    SendId::new(page(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(9))
}

fn comment() -> CommentId {
    CommentId::parse("5_6").unwrap()
}

fn sending(kind: SendingKind) -> Event {
    Event::Sending(Box::new(Sending { send: send(), at: at(5), kind }))
}

fn requested(intent: Intent) -> Event {
    sending(SendingKind::Requested {
        page: page(),
        recipient: Psid::parse("24601").unwrap(),
        request: RequestId::parse("r-1").unwrap(),
        request_digest: [4; 16],
        intent: Box::new(intent),
        content: Box::new(Content::text("yes")),
        handling: Handling::default(),
    })
}

/// A decision as the first version made it: nothing in it that came later.
fn first(verdict: Verdict) -> Decision {
    let finding = |rule, span| Finding { rule, facts: vec![RecordId::new(Uuid::from_u128(1))], span, about: None };
    Decision {
        verdict,
        findings: vec![finding(Rule::WindowClosed, Some((at(0), at(4)))), finding(Rule::ActorNotHuman, None)],
        remedies: vec![
            Remedy::PersonActs,
            Remedy::PersonWrites,
            Remedy::HumanAnswersBefore(at(7)),
            Remedy::WithoutPromotionBefore(at(8)),
        ],
        at: at(5),
        holds_until: Some(at(9)),
        pack: PackRef { name: "messenger-2020".to_owned(), digest: [9; 32] },
        overrides: None,
        right: None,
        evaluator: 1,
    }
}

/// A decision with everything that a decision can hold.
fn full(route: Route, right: Right) -> Decision {
    let about = |about| Finding { rule: Rule::TagRetired, facts: Vec::new(), span: None, about: Some(about) };
    let mut decision = first(Verdict::Allowed(route));
    decision.findings.extend([about(About::Tag(Tag::AccountUpdate)), about(About::Right(right.clone()))]);
    decision.remedies.extend([
        Remedy::After(at(1)),
        Remedy::MessagingOn,
        Remedy::Granted(Capability::GroupChat),
        Remedy::ThreadPassed,
        Remedy::PersonResumes,
        Remedy::Named(ReferenceKind::Event),
        Remedy::Named(ReferenceKind::Order),
        Remedy::NotRecurring,
        Remedy::NotPromotional,
        Remedy::AsTemplate,
        Remedy::Paid(Route::Sponsored),
        Remedy::OptIn(Route::Marketing),
        Remedy::TopicOf(TOKEN),
        Remedy::ShorterTitle(65),
        Remedy::RightReleased,
    ]);
    Decision { overrides: Some([8; 32]), right: Some(right), evaluator: 2, ..decision }
}

fn intents() -> Vec<Event> {
    let plain = |purpose| Intent::new(Actor::Bot, purpose);
    let title = || "News of shoes".to_owned();
    let template = ContentKind::UtilityTemplate { name: "order_update".to_owned(), language: "de".to_owned() };
    let intents = vec![
        Intent { is_promotional: true, is_recurring: true, is_paid: true, ..plain(Purpose::ConfirmedEvent) },
        Intent { reference: Some(Reference::Event("7".to_owned())), ..plain(Purpose::PostPurchase) },
        Intent { reference: Some(Reference::Order("42".to_owned())), ..plain(Purpose::AccountUpdate) },
        Intent { topic: Some(title()), broadcast: Some("b-1".to_owned()), ..plain(Purpose::CustomerFeedback) },
        Intent { kind: ContentKind::FeedbackTemplate, to: To::Phone, ..plain(Purpose::Promotion) },
        Intent { kind: template, to: To::Group, ..plain(Purpose::Conversation) },
        Intent { kind: ContentKind::OneTimeRequest { title: title() }, ..plain(Purpose::Conversation) },
        Intent { kind: ContentKind::RecurringRequest { title: title() }, ..plain(Purpose::Conversation) },
        Intent { to: To::Right(Right::Repeated(TOKEN)), ..plain(Purpose::Conversation) },
        Intent { to: To::Comment(comment()), ..plain(Purpose::Conversation) },
    ];
    intents.into_iter().map(requested).collect()
}

fn page_steps() -> Vec<Event> {
    let kinds = vec![
        PageStepKind::Connected { app: AppId::parse("77").unwrap() },
        PageStepKind::MessagingSwitched { is_on: false },
        PageStepKind::MessagingSwitched { is_on: true },
        PageStepKind::CapabilityChanged { capability: Capability::HumanAgent, is_granted: true },
        PageStepKind::Refused { code: 10, subcode: 1_893_063 },
    ];
    kinds.into_iter().map(|kind| Event::Page(PageStep { at: at(5), kind })).collect()
}

/// What came with the registry of Pages.
fn page_registry() -> Vec<Event> {
    let kinds = vec![
        PageStepKind::Registered { name: Some("Harbour Shoes".to_owned()) },
        PageStepKind::Registered { name: None },
        PageStepKind::TokenRotated,
        PageStepKind::TokenDead { code: 190, subcode: 463 },
        PageStepKind::TokenWell,
        PageStepKind::SubscriptionLost { missing: vec!["messages".to_owned(), "message_echoes".to_owned()] },
        PageStepKind::SubscriptionWell,
        PageStepKind::Paused { reason: "the shop moves".to_owned() },
        PageStepKind::Resumed,
        PageStepKind::Asked { request: RequestId::parse("r-7").unwrap(), digest: [6; 16] },
    ];
    kinds.into_iter().map(|kind| Event::Page(PageStep { at: at(5), kind })).collect()
}

/// What came with what a Page may not do.
fn page_permissions() -> Vec<Event> {
    let kinds = vec![PageStepKind::PermissionLost { code: 200, subcode: 2_018_028 }, PageStepKind::PermissionWell];
    kinds.into_iter().map(|kind| Event::Page(PageStep { at: at(5), kind })).collect()
}

fn packs() -> Vec<Event> {
    let pack = || PackRef { name: "own".to_owned(), digest: [9; 32] };
    let kinds = vec![
        SystemKind::PackLoaded { text: "name = \"own\"".to_owned() },
        SystemKind::PackActivated { pack: pack() },
        SystemKind::PackRetired { pack: pack() },
        SystemKind::PackPinned { page: page(), pack: Some(pack()) },
        SystemKind::PackPinned { page: page(), pack: None },
        SystemKind::PackOverridden { page: page(), overrides: Some("[windows]\n".to_owned()) },
        SystemKind::PackOverridden { page: page(), overrides: None },
    ];
    kinds.into_iter().map(|kind| Event::System(System { at: at(5), kind })).collect()
}

fn packs_requested() -> Vec<Event> {
    let request = RequestId::parse("request-1").unwrap();
    vec![Event::System(System { at: at(5), kind: SystemKind::PacksRequested { request, request_digest: [3; 16] } })]
}

fn block_rates() -> Vec<Event> {
    let crossed = |is_above| PageStepKind::BlockRateCrossed { is_above, sends: 1_000, blocks: 21 };
    [true, false].map(|is_above| Event::Page(PageStep { at: at(5), kind: crossed(is_above) })).to_vec()
}

fn right_steps() -> Vec<Event> {
    let rights = [Right::OneTime(TOKEN), Right::Repeated(TOKEN), Right::PrivateReply(comment())];
    let kinds = [RightStepKind::Reserved, RightStepKind::Spent, RightStepKind::Released];
    let steps = rights.into_iter().zip(kinds);
    steps.map(|(right, kind)| Event::Right(Box::new(RightStep { right, send: send(), at: at(5), kind }))).collect()
}

/// Refusals that speak of more than their message.
fn refusals() -> Vec<Event> {
    let refused =
        |(code, concern)| SendingKind::Settled { attempt: 1, outcome: Outcome::Rejected { code, subcode: 3, concern } };
    let concerns = [(10, Concern::Message), (100, Concern::Right), (551, Concern::Person)];
    let dropped = RightStep { right: Right::OneTime(TOKEN), send: send(), at: at(5), kind: RightStepKind::Dropped };
    concerns.map(|concern| sending(refused(concern))).into_iter().chain([Event::Right(Box::new(dropped))]).collect()
}

/// What callers can ask for besides what is said, and what comes of it.
fn handled() -> Vec<Event> {
    let key = Some(BusinessKey::parse("order-42-shipped").unwrap());
    let guarantee = Guarantee::AtLeastOnce;
    let asked = Handling { not_before: Some(at(1)), expires_at: Some(at(9)), guarantee, is_held: true, key };
    let mut first = requested(Intent::new(Actor::Bot, Purpose::Conversation));
    if let Event::Sending(step) = &mut first
        && let SendingKind::Requested { handling, .. } = &mut step.kind
    {
        *handling = asked;
    }
    let decision = || Box::new(self::first(Verdict::Allowed(Route::Response)));
    let (claim, grounds) = (Uuid::from_u128(3), Grounds { page_revision: 7, epoch: 2 });
    let kinds = vec![
        SendingKind::Deferred { decision: Box::new(self::first(Verdict::Blocked)), expires_at: None },
        SendingKind::Dispatched { attempt: 1, claim, leave_by: at(8), decision: decision(), grounds },
        SendingKind::Settled { attempt: 1, outcome: Outcome::Again { not_before: at(8) } },
        SendingKind::Cancelled,
        SendingKind::Expired { turn: None },
        SendingKind::Expired { turn: Some(at(9)) },
    ];
    [first].into_iter().chain(kinds.into_iter().map(sending)).collect()
}

/// What is held until a time that its caller gave.
fn held() -> Vec<Event> {
    let decision = Box::new(first(Verdict::Blocked));
    vec![sending(SendingKind::Deferred { decision, expires_at: Some(at(9)) })]
}

/// What settles a send whose answer was lost, and what does not.
fn found() -> Vec<Event> {
    let mid = || Mid::parse("m_1").unwrap();
    let elsewhere = StreamId::Conversation(page(), PersonKey::from_bytes([7; 16]));
    let outcomes = [
        Outcome::NotFound { since: at(8) },
        Outcome::Found { mid: mid(), at: at(9), by: Witness::Listing },
        Outcome::Found { mid: mid(), at: at(9), by: Witness::Echo(elsewhere) },
    ];
    outcomes.map(|outcome| sending(SendingKind::Settled { attempt: 1, outcome })).to_vec()
}

/// A send that answers a comment, and lives with it.
fn to_a_commenter() -> Vec<Event> {
    let (post, person) = (PostId::parse("1001_5.a").unwrap(), PersonKey::from_bytes([7; 16]));
    let send = SendId::to_commenter(page(), post, person, Uuid::from_u128(9));
    vec![Event::Sending(Box::new(Sending { send, at: at(5), kind: SendingKind::Doubted }))]
}

/// Every file, and what it must still mean.
pub(super) fn all() -> Vec<(&'static str, Vec<Event>)> {
    let human = Intent::new(Actor::Human(AgentId::parse("agent-1").unwrap()), Purpose::Conversation);
    let blocked = |decision| sending(SendingKind::Blocked { decision: Box::new(decision) });
    let accepted = |decision| sending(SendingKind::Accepted { decision: Box::new(decision) });
    let routes = Route::ALL.into_iter().map(|route| accepted(full(route, Right::OneTime(TOKEN))));
    let consents = [(ConsentKind::OptedOut, ConsentBy::Word), (ConsentKind::OptedIn, ConsentBy::Caller)];
    vec![
        ("first_requested", vec![requested(human)]),
        ("first_promotion", vec![requested(Intent::new(Actor::Broadcast, Purpose::Promotion))]),
        ("first_blocked", vec![blocked(first(Verdict::Blocked))]),
        ("first_accepted", vec![accepted(first(Verdict::Allowed(Route::Response)))]),
        ("first_by_staff", vec![accepted(first(Verdict::Allowed(Route::HumanAgent)))]),
        ("intents", intents()),
        ("accepted", routes.collect()),
        ("accepted_for_a_comment", vec![accepted(full(Route::PrivateReply, Right::PrivateReply(comment())))]),
        ("accepted_again", vec![accepted(full(Route::Recurring, Right::Repeated(TOKEN)))]),
        ("rights", right_steps()),
        ("consents", consents.map(|(kind, by)| Event::Consent(Consent { at: at(5), kind, by })).to_vec()),
        ("handled", handled()),
        ("held", held()),
        ("refusals", refusals()),
        ("to_a_commenter", to_a_commenter()),
        ("found", found()),
        ("page", page_steps()),
        ("page_registry", page_registry()),
        ("page_permissions", page_permissions()),
        ("packs", packs()),
        ("packs_requested", packs_requested()),
        ("page_block_rate", block_rates()),
    ]
}

pub(super) fn record(events: Vec<Event>) -> Record {
    Record {
        id: RecordId::new(Uuid::from_u128(5)),
        stream: StreamId::Conversation(page(), PersonKey::from_bytes([7; 16])),
        recorded_at: at(5),
        fact: None,
        traceparent: None,
        events,
    }
}

pub(super) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden_steps").join(format!("{name}.bin"))
}

#[test]
fn records_of_our_own_that_older_versions_wrote_mean_what_they_meant() {
    let mut written = Vec::new();
    for (name, events) in all() {
        let (file, record) = (file(name), record(events));
        // A sort that has no file yet gets one; from then on only the file counts.
        if !file.exists() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, encode(&record)).unwrap();
            written.push(name);
        }
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(decode(&bytes).unwrap(), record, "{name}");
        // Decisions are made again and compared byte by byte: the same decision must stay the same bytes.
        assert_eq!(hex::encode(encode(&record)), hex::encode(&bytes), "{name}");
    }
    assert!(written.is_empty(), "commit the files that were written just now: {written:?}");
}

#[test]
fn every_file_of_steps_is_looked_at() {
    let known: BTreeSet<_> = all().iter().map(|(name, _)| format!("{name}.bin")).collect();
    let folder = std::fs::read_dir(file("").parent().unwrap()).unwrap();
    let found: BTreeSet<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, known);
}
