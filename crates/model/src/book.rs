//! The conversation, as the domain's own functions move it. Every conversation and record that can come about has a
//! number, and every answer is remembered: a state of the world then is a handful of bytes.

use crate::inbox::{inbox_mid, is_of_inbox};
use crate::scenario::{Asked, Guard, Scenario};
use domain::content::Words;
use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose, To};
use domain::evaluate::Facts;
use domain::event::{Concern, Content, Echo, Event, Grounds, Inbound, InboundKind, Message, OptIn, Outcome, Recorded};
use domain::event::{Sending, SendingKind, Witness};
use domain::id::{AgentId, FactId, Mid, PageId, PersonKey, Psid, RecordId, RequestId, SendId, Token};
use domain::pack::{BUILT_IN, Pack, Packs};
use domain::page::Page;
use domain::right::{Right, TokenId};
use domain::send::{Claim, Handling, Listed, Listing, Patience, Request, Said, Send, Step};
use domain::send::{cancel, claim, doubt, found, plan, request, settle};
use domain::time::{Span, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use uuid::Uuid;

/// The first tick; the pack `messenger-2020` is in force.
const BASE: Timestamp = Timestamp::from_millis(1_600_000_000_000);
/// A claim leaves within its own tick; two ticks later it is overdue; one more, and its echo is given up.
pub(crate) const TICK_MS: i64 = 4_000;
const PATIENCE: Patience =
    Patience { answer: Span::from_secs(1), margin: Span::from_secs(1), echo: Span::from_millis(TICK_MS), look: None };
/// What every send says, and the inbox.
const TEXT: &str = "hi";
const TOKEN: &str = "token-1";

/// A conversation, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Now(u32);

/// A record, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Written(u32);

/// An attempt of a send, each by number.
pub(crate) type Attempt = (u8, u8);

/// Something to be decided on the conversation as it stands, and appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wish {
    /// To claim a send, by the clock of that tick.
    Claim { send: u8, begun: u8 },
    /// To tell how an attempt ended.
    Settle(Attempt, How),
    /// To call everything unknown that was asked for before that tick.
    Doubt(u8),
    /// That a send is not wanted any more.
    Cancel(u8),
    /// To tell what of the messages that were listed is an attempt: each with the tick in which it was sent.
    LookUp(Attempt, Shown),
}

/// What the platform listed: the first message of either send, and the inbox's. None: it was not listed.
pub(crate) type Shown = [Option<u8>; 3];

/// How an attempt ended. Whatever is to be tried again may be at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum How {
    Sent,
    Rejected,
    Retrying(u8),
    NotSent(u8),
    Unknown,
    Again(u8),
    Unresolved,
}

pub(crate) struct Book {
    packs: Packs,
    page: PageId,
    nothing_known: Page,
    ids: Vec<SendId>,
    patience: Patience,
    without: Option<Guard>,
    conversations: Shelf<Known>,
    records: Shelf<Vec<Event>>,
    evolved: HashMap<(Now, Written), Now>,
    decided: HashMap<(Now, Wish, u8), Option<Written>>,
    planned: HashMap<(Now, u8), Option<Wish>>,
}

/// A conversation, and what its history says of messages, to whoever looks either send up.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    state: Conversation,
    said: [Said; 2],
}

/// Things by number, each once.
struct Shelf<T> {
    all: Vec<T>,
    by_look: HashMap<String, Vec<u32>>,
}

impl<T: PartialEq + std::fmt::Debug> Shelf<T> {
    fn new() -> Self {
        Self { all: Vec::new(), by_look: HashMap::new() }
    }

    fn number(&mut self, thing: T) -> u32 {
        let alike = self.by_look.entry(format!("{thing:?}")).or_default();
        if let Some(known) = alike.iter().find(|known| self.all[**known as usize] == thing) {
            return *known;
        }
        let number = u32::try_from(self.all.len()).expect("there are few");
        alike.push(number);
        self.all.push(thing);
        number
    }
}

/// The moment at which a tick begins.
pub(crate) fn at(tick: u8) -> Timestamp {
    BASE.plus(Span::from_millis(i64::from(tick) * TICK_MS))
}

fn person() -> Psid {
    Psid::parse("24601").expect("digits")
}

fn token() -> Token {
    Token::parse(TOKEN).expect("a short word")
}

impl Book {
    /// A person who wrote, or gave a token long before, and then every send, asked for in this order.
    pub(crate) fn of(scenario: &Scenario) -> (Self, Now) {
        let asked = &scenario.sends;
        let (file, text) = BUILT_IN[0];
        let pack = Pack::parse(file, text).expect("the pack is ours");
        let page = PageId::parse("1001").expect("digits");
        let id = |n: u8| SendId::new(page.clone(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(u128::from(n) + 1));
        let mut book = Self {
            packs: Packs::of([pack]).expect("one pack is enough"),
            ids: (0..2).map(id).collect(),
            page,
            patience: Patience { look: scenario.looks_up.then_some(PATIENCE.echo), ..PATIENCE },
            without: scenario.without,
            nothing_known: Page::default(),
            conversations: Shelf::new(),
            records: Shelf::new(),
            evolved: HashMap::new(),
            decided: HashMap::new(),
            planned: HashMap::new(),
        };
        let mut now = Now(book.conversations.number(Known::default()));
        let by_token = asked.iter().any(|asked| asked.by_token);
        let (kind, stated) = if by_token {
            (InboundKind::OptIn(OptIn::OneTime { payload: None, token: token() }), BASE.plus(Span::from_hours(-48)))
        } else {
            (InboundKind::Message(Message { text: "hello".to_owned(), ..Message::default() }), BASE)
        };
        let heard = book.inbound(1, stated, kind);
        now = book.evolve(now, heard);
        for (n, asked) in (0..).zip(asked) {
            let command = book.request(n, asked);
            let events = request(&book.facts(now), &book.packs, &command, BASE).expect("it is the first of its name");
            let written = Written(book.records.number(events));
            now = book.evolve(now, written);
        }
        (book, now)
    }

    fn request(&self, n: u8, asked: &Asked) -> Request {
        let staff = || Actor::Human(AgentId::parse("agent-1").expect("a short word"));
        let actor = if asked.by_staff { staff() } else { Actor::Bot };
        let right = asked.by_token.then(|| To::Right(Right::OneTime(TokenId::of(&token()))));
        let intent = Intent { to: right.unwrap_or(To::Person), ..Intent::new(actor, Purpose::Conversation) };
        let handling = Handling {
            guarantee: asked.guarantee,
            expires_at: asked.expires.map(at),
            // The second of two that share a token waits until the first gives it back.
            is_held: asked.by_token,
            ..Handling::default()
        };
        Request {
            send: self.ids[usize::from(n)].clone(),
            recipient: person(),
            request: RequestId::parse(&format!("request-{n}")).expect("a short word"),
            request_digest: [n; 16],
            intent,
            content: Content::text(TEXT),
            handling,
            turn: None,
        }
    }

    fn inbound(&mut self, fact: u128, stated_at: Timestamp, kind: InboundKind) -> Written {
        let (page, person) = (self.page.clone(), Some(person()));
        let fact = FactId::from_bytes(fact.to_be_bytes());
        let inbound = Inbound { fact, page, person, stated_at, received_at: stated_at, standby: false, kind };
        Written(self.records.number(vec![Event::Inbound(Box::new(inbound))]))
    }

    /// The echo of what an attempt sent. The moment that it states matters to nothing here.
    pub(crate) fn echo(&mut self, attempt: Attempt) -> Written {
        let send = Some(self.ids[usize::from(attempt.0)].clone());
        let kind = InboundKind::Echo(Echo { send, ..Echo::of(mid(attempt)) });
        self.inbound(u128::from(attempt.0) << 8 | u128::from(attempt.1), BASE, kind)
    }

    /// The echo of what somebody wrote in the inbox.
    pub(crate) fn inbox_echo(&mut self) -> Written {
        let kind = InboundKind::Echo(Echo::of(inbox_mid()));
        self.inbound(1 << 32, BASE, kind)
    }

    /// Whether the log calls a send out by a message that is not its own: another send's, or the inbox's though its echo
    /// has come.
    pub(crate) fn is_mistaken(&self, now: Now, send: u8, is_inbox_echoed: bool) -> bool {
        let Some((mid, _)) = self.send(now, send).status.sent() else { return false };
        let others = (1..=3).any(|attempt| *mid == self::mid((1 - send, attempt)));
        others || (is_inbox_echoed && *mid == inbox_mid())
    }

    fn facts(&self, now: Now) -> Facts<'_> {
        Facts::new(&self.page, &self.nothing_known, self.conversation(now))
    }

    fn conversation(&self, now: Now) -> &Conversation {
        &self.conversations.all[now.0 as usize].state
    }

    /// A send as it stands.
    pub(crate) fn send(&self, now: Now, send: u8) -> &Send {
        self.conversation(now).send(&self.ids[usize::from(send)]).expect("it was asked for")
    }

    /// The conversation after one more record.
    pub(crate) fn evolve(&mut self, now: Now, written: Written) -> Now {
        if let Some(known) = self.evolved.get(&(now, written)) {
            return *known;
        }
        let mut known = self.conversations.all[now.0 as usize].clone();
        for event in &self.records.all[written.0 as usize] {
            if !(self.without == Some(Guard::TakingBack) && is_of_inbox(event)) {
                known.state.evolve(Recorded { record: RecordId::new(Uuid::from_u128(1)), event });
            }
            if self.patience.look.is_some() {
                for (said, id) in known.said.iter_mut().zip(&self.ids) {
                    if !self.is_overlooked(event, id) {
                        said.see(event);
                    }
                }
            }
        }
        let then = Now(self.conversations.number(known));
        self.evolved.insert((now, written), then);
        then
    }

    /// Whether a sender that lacks a guard does not see this when it looks a send up.
    fn is_overlooked(&self, event: &Event, id: &SendId) -> bool {
        match event {
            Event::Inbound(_) => self.without == Some(Guard::KnownMessages),
            Event::Sending(step) => self.without == Some(Guard::OtherSends) && step.send != *id,
            Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_)
            | Event::System(_) => false,
        }
    }

    /// What there is to do, as the sender would have it.
    pub(crate) fn plan(&mut self, now: Now, tick: u8) -> Option<Wish> {
        if let Some(known) = self.planned.get(&(now, tick)) {
            return *known;
        }
        let number = |id: &SendId| u8::try_from(id.uuid().as_u128() - 1).expect("there are two");
        let wish = match plan(&self.facts(now), &self.packs, at(tick), self.patience) {
            Step::Dispatch(send) => Some(Wish::Claim { send: number(&send), begun: tick }),
            Step::Settle(send, attempt, outcome) => {
                let how = match outcome {
                    Outcome::Unknown => How::Unknown,
                    Outcome::Again { .. } => How::Again(tick),
                    Outcome::Unresolved => How::Unresolved,
                    Outcome::Sent { .. }
                    | Outcome::Found { .. }
                    | Outcome::NotFound { .. }
                    | Outcome::Rejected { .. }
                    | Outcome::Retrying { .. }
                    | Outcome::NotSent { .. } => unreachable!("only a worker knows that"),
                };
                Some(Wish::Settle((number(&send), u8::try_from(attempt).expect("there are few")), how))
            }
            Step::LookUp { send, attempt, .. } => {
                Some(Wish::LookUp((number(&send), u8::try_from(attempt).expect("there are few")), [None; 3]))
            }
            Step::WaitUntil(_) | Step::Idle => None,
        };
        self.planned.insert((now, tick), wish);
        wish
    }

    /// The record that a wish comes to; none: the domain refuses.
    pub(crate) fn decide(&mut self, now: Now, wish: Wish, tick: u8) -> Option<Written> {
        let key = (now, wish, tick);
        if let Some(known) = self.decided.get(&key) {
            return *known;
        }
        let state = self.conversation(now);
        let id = |send: u8| &self.ids[usize::from(send)];
        let events = match wish {
            Wish::Claim { send, begun } => {
                let (claimed, margin) = (Uuid::from_u128(1), Span::default());
                let command = Claim { send: id(send).clone(), claim: claimed, grounds: Grounds::default(), margin };
                claim(&self.facts(now), &self.packs, &command, at(begun))
            }
            Wish::Settle((send, attempt), how) => {
                settle(state, id(send), attempt.into(), outcome((send, attempt), how), at(tick))
            }
            Wish::Doubt(restored) => doubt(state, at(restored), at(tick)),
            Wish::Cancel(send) => cancel(state, id(send), at(tick)),
            Wish::LookUp((send, attempt), listed) => {
                settle(state, id(send), attempt.into(), self.looked_up(now, send, listed), at(tick))
            }
        };
        let written = events.ok().map(|events| Written(self.records.number(events)));
        self.decided.insert(key, written);
        written
    }

    /// What a list says of a send. The person's first message is in it, from long before.
    fn looked_up(&self, now: Now, send: u8, listed: Shown) -> Outcome {
        let ours = |mid, tick| Listed {
            mid,
            sent_at: Some(at(tick)),
            is_ours: Some(true),
            text: Some(Words::from(TEXT)),
            has_files: false,
        };
        let mids = [mid((0, 1)), mid((1, 1)), inbox_mid()];
        let messages = mids.into_iter().zip(listed).filter_map(|(mid, tick)| Some(ours(mid, tick?))).collect();
        let said = &self.conversations.all[now.0 as usize].said[usize::from(send)];
        let listing = Listing { messages, is_whole: true };
        let state = self.conversation(now);
        match found(state, said, &self.ids[usize::from(send)], &listing) {
            Some((mid, at)) => Outcome::Found { mid, at, by: Witness::Listing },
            None => Outcome::NotFound { since: BASE },
        }
    }

    /// The claim that a record holds, and the moment by which it must leave.
    pub(crate) fn claimed(&self, written: Written) -> Option<(Attempt, Timestamp)> {
        self.steps(written).find_map(|step| match &step.kind {
            SendingKind::Dispatched { attempt, leave_by, .. } => {
                let send = self.ids.iter().position(|id| *id == step.send)?;
                Some(((u8::try_from(send).ok()?, u8::try_from(*attempt).ok()?), *leave_by))
            }
            SendingKind::Requested { .. }
            | SendingKind::Accepted { .. }
            | SendingKind::Blocked { .. }
            | SendingKind::Deferred { .. }
            | SendingKind::Settled { .. }
            | SendingKind::Cancelled
            | SendingKind::Expired { .. }
            | SendingKind::Doubted => None,
        })
    }

    fn steps(&self, written: Written) -> impl Iterator<Item = &Sending> {
        self.records.all[written.0 as usize].iter().filter_map(|event| match event {
            Event::Sending(step) => Some(&**step),
            Event::Inbound(_)
            | Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_)
            | Event::System(_) => None,
        })
    }
}

fn mid((send, attempt): Attempt) -> Mid {
    Mid::parse(&format!("m-{send}-{attempt}")).expect("a short word")
}

fn outcome(attempt: Attempt, how: How) -> Outcome {
    match how {
        How::Sent => Outcome::Sent { mid: mid(attempt) },
        How::Rejected => Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message },
        How::Retrying(tick) => Outcome::Retrying { not_before: at(tick), code: 613 },
        How::NotSent(tick) => Outcome::NotSent { not_before: at(tick) },
        How::Unknown => Outcome::Unknown,
        How::Again(tick) => Outcome::Again { not_before: at(tick) },
        How::Unresolved => Outcome::Unresolved,
    }
}
