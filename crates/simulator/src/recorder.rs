//! What happened, in order, for tests to read back: calls, messages that took place, webhooks, alerts. A downloaded
//! recording is ordered by instant, Page, person and that person's own count, and holds no port and no machine's time: so
//! two runs from one seed give the same bytes, whatever the threads did.

pub(crate) mod rows;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use rows::{AlertRow, CallRow, EventJson, SendRow, WebhookRow, WebhookStatus};

/// Rows, in order.
#[derive(Default)]
pub(crate) struct Recorder {
    n_sends: u64,
    n_calls: u64,
    n_webhooks: u64,
    sends: Vec<SendRow>,
    calls: Vec<CallRow>,
    webhooks: Vec<WebhookRow>,
    alerts: Vec<AlertRow>,
    /// Where each person's messages stand in `sends`.
    sends_of: HashMap<(Box<str>, Box<str>), Vec<u32>>,
}

/// Which rows are wanted; what is left out is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Of this Page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Of this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psid: Option<String>,
    /// Of this message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// With this metadata; messages alone have any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// With this text; messages alone have any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of this app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Of this kind: a webhook's kind, or a call's endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Not before this moment, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Only behind this place (`seq`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// So many at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// What every row can be asked.
struct Facts<'a> {
    page: Option<&'a str>,
    psid: Option<&'a str>,
    mid: Option<&'a str>,
    metadata: Option<&'a str>,
    text: Option<&'a str>,
    app: Option<&'a str>,
    kind: Option<&'a str>,
    at_ms: i64,
    seq: u64,
}

impl Recorder {
    /// Keeps a message and numbers it.
    pub(crate) fn send(&mut self, mut row: SendRow) {
        self.n_sends += 1;
        row.seq = self.n_sends;
        let key = (Box::from(row.page.as_str()), Box::from(row.psid.as_str()));
        let place = u32::try_from(self.sends.len()).unwrap_or(u32::MAX);
        self.sends_of.entry(key).or_default().push(place);
        self.sends.push(row);
    }

    /// Keeps a call and numbers it.
    pub(crate) fn call(&mut self, mut row: CallRow) {
        self.n_calls += 1;
        row.seq = self.n_calls;
        self.calls.push(row);
    }

    /// Keeps a webhook and answers its number.
    pub(crate) fn webhook(&mut self, mut row: WebhookRow) -> u64 {
        self.n_webhooks += 1;
        row.seq = self.n_webhooks;
        self.webhooks.push(row);
        self.n_webhooks
    }

    /// The webhook of that number; it is gone if the recorder was cleared in between.
    pub(crate) fn webhook_mut(&mut self, seq: u64) -> Option<&mut WebhookRow> {
        let first = self.webhooks.first()?.seq;
        self.webhooks.get_mut(usize::try_from(seq.checked_sub(first)?).ok()?)
    }

    pub(crate) fn alert(&mut self, row: AlertRow) {
        self.alerts.push(row);
    }

    /// Forgets the rows; the numbering goes on.
    pub(crate) fn clear(&mut self) {
        self.sends.clear();
        self.calls.clear();
        self.webhooks.clear();
        self.alerts.clear();
        self.sends_of.clear();
    }

    pub(crate) fn alerts(&self) -> &[AlertRow] {
        &self.alerts
    }

    pub(crate) fn sends(&self, filter: &Filter) -> Vec<SendRow> {
        self.sends_where(filter).cloned().collect()
    }

    /// How many messages there are like that. With Page and person it looks at theirs alone.
    pub(crate) fn count_sends(&self, filter: &Filter) -> usize {
        self.sends_where(filter).count()
    }

    pub(crate) fn calls(&self, filter: &Filter) -> Vec<CallRow> {
        pick(&self.calls, filter).cloned().collect()
    }

    pub(crate) fn webhooks(&self, filter: &Filter) -> Vec<WebhookRow> {
        pick(&self.webhooks, filter).cloned().collect()
    }

    fn sends_where<'a>(&'a self, filter: &'a Filter) -> Box<dyn Iterator<Item = &'a SendRow> + 'a> {
        let (Some(page), Some(psid)) = (&filter.page, &filter.psid) else {
            return Box::new(pick(&self.sends, filter));
        };
        let key = (Box::from(page.as_str()), Box::from(psid.as_str()));
        let places = self.sends_of.get(&key).into_iter().flatten();
        let rows = places.filter_map(|place| self.sends.get(usize::try_from(*place).ok()?));
        Box::new(rows.filter(|row| filter.wants(&row.facts())).take(filter.limit.unwrap_or(usize::MAX)))
    }

    /// Everything as JSON lines, each with its kind of record under `record`.
    pub(crate) fn lines(&self, filter: &Filter) -> String {
        let mut lines: Vec<(i64, &str, &str, u32, u8, String)> = Vec::new();
        let sends = self.sends.iter().map(|row| (row.facts(), row.n, 1, as_line("send", row)));
        let calls = self.calls.iter().map(|row| (row.facts(), row.n, 2, as_line("call", row)));
        let webhooks = self.webhooks.iter().map(|row| (row.facts(), row.n, 3, as_line("webhook", row)));
        for (facts, n, rank, line) in sends.chain(calls).chain(webhooks) {
            if filter.wants(&facts) {
                let (page, psid) = (facts.page.unwrap_or_default(), facts.psid.unwrap_or_default());
                lines.push((facts.at_ms, page, psid, n, rank, line));
            }
        }
        for row in &self.alerts {
            lines.push((row.at_ms, &row.page, "", 0, 4, as_line("alert", row)));
        }
        lines.sort();
        lines.into_iter().map(|(_, _, _, _, _, line)| line).take(filter.limit.unwrap_or(usize::MAX)).collect()
    }
}

trait Row {
    fn facts(&self) -> Facts<'_>;
}

fn pick<'a, T: Row>(rows: &'a [T], filter: &'a Filter) -> impl Iterator<Item = &'a T> {
    rows.iter().filter(|row| filter.wants(&row.facts())).take(filter.limit.unwrap_or(usize::MAX))
}

fn as_line(record: &str, row: &impl Serialize) -> String {
    let mut value = serde_json::to_value(row).expect("rows serialise");
    if let Value::Object(members) = &mut value {
        members.remove("seq");
        members.insert("record".to_owned(), record.into());
    }
    format!("{value}\n")
}

impl Filter {
    fn wants(&self, facts: &Facts<'_>) -> bool {
        let fits =
            |wanted: &Option<String>, is: Option<&str>| wanted.as_deref().is_none_or(|wanted| is == Some(wanted));
        fits(&self.page, facts.page)
            && fits(&self.psid, facts.psid)
            && fits(&self.mid, facts.mid)
            && fits(&self.metadata, facts.metadata)
            && fits(&self.text, facts.text)
            && fits(&self.app, facts.app)
            && fits(&self.kind, facts.kind)
            && self.since.is_none_or(|since| facts.at_ms >= since)
            && self.after.is_none_or(|after| facts.seq > after)
    }
}

impl Row for SendRow {
    fn facts(&self) -> Facts<'_> {
        Facts {
            page: Some(&self.page),
            psid: Some(&self.psid),
            mid: Some(&self.mid),
            metadata: self.metadata.as_deref(),
            text: self.text.as_deref(),
            app: Some(&self.app),
            kind: Some(&self.recipient),
            at_ms: self.at_ms,
            seq: self.seq,
        }
    }
}

impl Row for CallRow {
    fn facts(&self) -> Facts<'_> {
        Facts {
            page: self.page.as_deref(),
            psid: self.psid.as_deref(),
            mid: self.mid.as_deref(),
            metadata: None,
            text: None,
            app: self.app.as_deref(),
            kind: Some(&self.endpoint),
            at_ms: self.at_ms,
            seq: self.seq,
        }
    }
}

impl Row for WebhookRow {
    fn facts(&self) -> Facts<'_> {
        Facts {
            page: Some(&self.page),
            psid: Some(&self.psid),
            mid: self.mid.as_deref(),
            metadata: None,
            text: None,
            app: self.app.as_deref(),
            kind: Some(&self.kind),
            at_ms: self.at_ms,
            seq: self.seq,
        }
    }
}
