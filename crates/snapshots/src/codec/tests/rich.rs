//! A fixed history that gives every part of a state every form it can have.

use domain::conversation::{Conversation, Opening};
use domain::decision::{
    About, Actor, Capability, ContentKind, Decision, Finding, Intent, PackRef, Purpose, Reference, ReferenceKind,
    Remedy, Route, Tag, To, Verdict,
};
use domain::event::{
    Comment, CommentVerb, Concern, Consent, ConsentBy, ConsentKind, Content, ControlStep, Erasing, ErasingKind, Event,
    Grounds, Inbound, InboundKind, Lead, LeadEnd, Message, NotificationChange, Notifications, OptIn, Outcome, Postback,
    Reaction, ReactionAction, Recorded, Referral, RightStep, RightStepKind, Sending, SendingKind, ThreadControl,
    Witness,
};
use domain::id::{
    AgentId, AppId, CommentId, FactId, Mid, PageId, PersonKey, PostId, Psid, RecordId, RequestId, SendId, StreamId,
    Token,
};
use domain::pack::Rule;
use domain::right::{Right, TokenId};
use domain::send::{Guarantee, Handling};
use domain::time::{Span, Timestamp};
use uuid::Uuid;

const NOON: Timestamp = Timestamp::from_millis(1_600_000_000_000);

const fn at(ms: i64) -> Timestamp {
    NOON.plus(Span::from_millis(ms))
}

fn page() -> PageId {
    PageId::parse("1001").unwrap()
}

fn person() -> Psid {
    Psid::parse("24601").unwrap()
}

const KEY: PersonKey = PersonKey::from_bytes([7; 16]);

fn mid(name: &str) -> Mid {
    Mid::parse(name).unwrap()
}

pub(super) fn stream() -> StreamId {
    StreamId::Conversation(page(), KEY)
}

pub(super) const fn record(n: u128) -> RecordId {
    RecordId::new(Uuid::from_u128(n))
}

fn opening(opening: Opening) -> InboundKind {
    let reaction = Reaction { mid: mid("m"), action: ReactionAction::React, reaction: None, emoji: None };
    let link = Referral { source: "SHORTLINK".to_owned(), ..Referral::default() };
    match opening {
        Opening::Message => InboundKind::Message(Message { text: "is it there?".to_owned(), ..Message::default() }),
        Opening::Postback => InboundKind::Postback(Postback::default()),
        Opening::Link => InboundKind::Referral(link),
        Opening::Reaction => InboundKind::Reaction(reaction),
        Opening::OptIn => InboundKind::OptIn(OptIn::Plugin { reference: None }),
        Opening::AdMessage => {
            let referral = Some(Referral { source: "ADS".to_owned(), ..Referral::default() });
            InboundKind::Message(Message { referral, ..Message::default() })
        }
        Opening::Lead => {
            let (end, referral) = (LeadEnd::Complete, Referral::default());
            InboundKind::Lead(Lead { end, referral, answers: Vec::new(), hop_context: None })
        }
    }
}

fn heard(stated_ms: i64, received_ms: i64, kind: InboundKind) -> Event {
    let fact = FactId::of(&[kind.as_str().as_bytes(), &stated_ms.to_be_bytes()]);
    let (page, person, stated_at, received_at) = (page(), Some(person()), at(stated_ms), at(received_ms));
    Event::Inbound(Box::new(Inbound { fact, page, person, stated_at, received_at, standby: false, kind }))
}

fn step(send: u128, ms: i64, kind: SendingKind) -> Event {
    let send = SendId::new(page(), KEY, Uuid::from_u128(send));
    Event::Sending(Box::new(Sending { send, at: at(ms), kind }))
}

/// Every form that an intent can have, by number.
fn intent(n: u128, actor: Actor, purpose: Purpose) -> Intent {
    let (name, language) = ("order_update".to_owned(), "de".to_owned());
    let title = "News of shoes".to_owned();
    let plain = Intent::new(actor, purpose);
    match n {
        1 => Intent { is_promotional: true, reference: Some(Reference::Event("7".to_owned())), ..plain },
        2 => Intent { is_recurring: true, reference: Some(Reference::Order("42".to_owned())), ..plain },
        3 => Intent { kind: ContentKind::OneTimeRequest { title }, is_paid: true, ..plain },
        4 => Intent { kind: ContentKind::RecurringRequest { title }, to: To::Phone, ..plain },
        5 => Intent { kind: ContentKind::UtilityTemplate { name, language }, to: To::Group, ..plain },
        6 => Intent { to: To::Right(rights()[0].clone()), topic: Some(title), ..plain },
        7 => Intent { to: To::Comment(comment()), broadcast: Some("b-1".to_owned()), ..plain },
        8 => Intent { kind: ContentKind::FeedbackTemplate, ..plain },
        _ => plain,
    }
}

fn token(name: &str) -> Token {
    Token::parse(name).unwrap()
}

fn comment() -> CommentId {
    CommentId::parse("5_6").unwrap()
}

fn rights() -> [Right; 3] {
    let id = |name| TokenId::of(&token(name));
    [Right::OneTime(id("once")), Right::Repeated(id("often")), Right::PrivateReply(comment())]
}

/// Rights given, taken up and used, and whether the person can be reached.
fn rights_and_reach() -> Vec<Event> {
    let told = |change, expires_at| {
        let (token, title) = (token("often"), Some("shoes".to_owned()));
        InboundKind::OptIn(OptIn::Notifications(Box::new(Notifications {
            token,
            change,
            renewal: None,
            expires_at,
            payload: None,
            title,
            timezone: None,
            frequency: None,
            reference: None,
            source: None,
            topic: None,
        })))
    };
    let written = |verb| {
        let (comment, post) = (comment(), PostId::parse("1001_5").unwrap());
        InboundKind::Comment(Comment {
            comment,
            post,
            parent: None,
            verb,
            from: None,
            text: String::new(),
            created_at: None,
        })
    };
    let once = OptIn::OneTime { payload: Some("shoes".to_owned()), token: token("once") };
    let to = Some(AppId::parse("77").unwrap());
    let control = ThreadControl { step: ControlStep::Passed, from: None, to, metadata: None };
    let mut events = vec![
        heard(30, 30, InboundKind::OptIn(once)),
        heard(31, 31, told(None, Some(at(90_000)))),
        heard(32, 32, told(Some(NotificationChange::Stop), None)),
        heard(33, 33, told(Some(NotificationChange::Resume), None)),
        heard(34, 34, written(CommentVerb::Add)),
        heard(35, 35, written(CommentVerb::Remove)),
        heard(36, 36, InboundKind::ThreadControl(control)),
        Event::Consent(Consent { at: at(37), kind: ConsentKind::OptedOut, by: ConsentBy::Word }),
        Event::Consent(Consent { at: at(38), kind: ConsentKind::OptedIn, by: ConsentBy::Caller }),
    ];
    let send = |n| SendId::new(page(), KEY, Uuid::from_u128(n));
    for (right, kind) in rights().into_iter().zip([RightStepKind::Reserved, RightStepKind::Spent, RightStepKind::Spent])
    {
        events.push(Event::Right(Box::new(RightStep { right, send: send(4), at: at(40), kind })));
    }
    for right in rights() {
        events.push(Event::Right(Box::new(RightStep {
            right,
            send: send(5),
            at: at(41),
            kind: RightStepKind::Dropped,
        })));
    }
    events
}

fn requested(send: u128, actor: Actor, purpose: Purpose) -> Event {
    let kind = SendingKind::Requested {
        page: page(),
        recipient: person(),
        request: RequestId::parse(&format!("request-{send}")).unwrap(),
        request_digest: [u8::try_from(send).unwrap(); 16],
        intent: Box::new(intent(send, actor, purpose)),
        content: Box::new(Content::text(format!("no {send} – ✓"))),
        handling: Handling::default(),
    };
    step(send, 100, kind)
}

fn judged(verdict: Verdict) -> Box<Decision> {
    let span = Some((at(-5), at(86_400_000)));
    let abouts = [None, Some(About::Tag(Tag::AccountUpdate)), Some(About::Right(rights()[1].clone()))];
    let finding = |(rule, about): (&Rule, &Option<About>)| Finding {
        rule: *rule,
        facts: vec![record(1), record(2)],
        span: span.filter(|_| rule.forbids()),
        about: about.clone(),
    };
    Box::new(Decision {
        verdict,
        findings: Rule::ALL.iter().zip(abouts.iter().cycle()).map(finding).collect(),
        remedies: vec![
            Remedy::PersonActs,
            Remedy::PersonWrites,
            Remedy::HumanAnswersBefore(at(7)),
            Remedy::WithoutPromotionBefore(at(8)),
            Remedy::After(at(9)),
            Remedy::MessagingOn,
            Remedy::Granted(Capability::GroupChat),
            Remedy::ThreadPassed,
            Remedy::PersonResumes,
            Remedy::Named(ReferenceKind::Order),
            Remedy::NotRecurring,
            Remedy::NotPromotional,
            Remedy::AsTemplate,
            Remedy::Paid(Route::Sponsored),
            Remedy::OptIn(Route::Marketing),
            Remedy::TopicOf(TokenId::from_bytes([3; 16])),
            Remedy::ShorterTitle(65),
            Remedy::RightReleased,
        ],
        at: at(100),
        holds_until: Some(at(86_400_000)).filter(|_| verdict != Verdict::Blocked),
        pack: PackRef { name: "some".to_owned(), digest: [9; 32] },
        overrides: Some([8; 32]).filter(|_| verdict == Verdict::Blocked),
        right: Some(rights()[0].clone()).filter(|_| verdict != Verdict::Blocked),
        evaluator: 1,
    })
}

fn accepted(send: u128, route: Route) -> Event {
    step(send, 100, SendingKind::Accepted { decision: judged(Verdict::Allowed(route)) })
}

fn dispatched(send: u128) -> Event {
    let (claim, decision) = (Uuid::from_u128(send << 64), judged(Verdict::Allowed(Route::HumanAgent)));
    step(
        send,
        200,
        SendingKind::Dispatched { attempt: 1, claim, leave_by: at(3_200), decision, grounds: Grounds::default() },
    )
}

fn settled(send: u128, outcome: Outcome) -> Event {
    step(send, 300, SendingKind::Settled { attempt: 1, outcome })
}

/// A send that was tried once more though it may be out, and then cancelled.
fn repeated_and_cancelled(send: u128) -> Vec<Event> {
    let mut asked = requested(send, Actor::Bot, Purpose::Conversation);
    if let Event::Sending(step) = &mut asked
        && let SendingKind::Requested { handling, .. } = &mut step.kind
    {
        handling.guarantee = Guarantee::AtLeastOnce;
    }
    let by_no_right = || Box::new(Decision { right: None, ..*judged(Verdict::Allowed(Route::Response)) });
    let mut claimed = dispatched(send);
    if let Event::Sending(step) = &mut claimed
        && let SendingKind::Dispatched { decision, .. } = &mut step.kind
    {
        *decision = by_no_right();
    }
    let accepted = step(send, 100, SendingKind::Accepted { decision: by_no_right() });
    let (unknown, again) = (settled(send, Outcome::Unknown), settled(send, Outcome::Again { not_before: at(400) }));
    vec![asked, accepted, claimed, unknown, again, step(send, 500, SendingKind::Cancelled)]
}

/// A send that went out ten days before the others were asked for, and so leaves the state.
fn long_gone(send: u128) -> Vec<Event> {
    let asked = requested(send, Actor::Automation, Purpose::Conversation);
    let out = settled(send, Outcome::Sent { mid: mid("m_0") });
    let mut events = vec![asked, accepted(send, Route::Response), dispatched(send), out];
    for event in &mut events {
        if let Event::Sending(step) = event {
            step.at = at(step.at.since(at(0)).as_millis() - 10 * 86_400_000);
        }
    }
    events
}

/// A send of which nobody knows, looked up in vain.
fn looked_up(send: u128) -> Vec<Event> {
    let asked = requested(send, Actor::Bot, Purpose::Conversation);
    let (unknown, in_vain) = (Outcome::Unknown, Outcome::NotFound { since: at(300) });
    vec![asked, accepted(send, Route::Response), dispatched(send), settled(send, unknown), settled(send, in_vain)]
}

/// Every opening, watermarks, a send in each of its states, and one that has left.
pub(super) fn history() -> Vec<Event> {
    let mut events = vec![
        Event::Erasing(Erasing { at: at(-9_000), kind: ErasingKind::Begun { until: at(-9_000) } }),
        Event::Erasing(Erasing { at: at(-8_900), kind: ErasingKind::Completed { until: at(-9_000), n_removed: 300 } }),
    ];
    events.extend(Opening::ALL.into_iter().zip(1..).map(|(kind, ms)| heard(ms, ms + 1, opening(kind))));
    // A minute ahead of its receipt.
    events.push(heard(60_000, 10, opening(Opening::Message)));
    events.push(heard(20, 20, InboundKind::Delivered { watermark: at(19), mids: Vec::new() }));
    events.push(heard(21, 21, InboundKind::Read { watermark: at(-1) }));
    events.extend(rights_and_reach());
    let agent = || AgentId::parse("agent-1").unwrap();
    let actors =
        [Actor::Human(agent()), Actor::AiAssistedHuman(agent()), Actor::Bot, Actor::Automation, Actor::Broadcast];
    let actors = actors.into_iter().cycle();
    let purposes = Purpose::ALL.into_iter().cycle();
    events.extend(long_gone(11));
    events.extend((1..=9).zip(actors.zip(purposes)).map(|(n, (actor, purpose))| requested(n, actor, purpose)));
    events.push(step(2, 100, SendingKind::Blocked { decision: judged(Verdict::Blocked) }));
    events.extend((3..=9).zip(Route::ALL.into_iter().cycle()).map(|(send, route)| accepted(send, route)));
    events.extend((4..=9).map(dispatched));
    events.push(settled(5, Outcome::Unknown));
    events.push(settled(6, Outcome::Sent { mid: mid("m_6") }));
    events.push(settled(7, Outcome::Rejected { code: 551, subcode: -1, concern: Concern::Message }));
    events.push(settled(8, Outcome::Unresolved));
    events.push(settled(9, Outcome::Retrying { not_before: at(9_000), code: 613 }));
    events.extend(repeated_and_cancelled(10));
    events.extend(looked_up(11));
    events.extend(looked_up(12));
    events.push(settled(12, Outcome::Found { mid: mid("m_12"), at: at(290), by: Witness::Listing }));
    events
}

/// The state after these events, of records numbered from 1.
pub(super) fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Conversation {
    Conversation::fold(events.into_iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event }))
}
