//! The bytes of webhooks against a vector made by hand, and the lines in which they wait.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::event::{Event, Piece, Place, body};
use super::object::Object;
use super::outbox::{Outbox, Outcome, Parcel, Shipment};
use super::sign;
use crate::agenda::Agenda;
use crate::config::Delivery;
use crate::platform::Coming;
use crate::world::app::AppIx;
use crate::world::ids::Psid;
use crate::world::page::Page;

const VECTOR: &str = r#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_demo1","text":"caf\u00e9 \ud83d\ude00 a\/b x\u0040y.zz"}}]}]}"#;
const AT_MS: i64 = 1_767_225_599_000;

fn written(text: &str) -> Event {
    let message = Object::new().with("mid", "m_demo1").with("text", text);
    of("message", Object::new().with("message", message))
}

fn of(kind: &'static str, what: Object) -> Event {
    Event::of_thread(&Page::new("1001"), Psid::of("2002"), kind, "messages", AT_MS, what)
}

fn alone(event: &Event, sent_ms: i64) -> Vec<u8> {
    body(&[Piece { page: &event.page, place: event.place, bytes: &event.bytes }], sent_ms)
}

#[test]
fn body_and_signatures_match_the_vector() {
    let secret = SecretString::from("test-app-secret-0001");
    let body = alone(&written("café 😀 a/b x@y.zz"), 1_767_225_600_123);
    assert_eq!(String::from_utf8(body.clone()).unwrap(), VECTOR);
    assert_eq!(sign::sha256(&secret, &body), "sha256=bd82f6e63f36f718a8428e1a3a34dfe962712ed36325acf550640c83e30dbb86");
    assert_eq!(sign::sha1(&secret, &body), "sha1=1ab47d6bdde64676e29539b090e261e68e4b1364");
}

#[test]
fn quotes_and_control_characters_survive_the_escaping() {
    let text = "\"\\\n\u{1}\u{7f}\u{2028}ÿ";
    let body = alone(&written(text), 1);
    assert!(body.is_ascii());
    let read_back: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(read_back["entry"][0]["messaging"][0]["message"]["text"], text);
}

#[test]
fn parties_and_times_are_where_their_kind_has_them() {
    let echo: Value = serde_json::from_slice(&of("echo", Object::new()).bytes).unwrap();
    assert_eq!(echo, json!({"sender": {"id": "1001"}, "recipient": {"id": "2002"}, "timestamp": AT_MS}));
    let delivery: Value = serde_json::from_slice(&of("delivery", Object::new()).bytes).unwrap();
    assert_eq!(delivery, json!({"sender": {"id": "2002"}, "recipient": {"id": "1001"}}));
    let tap = Object::new().with("mid", "m_1").with("payload", "GO");
    let postback = of("postback", Object::new().with("postback", tap));
    let standby: Value = serde_json::from_slice(&postback.standby_bytes.unwrap()).unwrap();
    assert_eq!(standby["postback"], json!({"mid": "m_1"}));
}

#[test]
fn a_body_holds_one_entry_for_each_page_and_array() {
    let event = written("x");
    let piece = |page, place| Piece { page, place, bytes: &event.bytes };
    let pieces = [
        piece("1001", Place::Messaging),
        piece("1001", Place::Messaging),
        piece("1001", Place::Standby),
        piece("1002", Place::Changes),
    ];
    let body: Value = serde_json::from_slice(&body(&pieces, 7_999)).unwrap();
    let entries = body["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!((entries[0]["messaging"].as_array().unwrap().len(), &entries[0]["time"]), (2, &json!(7999)));
    assert_eq!((entries[1]["standby"].as_array().unwrap().len(), &entries[1]["id"]), (1, &json!("1001")));
    assert_eq!((entries[2]["changes"].as_array().unwrap().len(), &entries[2]["time"]), (1, &json!(7)));
}

struct Lines {
    outbox: Outbox,
    agenda: Agenda<Coming>,
    n: u64,
}

impl Lines {
    fn new(batch: usize) -> Self {
        let settings = Delivery { attempts: 3, batch, ..Delivery::default() };
        Self { outbox: Outbox::new(settings), agenda: Agenda::default(), n: 0 }
    }

    fn push(&mut self, psid: &str, not_before_ms: i64) {
        self.n += 1;
        let parcel = Parcel {
            seq: self.n,
            place: Place::Messaging,
            bytes: Arc::from(&b"{}"[..]),
            not_before_ms,
            may_merge: false,
            is_wrongly_signed: false,
            comes_twice: false,
            settled: None,
        };
        let line = (AppIx(0), Arc::from("1001"), Some(Psid::of(psid)));
        self.outbox.join(&mut self.agenda, line, parcel);
    }

    fn take(&mut self, now_ms: i64) -> Option<Shipment> {
        match self.agenda.take_due(now_ms)? {
            Coming::Line(line) => self.outbox.load(&mut self.agenda, line, now_ms),
            Coming::Shipment(shipment) => Some(*shipment),
            Coming::Deed { .. } => None,
        }
    }

    fn fail(&mut self, mut shipment: Shipment, now_ms: i64) -> Outcome {
        let outcome = self.outbox.settle(&mut shipment, false, now_ms);
        if outcome == Outcome::Again {
            let at_ms = self.outbox.again_at(&shipment, now_ms);
            self.agenda.put(at_ms, Coming::Shipment(Box::new(shipment)));
        } else {
            self.outbox.close(&mut self.agenda, shipment);
        }
        outcome
    }

    fn deliver(&mut self, mut shipment: Shipment, now_ms: i64) {
        assert_eq!(self.outbox.settle(&mut shipment, true, now_ms), Outcome::Delivered);
        self.outbox.close(&mut self.agenda, shipment);
    }
}

fn seqs(shipment: &Shipment) -> Vec<u64> {
    shipment.parcels.iter().map(|(_, parcel)| parcel.seq).collect()
}

#[test]
fn the_next_event_of_a_person_waits_for_the_one_before() {
    let mut lines = Lines::new(1);
    for psid in ["a", "a", "b"] {
        lines.push(psid, 0);
    }
    let (first, third) = (lines.take(0).unwrap(), lines.take(0).unwrap());
    assert_eq!((seqs(&first), seqs(&third)), (vec![1], vec![3]));
    assert!(lines.take(0).is_none());
    lines.deliver(first, 0);
    assert_eq!(seqs(&lines.take(0).unwrap()), [2]);
    assert_eq!(lines.outbox.n_pending(), 2);
}

#[test]
fn a_failed_event_keeps_its_place_and_backs_off_until_it_is_given_up() {
    let mut lines = Lines::new(1);
    lines.push("a", 0);
    lines.push("a", 0);
    let mut now_ms = 0;
    for pause_ms in [100, 200] {
        let shipment = lines.take(now_ms).unwrap();
        assert_eq!((seqs(&shipment), lines.fail(shipment, now_ms)), (vec![1], Outcome::Again));
        assert!(lines.take(now_ms + pause_ms - 1).is_none());
        now_ms += pause_ms;
    }
    let shipment = lines.take(now_ms).unwrap();
    assert_eq!((seqs(&shipment), lines.fail(shipment, now_ms)), (vec![1], Outcome::GivenUp));
    assert_eq!(seqs(&lines.take(now_ms).unwrap()), [2]);
}

#[test]
fn what_is_due_at_once_may_share_a_body() {
    let mut lines = Lines::new(3);
    for psid in ["a", "b", "a", "c", "d"] {
        lines.push(psid, 0);
    }
    lines.push("e", 5);
    let first = lines.take(0).unwrap();
    assert_eq!(seqs(&first), [1, 3, 2]);
    assert_eq!(seqs(&lines.take(0).unwrap()), [4, 5]);
    lines.deliver(first, 0);
    assert_eq!(seqs(&lines.take(5).unwrap()), [6]);
}

#[test]
fn an_hour_of_failures_unsubscribes_after_an_alert() {
    let settings = Delivery::default();
    let mut lines = Lines { outbox: Outbox::new(settings), agenda: Agenda::default(), n: 0 };
    lines.push("a", 0);
    let mut shipment = lines.take(0).unwrap();
    let minute = 60_000;
    for (now_ms, expected) in [
        (0, Outcome::Again),
        (15 * minute - 1, Outcome::Again),
        (15 * minute, Outcome::AgainWithAlert),
        (15 * minute + 1, Outcome::Again),
        (60 * minute - 1, Outcome::Again),
        (60 * minute, Outcome::Unsubscribed),
    ] {
        assert_eq!(lines.outbox.settle(&mut shipment, false, now_ms), expected, "{now_ms}");
    }
}

#[test]
fn what_waits_is_dropped_and_the_line_goes_on_afterwards() {
    let mut lines = Lines::new(1);
    lines.push("a", 0);
    lines.push("a", 0);
    lines.push("b", 0);
    let first = lines.take(0).unwrap();
    assert_eq!(lines.outbox.drop_lines(AppIx(0), "1001").len(), 2);
    assert!(lines.take(0).is_none(), "the line of b ends without a body");
    lines.push("b", 0);
    lines.push("a", 0);
    assert_eq!(seqs(&lines.take(0).unwrap()), [4]);
    lines.deliver(first, 0);
    assert_eq!(seqs(&lines.take(0).unwrap()), [5]);
}
