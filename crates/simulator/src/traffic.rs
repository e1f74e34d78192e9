//! What went over the wire lately, with its bodies: for people who look at single exchanges. Only so much is kept; the
//! recorder keeps a line of everything.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::faults::FaultKind;
use crate::graph::Reply;
use crate::graph::call::{Call, File};
use crate::recorder::WebhookRow;

/// How many exchanges are kept.
const MOST: usize = 500;
/// A larger body is left out.
const MOST_BYTES: usize = 64 << 10;

/// The latest exchanges, oldest first.
#[derive(Default)]
pub(crate) struct Traffic {
    n: u64,
    kept: VecDeque<Exchange>,
}

/// A call with its answer, or a webhook with what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Exchange {
    /// Its place among all exchanges, from 1.
    pub(crate) seq: u64,
    pub(crate) at_ms: i64,
    pub(crate) kind: Kind,
    pub(crate) page: Option<String>,
    pub(crate) psid: Option<String>,
    pub(crate) app: Option<String>,
    /// What it is: method and path, or the webhook's kinds.
    pub(crate) title: String,
    /// The messages it concerns.
    pub(crate) mids: Vec<String>,
    /// None if no answer went out, or none came.
    pub(crate) http_status: Option<u16>,
    pub(crate) code: Option<u32>,
    pub(crate) subcode: Option<u32>,
    pub(crate) fault: Option<FaultKind>,
    /// Which attempt it is; none for a call, and for a webhook that nobody is subscribed to.
    pub(crate) attempt: Option<u32>,
    /// The call's values without its token, or the webhook's body; none if it is too large.
    pub(crate) sent: Option<Box<RawValue>>,
    /// The files that came with a call.
    pub(crate) files: Vec<Value>,
    /// The answer to a call.
    pub(crate) answered: Option<Box<RawValue>>,
}

/// Which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Call,
    Webhook,
}

impl Exchange {
    /// A call with its answer. Page, app and people are the caller's to add.
    pub(crate) fn call(call: &Call, reply: &Reply, at_ms: i64) -> Self {
        let version = call.version.map(|version| format!("/v{version}.0")).unwrap_or_default();
        let file = |file: &File| json!({ "name": file.name, "filename": file.filename, "type": file.mime, "bytes": file.n_bytes });
        let note = reply.notes.last();
        Self {
            seq: 0,
            at_ms,
            kind: Kind::Call,
            page: None,
            psid: None,
            app: None,
            title: format!("{} {version}/{}", call.method.name(), call.path.join("/")),
            mids: reply.notes.iter().filter_map(|note| note.mid.clone()).collect(),
            http_status: note.map_or(Some(reply.status), |note| note.http_status),
            code: note.and_then(|note| note.code),
            subcode: note.and_then(|note| note.subcode),
            fault: note.and_then(|note| note.fault),
            attempt: None,
            sent: call.fields.as_ref().ok().and_then(|fields| small(to_raw_value(fields).ok()?)),
            files: call.files.iter().map(file).collect(),
            answered: to_raw_value(&reply.body).ok().and_then(small),
        }
    }

    /// A webhook's body on its way.
    pub(crate) fn webhook(title: String, body: &[u8], at_ms: i64) -> Self {
        let text = (body.len() <= MOST_BYTES).then(|| String::from_utf8_lossy(body).into_owned());
        Self {
            seq: 0,
            at_ms,
            kind: Kind::Webhook,
            page: None,
            psid: None,
            app: None,
            title,
            mids: Vec::new(),
            http_status: None,
            code: None,
            subcode: None,
            fault: None,
            attempt: None,
            sent: text.and_then(|text| RawValue::from_string(text).ok()),
            files: Vec::new(),
            answered: None,
        }
    }

    /// Notes which webhook it carries. One body may carry several.
    pub(crate) fn about(&mut self, row: &WebhookRow) {
        let join = if self.title.is_empty() || self.title == row.kind { "" } else { ", " };
        if self.title != row.kind {
            self.title = format!("{}{join}{}", self.title, row.kind);
        }
        self.page = Some(row.page.clone());
        self.psid = Some(row.psid.clone()).filter(|psid| !psid.is_empty());
        self.app.clone_from(&row.app);
        self.fault = self.fault.or(row.fault);
        self.mids.extend(row.mid.clone());
    }
}

impl Traffic {
    /// Keeps an exchange, numbers it, and forgets the oldest if there are too many.
    pub(crate) fn note(&mut self, mut exchange: Exchange) {
        self.n += 1;
        exchange.seq = self.n;
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }

    /// The exchanges behind that place, newest first.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = &Exchange> {
        self.kept.iter().rev().take_while(move |exchange| exchange.seq > seq)
    }

    /// Forgets; the numbering goes on.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}

fn small(value: Box<RawValue>) -> Option<Box<RawValue>> {
    (value.get().len() <= MOST_BYTES).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_exchanges_are_kept_and_come_first() {
        let mut traffic = Traffic::default();
        for n in 0..MOST + 3 {
            traffic.note(Exchange::webhook(n.to_string(), b"{}", 0));
        }
        let titles: Vec<_> = traffic.after(0).map(|exchange| exchange.title.as_str()).collect();
        assert_eq!((titles.len(), titles[0], titles[MOST - 1]), (MOST, "502", "3"));
        assert_eq!(traffic.after(502).count(), 1);
        traffic.clear();
        assert_eq!(traffic.after(0).count(), 0);
        traffic.note(Exchange::webhook("next".to_owned(), b"{}", 0));
        assert_eq!(traffic.after(0).next().map(|exchange| exchange.seq), Some(504));
    }

    #[test]
    fn a_body_that_is_too_large_or_no_json_is_left_out() {
        let large = format!("\"{}\"", "a".repeat(MOST_BYTES));
        assert!(Exchange::webhook(String::new(), large.as_bytes(), 0).sent.is_none());
        assert!(Exchange::webhook(String::new(), b"\xff{", 0).sent.is_none());
        assert!(Exchange::webhook(String::new(), b"{\"object\":\"page\"}", 0).sent.is_some());
    }
}
