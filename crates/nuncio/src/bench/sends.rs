//! A log of sends: people write, and are answered some time later. Each answer is asked for, claimed and settled.

use super::workload::PAGE;
use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose};
use domain::evaluate::Facts;
use domain::event::{Content, Event, Grounds, Inbound, InboundKind, Message, Outcome, Recorded};
use domain::id::{FactId, Mid, PageId, PersonKey, Psid, RecordId, RequestId, SendId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Claim, Handling, Left, Request, claim, request_beside, settle};
use domain::time::{Span, Timestamp};
use event_log::{EventLog, Record};
use service_kit::Ids;
use std::sync::Arc;

/// How many sends each person gets.
const EACH: usize = 10;

/// Sends whose records are appended by one call.
const TOGETHER: usize = 250;

/// When the first person wrote: 2026-05-13.
const BEGINNING: Timestamp = Timestamp::from_millis(1_778_630_400_000);

/// Appends the records of so many sends, four of each; everybody's are spread over the whole log.
pub(super) async fn fill_sends(log: &Arc<dyn EventLog>, n_sends: usize) -> anyhow::Result<()> {
    let mut sends = Sends::new()?;
    let n_people = (n_sends / EACH).max(1);
    let mut records = Vec::new();
    for number in 0..n_sends {
        let psid = Psid::parse(&format!("{}", 24_601_000_000_000_usize + number % n_people))?;
        let person = log.identity().person_key(&sends.page_id, &psid);
        records.extend(sends.next(&psid, person, number)?);
        if (number + 1) % TOGETHER == 0 || number + 1 == n_sends {
            log.append_all(&records).await?;
            records.clear();
        }
    }
    Ok(())
}

struct Sends {
    page_id: PageId,
    page: Page,
    packs: Packs,
    ids: Ids,
    now: Timestamp,
}

impl Sends {
    fn new() -> anyhow::Result<Self> {
        let (page_id, packs) = (PageId::parse(PAGE)?, Packs::built_in());
        Ok(Self { page_id, page: Page::default(), packs, ids: Ids::random(), now: BEGINNING })
    }

    /// A person writes; the answer is asked for up to two hours later, claimed, and taken by the platform.
    fn next(&mut self, psid: &Psid, person: PersonKey, number: usize) -> anyhow::Result<Vec<Record>> {
        let stream = StreamId::Conversation(self.page_id.clone(), person);
        let fact = FactId::of(&[b"bench", &number.to_be_bytes()]);
        let asked_at = self.now.plus(Span::from_millis((number as i64 * 1_000_003) % 7_200_000));
        let message = Message { text: format!("Is order {number} on its way?"), ..Message::default() };
        let wrote = Inbound {
            fact,
            page: self.page_id.clone(),
            person: Some(psid.clone()),
            stated_at: self.now,
            received_at: self.now,
            standby: false,
            kind: InboundKind::Message(message),
        };
        let mut state = Conversation::default();
        let mut records = Vec::with_capacity(4);
        let mut append = |state: &mut Conversation, at: Timestamp, events: Vec<Event>| {
            let id = RecordId::new(self.ids.uuid_v7(at));
            events.iter().for_each(|event| state.evolve(Recorded { record: id, event }));
            let stream = stream.clone();
            records.push(Record { id, stream, recorded_at: at, fact: None, traceparent: None, events });
        };
        append(&mut state, self.now, vec![Event::Inbound(Box::new(wrote))]);
        let send = SendId::new(self.page_id.clone(), person, self.ids.uuid_v7(asked_at));
        let command = Request {
            send: send.clone(),
            recipient: psid.clone(),
            request: RequestId::parse(&format!("order-{number}"))?,
            request_digest: [1; 16],
            intent: Intent::new(Actor::Bot, Purpose::Conversation),
            content: Content::text("Yes, it left us this morning."),
            handling: Handling::default(),
            turn: None,
        };
        let facts = Facts::new(&self.page_id, &self.page, &state);
        // Every name is new, whatever has left the state.
        let left = Left { floor: facts.conversation.floor(), key: None };
        let asked = request_beside(&facts, &self.packs, &command, &left, asked_at)?;
        append(&mut state, asked_at, asked);
        let (claim_id, grounds, margin) = (self.ids.uuid_v7(asked_at), Grounds::default(), Span::default());
        let command = Claim { send: send.clone(), claim: claim_id, grounds, margin };
        let facts = Facts::new(&self.page_id, &self.page, &state);
        let claimed = claim(&facts, &self.packs, &command, asked_at)?;
        append(&mut state, asked_at, claimed);
        let mid = Mid::parse(&format!("m_{number:020}aW5ib3VuZC1tZXNzYWdlLWlkLW9mLXRoZS1wbGF0Zm9ybQ"))?;
        let settled = settle(&state, &send, 1, Outcome::Sent { mid }, asked_at)?;
        append(&mut state, asked_at, settled);
        self.now = self.now.plus(Span::from_millis(1));
        Ok(records)
    }
}
