//! One event as a webhook tells it, ready in the bytes that go over the wire; and the body that holds several.

use std::sync::Arc;

use super::escape;
use super::object::Object;
use crate::world::app::AppIx;
use crate::world::ids::Psid;
use crate::world::page::Page;

/// Something that happened, with whom it concerns and who may hear of it.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) page: Arc<str>,
    pub(crate) psid: Option<Psid>,
    /// When it happened, by the event's own time.
    pub(crate) at_ms: i64,
    /// The subscription field under which it goes out.
    pub(crate) field: &'static str,
    /// What the recorder calls it.
    pub(crate) kind: &'static str,
    pub(crate) mid: Option<String>,
    pub(crate) place: Place,
    /// The event alone, in wire bytes.
    pub(crate) bytes: Arc<[u8]>,
    /// The same for apps that do not own the thread, where that differs.
    pub(crate) standby_bytes: Option<Arc<[u8]>>,
    /// The one app that hears of it; none is every app that is subscribed.
    pub(crate) only: Option<AppIx>,
    /// Not to leave before so many milliseconds have passed.
    pub(crate) delay_ms: i64,
    /// It does not keep its place in the person's line: later events need not wait for it.
    pub(crate) is_apart: bool,
}

/// Which array of the entry holds the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Messaging,
    Standby,
    Changes,
}

/// Who is named as the sender.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender<'a> {
    Person,
    Page,
    /// Somebody behind a checkbox: by this reference, or not at all.
    Nobody(Option<&'a str>),
}

impl Event {
    /// An event of a thread. `what` are the members beside sender, recipient and timestamp; a delivery has no timestamp.
    pub(crate) fn of_thread(
        page: &Page,
        psid: Psid,
        kind: &'static str,
        field: &'static str,
        at_ms: i64,
        what: Object,
    ) -> Self {
        let sender = if kind == "echo" { Sender::Page } else { Sender::Person };
        Self::with_sender(page, psid, sender, (kind, field), at_ms, what)
    }

    /// The same, with the sender said.
    pub(crate) fn with_sender(
        page: &Page,
        psid: Psid,
        sender: Sender<'_>,
        (kind, field): (&'static str, &'static str),
        at_ms: i64,
        what: Object,
    ) -> Self {
        let person = || Object::new().with("id", page.psid_text(psid));
        let ours = || Object::new().with("id", &*page.id);
        let head = match sender {
            Sender::Person => Object::new().with("sender", person()).with("recipient", ours()),
            Sender::Page => Object::new().with("sender", ours()).with("recipient", person()),
            Sender::Nobody(Some(user_ref)) => {
                Object::new().with("sender", Object::new().with("user_ref", user_ref)).with("recipient", ours())
            }
            Sender::Nobody(None) => Object::new().with("recipient", ours()),
        };
        let head = if kind == "delivery" { head } else { head.with("timestamp", at_ms) };
        let whole = head.join(what);
        let stripped = (kind == "postback").then(|| whole.clone().without("postback", "payload"));
        Self {
            page: Arc::clone(&page.id),
            psid: Some(psid),
            at_ms,
            field,
            kind,
            mid: None,
            place: Place::Messaging,
            bytes: escape::to_bytes(&whole).into(),
            standby_bytes: stripped.map(|object| escape::to_bytes(&object).into()),
            only: None,
            delay_ms: 0,
            is_apart: false,
        }
    }

    /// An event of a Page's `messaging` that names no sender.
    pub(crate) fn of_page(page: &Page, kind: &'static str, field: &'static str, at_ms: i64, what: Object) -> Self {
        let nobody = Psid::of("0");
        let event = Self::with_sender(page, nobody, Sender::Nobody(None), (kind, field), at_ms, what);
        Self { psid: None, ..event }
    }

    /// A change: a field and its value.
    pub(crate) fn change(
        page: &Page,
        psid: Option<Psid>,
        (kind, field): (&'static str, &'static str),
        at_ms: i64,
        value: Object,
    ) -> Self {
        let change = Object::new().with("field", field).with("value", value);
        Self {
            page: Arc::clone(&page.id),
            psid,
            at_ms,
            field,
            kind,
            mid: None,
            place: Place::Changes,
            bytes: escape::to_bytes(&change).into(),
            standby_bytes: None,
            only: None,
            delay_ms: 0,
            is_apart: false,
        }
    }

    pub(crate) fn about(self, mid: impl Into<Option<String>>) -> Self {
        Self { mid: mid.into(), ..self }
    }

    pub(crate) fn after(self, delay_ms: i64) -> Self {
        Self { delay_ms, ..self }
    }

    pub(crate) fn apart(self, is_apart: bool) -> Self {
        Self { is_apart, ..self }
    }

    pub(crate) fn only_to(self, app: AppIx) -> Self {
        Self { only: Some(app), ..self }
    }
}

impl Object {
    /// This object's members, then the other's.
    fn join(mut self, other: Self) -> Self {
        self.append(other);
        self
    }
}

/// One event in a body: its Page, the array it stands in, its bytes.
pub(crate) struct Piece<'a> {
    pub(crate) page: &'a str,
    pub(crate) place: Place,
    pub(crate) bytes: &'a [u8],
}

/// The bytes of a body: one entry for each run of pieces of one Page and kind of array. Changes have whole seconds.
pub(crate) fn body(pieces: &[Piece<'_>], sent_ms: i64) -> Vec<u8> {
    let mut bytes = br#"{"object":"page","entry":["#.to_vec();
    for (n, run) in pieces.chunk_by(|left, right| (left.page, left.place) == (right.page, right.place)).enumerate() {
        let Some(first) = run.first() else { continue };
        let (array, time) = match first.place {
            Place::Messaging => ("messaging", sent_ms),
            Place::Standby => ("standby", sent_ms),
            Place::Changes => ("changes", sent_ms / 1000),
        };
        if n > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(br#"{"id":"#);
        bytes.extend_from_slice(&escape::to_bytes(&first.page));
        bytes.extend_from_slice(format!(r#","time":{time},"{array}":["#).as_bytes());
        for (n, piece) in run.iter().enumerate() {
            if n > 0 {
                bytes.push(b',');
            }
            bytes.extend_from_slice(piece.bytes);
        }
        bytes.extend_from_slice(b"]}");
    }
    bytes.extend_from_slice(b"]}");
    bytes
}
