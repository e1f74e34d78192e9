//! A fixed history that gives every part of a state every form it can have.

use domain::conversation::{Conversation, Opening};
use domain::decision::{Actor, Decision, Finding, Intent, PackRef, Purpose, Remedy, Route, Verdict};
use domain::event::{
    Content, Erasing, ErasingKind, Event, Inbound, InboundKind, Lead, LeadEnd, Message, OptIn, Outcome, Postback,
    Reaction, ReactionAction, Recorded, Referral, Sending, SendingKind,
};
use domain::id::{AgentId, FactId, Mid, PageId, PersonKey, Psid, RecordId, RequestId, SendId, StreamId};
use domain::pack::Rule;
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

fn requested(send: u128, actor: Actor, purpose: Purpose) -> Event {
    let kind = SendingKind::Requested {
        page: page(),
        recipient: person(),
        request: RequestId::parse(&format!("request-{send}")).unwrap(),
        request_digest: [u8::try_from(send).unwrap(); 16],
        intent: Box::new(Intent { actor, purpose }),
        content: Content::Text(format!("no {send} – ✓")),
    };
    step(send, 100, kind)
}

fn judged(verdict: Verdict) -> Box<Decision> {
    let span = Some((at(-5), at(86_400_000)));
    let finding = |rule| Finding { rule, facts: vec![record(1), record(2)], span: span.filter(|_| rule.forbids()) };
    Box::new(Decision {
        verdict,
        findings: Rule::ALL.map(finding).to_vec(),
        remedies: vec![
            Remedy::PersonActs,
            Remedy::PersonWrites,
            Remedy::HumanAnswersBefore(at(7)),
            Remedy::WithoutPromotionBefore(at(8)),
        ],
        at: at(100),
        holds_until: Some(at(86_400_000)).filter(|_| verdict != Verdict::Blocked),
        pack: PackRef { name: "some".to_owned(), digest: [9; 32] },
        evaluator: 1,
    })
}

fn accepted(send: u128, route: Route) -> Event {
    step(send, 100, SendingKind::Accepted { decision: judged(Verdict::Allowed(route)) })
}

fn dispatched(send: u128) -> Event {
    let (claim, decision) = (Uuid::from_u128(send << 64), judged(Verdict::Allowed(Route::HumanAgent)));
    step(send, 200, SendingKind::Dispatched { attempt: 1, claim, leave_by: at(3_200), decision })
}

fn settled(send: u128, outcome: Outcome) -> Event {
    step(send, 300, SendingKind::Settled { attempt: 1, outcome })
}

/// Every opening, watermarks, and a send in each of its states.
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
    let agent = || AgentId::parse("agent-1").unwrap();
    let actors =
        [Actor::Human(agent()), Actor::AiAssistedHuman(agent()), Actor::Bot, Actor::Automation, Actor::Broadcast];
    let actors = actors.into_iter().cycle();
    let purposes = [Purpose::Conversation, Purpose::Promotion].into_iter().cycle();
    events.extend((1..=9).zip(actors.zip(purposes)).map(|(n, (actor, purpose))| requested(n, actor, purpose)));
    events.push(step(2, 100, SendingKind::Blocked { decision: judged(Verdict::Blocked) }));
    events.extend((3..=9).map(|send| accepted(send, Route::Response)));
    events.extend((4..=9).map(dispatched));
    events.push(settled(5, Outcome::Unknown));
    events.push(settled(6, Outcome::Sent { mid: mid("m_6") }));
    events.push(settled(7, Outcome::Rejected { code: 100, subcode: -1 }));
    events.push(settled(8, Outcome::Unresolved));
    events.push(settled(9, Outcome::Retrying { not_before: at(9_000), code: 613 }));
    events
}

/// The state after these events, of records numbered from 1.
pub(super) fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Conversation {
    Conversation::fold(events.into_iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event }))
}
