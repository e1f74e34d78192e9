//! A past that crosses the cut of April 2026: people write and comment, Pages are switched, sends are asked for, claimed and
//! settled, each judged as it happened.

use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose, Reference, To};
use domain::evaluate::Facts;
use domain::event::{
    Author, Comment, CommentVerb, Concern, Consent, ConsentBy, ConsentKind, Content, Event, Grounds, Inbound,
    InboundKind, Message, Outcome, PageStep, PageStepKind, Recorded,
};
use domain::id::{AgentId, CommentId, FactId, Mid, PageId, PostId, Psid, RecordId, RequestId, SendId, StreamId};
use domain::pack::{Change, Packs};
use domain::page::Page;
use domain::send::{Claim, Handling, Left, Request, claim, request_beside, settle};
use domain::time::{Span, Timestamp};
use event_log::{EventLog, LogIdentity, Record};
use std::collections::HashMap;
use uuid::Uuid;

/// 2026-04-27: three tags are gone from here on.
pub(crate) const CUT: Timestamp = Timestamp::from_millis(1_777_248_000_000);
const HOUR_MS: u64 = 3_600_000;

/// Numbers that follow from a seed (`SplitMix64`).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Whether the packs change on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PacksOnTheWay {
    Stay,
    Change,
}

pub(crate) struct Past {
    /// In the order in which they were appended.
    pub(crate) records: Vec<Record>,
    pub(crate) packs: Packs,
    states: HashMap<StreamId, Conversation>,
    pages: HashMap<PageId, Page>,
    now: Timestamp,
    waiting: Vec<(StreamId, SendId)>,
    comments: Vec<(StreamId, Psid, CommentId)>,
    draws: Draws,
    n_ids: u128,
}

impl Past {
    /// So many things that happened, from ten days before the cut on.
    pub(crate) fn new(identity: &LogIdentity, seed: u64, n_acts: usize, packs: PacksOnTheWay) -> Self {
        let mut past = Self {
            records: Vec::new(),
            packs: Packs::built_in(),
            states: HashMap::new(),
            pages: HashMap::new(),
            now: CUT.plus(Span::from_hours(-240)),
            waiting: Vec::new(),
            comments: Vec::new(),
            draws: Draws(seed),
            n_ids: u128::from(seed) << 64,
        };
        let kept = past.packs.keep_known(past.now);
        past.packs_change(kept);
        // Twenty days, however many things happen.
        let pause = 480 * HOUR_MS / n_acts as u64;
        for act in 0..n_acts {
            past.now = past.now.plus(Span::from_millis(1 + past.draws.below(2 * pause) as i64));
            past.act(identity);
            if packs == PacksOnTheWay::Change && act % 50 == 25 {
                past.change_packs();
            }
        }
        past
    }

    fn id(&mut self) -> Uuid {
        self.n_ids += 1;
        Uuid::from_u128(self.n_ids)
    }

    fn page(&mut self) -> PageId {
        PageId::parse(&format!("{}", 1002 + self.draws.below(3))).unwrap()
    }

    fn person(&mut self) -> Psid {
        Psid::parse(&format!("{}", 24_601 + self.draws.below(4))).unwrap()
    }

    fn append(&mut self, stream: StreamId, events: Vec<Event>) {
        let (id, recorded_at) = (RecordId::new(self.id()), self.now);
        for event in &events {
            let recorded = Recorded { record: id, event };
            if let StreamId::Page(page) = &stream {
                self.pages.entry(page.clone()).or_default().evolve(recorded);
            } else {
                self.states.entry(stream.clone()).or_default().evolve(recorded);
            }
        }
        self.records.push(Record { id, stream, recorded_at, fact: None, traceparent: None, events });
    }

    fn packs_change(&mut self, events: Vec<Event>) {
        events.iter().for_each(|event| self.packs.evolve(event));
        let (id, recorded_at) = (RecordId::new(self.id()), self.now);
        self.records.push(Record { id, stream: StreamId::packs(), recorded_at, fact: None, traceparent: None, events });
    }

    /// A Page is pinned, or gets numbers of its own, or neither any more; or another pack is loaded and activated.
    fn change_packs(&mut self) {
        let page = self.page();
        let known: Vec<_> = self.packs.all().map(|(pack, _)| pack.reference().clone()).collect();
        let one = known[self.draws.below(known.len() as u64) as usize].clone();
        let hours = 12 + self.draws.below(24);
        let text = domain::pack::BUILT_IN[3].1.replace("name = \"messenger-2026\"", "name = \"own\"");
        let text = format!("{text}\n# {hours}\n");
        let changes = match self.draws.below(4) {
            0 => vec![Change::Pin(page, Some(one))],
            1 => vec![Change::Pin(page, None)],
            2 => vec![Change::Override(page, Some(format!("[windows]\nstandard = \"{hours}h\"\n")))],
            _ => {
                let own = domain::pack::Pack::parse("own", &text).unwrap().reference().clone();
                vec![Change::Load { file: "own".to_owned(), text }, Change::Activate(own)]
            }
        };
        for change in changes {
            let events = self.packs.decide(&change, self.now);
            // What is so already changes nothing.
            if let Ok(events) = events {
                self.packs_change(events);
            }
        }
    }

    fn act(&mut self, identity: &LogIdentity) {
        match self.draws.below(21) {
            0..=3 => self.hears(identity),
            4 => self.switches(),
            5 => self.comments(identity),
            6..=9 => self.claims(),
            20 => self.consents(identity),
            _ => self.asks(identity),
        }
    }

    fn inbound(&mut self, page: PageId, person: Psid, kind: InboundKind) -> Event {
        let fact = FactId::of(&[self.id().as_bytes()]);
        let (stated_at, received_at) = (self.now, self.now);
        Event::Inbound(Box::new(Inbound {
            fact,
            page,
            person: Some(person),
            stated_at,
            received_at,
            standby: false,
            kind,
        }))
    }

    fn hears(&mut self, identity: &LogIdentity) {
        let (page, person) = (self.page(), self.person());
        let stream = StreamId::Conversation(page.clone(), identity.person_key(&page, &person));
        let message = InboundKind::Message(Message { text: "hello".to_owned(), ..Message::default() });
        let event = self.inbound(page, person, message);
        self.append(stream, vec![event]);
    }

    /// A person wants no more messages, or some again. Private replies know that from the person's conversation alone.
    fn consents(&mut self, identity: &LogIdentity) {
        let (page, person) = (self.page(), self.person());
        let stream = StreamId::Conversation(page.clone(), identity.person_key(&page, &person));
        let kind = if self.draws.below(2) == 0 { ConsentKind::OptedOut } else { ConsentKind::OptedIn };
        let consent = Consent { at: self.now, kind, by: ConsentBy::Caller };
        self.append(stream, vec![Event::Consent(consent)]);
    }

    fn switches(&mut self) {
        let page = self.page();
        let is_on = self.draws.below(3) > 0;
        let step = PageStep { at: self.now, kind: PageStepKind::MessagingSwitched { is_on } };
        self.append(StreamId::Page(page), vec![Event::Page(step)]);
    }

    fn comments(&mut self, identity: &LogIdentity) {
        let (page, person) = (self.page(), self.person());
        let post = PostId::parse(&format!("{page}_5")).unwrap();
        let comment = CommentId::parse(&format!("5_{}", self.n_ids)).unwrap();
        let stream = StreamId::Comment(page.clone(), post.clone(), identity.person_key(&page, &person));
        let kind = InboundKind::Comment(Comment {
            comment: comment.clone(),
            post,
            parent: None,
            verb: CommentVerb::Add,
            from: Some(Author { id: person.clone(), name: None }),
            text: "how much?".to_owned(),
            created_at: None,
        });
        let event = self.inbound(page, person.clone(), kind);
        self.append(stream.clone(), vec![event]);
        self.comments.push((stream, person, comment));
    }

    fn intent(&mut self) -> Intent {
        let agent = || AgentId::parse("agent-7").unwrap();
        let actor = match self.draws.below(4) {
            0 => Actor::Human(agent()),
            1 => Actor::Bot,
            2 => Actor::Automation,
            _ => Actor::Broadcast,
        };
        let purpose = Purpose::ALL[self.draws.below(6) as usize];
        let reference = match purpose {
            Purpose::ConfirmedEvent => Some(Reference::Event("e-1".to_owned())),
            Purpose::PostPurchase => Some(Reference::Order("o-1".to_owned())),
            Purpose::Conversation | Purpose::Promotion | Purpose::AccountUpdate | Purpose::CustomerFeedback => None,
        };
        let broadcast = (actor == Actor::Broadcast).then(|| format!("b-{}", self.draws.below(2)));
        Intent { reference, broadcast, ..Intent::new(actor, purpose) }
    }

    fn asks(&mut self, identity: &LogIdentity) {
        let (mut intent, page, person) = (self.intent(), self.page(), self.person());
        let stream = StreamId::Conversation(page.clone(), identity.person_key(&page, &person));
        let n_comments = self.comments.len() as u64;
        let (stream, page, person) = if n_comments > 0 && self.draws.below(8) == 0 {
            let (stream, person, comment) = self.comments[self.draws.below(n_comments) as usize].clone();
            intent = Intent { to: To::Comment(comment), ..Intent::new(Actor::Automation, Purpose::Conversation) };
            let page = stream.page().unwrap().clone();
            (stream, page, person)
        } else {
            (stream, page, person)
        };
        let key = identity.person_key(&page, &person);
        let send = match &stream {
            StreamId::Comment(_, post, _) => SendId::to_commenter(page, post.clone(), key, self.id()),
            StreamId::Conversation(..)
            | StreamId::Optin(..)
            | StreamId::Page(_)
            | StreamId::Quarantine(_)
            | StreamId::System(_) => SendId::new(page, key, self.id()),
        };
        let command = Request {
            send: send.clone(),
            recipient: person,
            request: RequestId::parse(&self.n_ids.to_string()).unwrap(),
            request_digest: [1; 16],
            intent,
            content: Content::text("yes"),
            handling: Handling::default(),
            turn: None,
        };
        let events = self.judged(&stream, &send, |facts, packs, now| {
            // Every name is new, whatever has left the state.
            let left = Left { floor: facts.conversation.floor(), key: None };
            request_beside(facts, packs, &command, &left, now).unwrap()
        });
        self.append(stream.clone(), events);
        self.waiting.push((stream, send));
    }

    /// One that waits is claimed, and mostly settled; what goes on waiting is claimed again later.
    fn claims(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let place = self.draws.below(self.waiting.len() as u64) as usize;
        let (stream, send) = self.waiting.swap_remove(place);
        let (claim_id, grounds, margin) = (self.id(), Grounds::default(), Span::default());
        let command = Claim { send: send.clone(), claim: claim_id, grounds, margin };
        let events =
            self.judged(&stream, &send, |facts, packs, now| claim(facts, packs, &command, now).unwrap_or_default());
        if events.is_empty() {
            return;
        }
        self.append(stream.clone(), events);
        let outcome = match self.draws.below(5) {
            0 => return,
            1 => Outcome::NotSent { not_before: self.now },
            2 => Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message },
            _ => Outcome::Sent { mid: Mid::parse(&format!("m_{}", self.n_ids)).unwrap() },
        };
        let state = &self.states[&stream];
        let attempt = state.send(&send).unwrap().attempts;
        if let Ok(events) = settle(state, &send, attempt, outcome, self.now) {
            self.append(stream.clone(), events);
            self.waiting.push((stream, send));
        }
    }

    fn judged(
        &mut self,
        stream: &StreamId,
        send: &SendId,
        decide: impl FnOnce(&Facts<'_>, &Packs, Timestamp) -> Vec<Event>,
    ) -> Vec<Event> {
        let (page_id, nothing) = (send.page().clone(), Conversation::default());
        let page = self.pages.entry(page_id.clone()).or_default();
        let state = self.states.get(stream).unwrap_or(&nothing);
        let mut facts = Facts::new(&page_id, page, state);
        if matches!(stream, StreamId::Comment(..)) {
            facts.home = self.states.get(&StreamId::Conversation(page_id.clone(), send.person()));
        }
        decide(&facts, &self.packs, self.now)
    }

    pub(crate) async fn keep(&self, log: &dyn EventLog) {
        for records in self.records.chunks(1_000) {
            log.append_all(records).await.unwrap();
        }
    }
}
