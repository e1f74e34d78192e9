//! What is delivered: bodies as the platform writes them, signed beforehand, and the records they become.

use domain::event::Event;
use domain::id::{PageId, Psid, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{LogIdentity, Record};
use messenger::signature::{self, sign};
use messenger::webhook::{self, Place};
use secrecy::SecretString;
use service_kit::{Clock, Ids};
use std::fmt::Write as _;

pub(super) const PAGE: &str = "100200300400500";
pub(super) const APP: &str = "4004";
pub(super) const SECRET: &str = "bench-app-secret";
pub(super) const VERIFY_TOKEN: &str = "bench-verify-token";

/// Events of a turn of talk: a person writes, the Page's answer comes back as its echo, arrives, and is read.
const TURN: usize = 4;

/// One signed delivery.
pub(super) struct Delivery {
    /// The whole HTTP request.
    pub(super) request: Vec<u8>,
    /// The signature's header.
    pub(super) signature: String,
    body_at: usize,
    pub(super) n_events: usize,
}

impl Delivery {
    pub(super) fn body(&self) -> &[u8] {
        &self.request[self.body_at..]
    }

    /// The same with a signature that is refused before it is computed, so that nothing but HTTP is left to do.
    pub(super) fn unsigned(&self) -> Vec<u8> {
        request("none", self.body()).0
    }
}

fn request(signature: &str, body: &[u8]) -> (Vec<u8>, usize) {
    let head = format!(
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\nUser-Agent: facebookplatform/1.0 (+http://developers.facebook.com)\r\n\
         Content-Type: application/json\r\n{}: {signature}\r\nContent-Length: {}\r\n\r\n",
        signature::HEADER,
        body.len()
    );
    let mut request = head.into_bytes();
    let body_at = request.len();
    request.extend_from_slice(body);
    (request, body_at)
}

/// Makes events, none of them twice.
pub(super) struct Workload {
    clock: Clock,
    ids: Ids,
    n_people: usize,
    /// How many events of a turn there are.
    turn: usize,
    n_events: usize,
}

impl Workload {
    /// Of so many people, who take turns.
    pub(super) fn new(n_people: usize) -> Self {
        Self { clock: Clock::system(), ids: Ids::random(), n_people, turn: TURN, n_events: 0 }
    }

    /// Of so many people who only write, once each.
    pub(super) fn strangers(n_people: usize) -> Self {
        Self { turn: 1, ..Self::new(n_people) }
    }

    /// The next deliveries, with so many events each.
    pub(super) fn deliveries(&mut self, n_deliveries: usize, n_events: usize) -> Vec<Delivery> {
        let secret = SecretString::from(SECRET);
        let delivery = |_| {
            let body = self.body(n_events).into_bytes();
            let signature = sign(&secret, &body);
            let (request, body_at) = request(&signature, &body);
            Delivery { request, signature, body_at, n_events }
        };
        (0..n_deliveries).map(delivery).collect()
    }

    /// The platform puts one event into an entry, and up to a thousand entries into a body.
    fn body(&mut self, n_events: usize) -> String {
        let now_ms = self.clock.now().as_millis();
        let mut body = String::from(r#"{"object":"page","entry":["#);
        for number in 0..n_events {
            let comma = if number == 0 { "" } else { "," };
            let event = self.next_event(now_ms);
            write!(body, r#"{comma}{{"id":"{PAGE}","time":{now_ms},"messaging":[{event}]}}"#).expect("a text grows");
        }
        body.push_str("]}");
        body
    }

    fn next_event(&mut self, now_ms: i64) -> String {
        let number = self.n_events;
        self.n_events += 1;
        let (turn, kind) = (number / self.turn, number % self.turn);
        let person = psid(turn % self.n_people);
        // As long as the platform's own, and different for every event.
        let mid = format!("m_{turn:020}{kind}aW5ib3VuZC1tZXNzYWdlLWlkLW9mLXRoZS1wbGF0Zm9ybQ");
        let ends = |from: &str, to: &str| {
            format!(r#""sender":{{"id":"{from}"}},"recipient":{{"id":"{to}"}},"timestamp":{now_ms}"#)
        };
        let (of_person, of_page) = (ends(&person, PAGE), ends(PAGE, &person));
        match kind {
            0 => format!(
                r#"{{{of_person},"message":{{"mid":"{mid}","text":"Is order {turn} on its way? \ud83d\ude42"}}}}"#
            ),
            1 => format!(
                r#"{{{of_page},"message":{{"mid":"{mid}","is_echo":true,"app_id":{APP},"text":"Yes, it left us this morning."}}}}"#
            ),
            2 => format!(r#"{{{of_person},"delivery":{{"mids":["{mid}"],"watermark":{now_ms}}}}}"#),
            // Reading is a fact by person and watermark, so each of a person's has a moment of its own.
            _ => format!(r#"{{{of_person},"read":{{"watermark":{}}}}}"#, now_ms + (turn / self.n_people) as i64),
        }
    }

    /// The records that the ingress would append for a delivery.
    pub(super) fn records(&self, identity: &LogIdentity, delivery: &Delivery) -> Vec<Record> {
        self.records_at(identity, delivery.body(), self.clock.now())
    }

    /// The next records, one a millisecond from `from_ms` on, as if they had come in over a long time.
    pub(super) fn records_since(&mut self, identity: &LogIdentity, from_ms: &mut i64, n_records: usize) -> Vec<Record> {
        let body = self.body(n_records).into_bytes();
        let mut records = self.records_at(identity, &body, Timestamp::from_millis(*from_ms));
        for record in &mut records {
            *from_ms += 1;
            record.recorded_at = Timestamp::from_millis(*from_ms);
        }
        records
    }

    fn records_at(&self, identity: &LogIdentity, body: &[u8], received_at: Timestamp) -> Vec<Record> {
        let batch = webhook::parse(body, received_at).expect("the workload writes bodies that can be read");
        let record = |placed: webhook::Placed| {
            let page = placed.fact.page.clone();
            let stream = match &placed.place {
                Place::Person(psid) => stream(identity, psid),
                Place::UserRef(_) | Place::Comment { .. } | Place::Page => StreamId::Page(page),
            };
            Record {
                id: RecordId::new(self.ids.uuid_v7(received_at)),
                stream,
                recorded_at: received_at,
                fact: Some(placed.fact.fact),
                traceparent: None,
                events: vec![Event::Inbound(Box::new(placed.fact))],
            }
        };
        batch.facts.into_iter().map(record).collect()
    }
}

/// The PSID of one of the workload's people.
pub(super) fn psid(person: usize) -> String {
    format!("{}", 24_601_000_000_000_usize + person)
}

fn stream(identity: &LogIdentity, psid: &Psid) -> StreamId {
    let page = PageId::parse(PAGE).expect("the workload's Page has a Page's form");
    let person = identity.person_key(&page, psid);
    StreamId::Conversation(page, person)
}

/// The stream of one of the workload's people.
pub(super) fn stream_of(identity: &LogIdentity, person: usize) -> StreamId {
    stream(identity, &Psid::parse(&psid(person)).expect("the workload's people have a PSID's form"))
}
