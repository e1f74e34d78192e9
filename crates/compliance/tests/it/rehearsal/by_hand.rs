//! The same count, made as simply as can be: for the latest decision on each send, everything before it is folded anew.

use super::past::Past;
use compliance::rehearsal::Scope;
use domain::conversation::Conversation;
use domain::decision::{Decision, Purpose};
use domain::evaluate::{Facts, evaluate};
use domain::event::{Event, Recorded, SendingKind};
use domain::id::{PageId, SendId, StreamId};
use domain::pack::Pack;
use domain::page::Page;
use domain::rehearsal::{Outcome, Tally};
use domain::time::Timestamp;
use std::collections::BTreeMap;

/// How often each outcome was met, by Page, purpose and broadcast.
pub(crate) type Counts = BTreeMap<(PageId, Purpose, Option<String>, Outcome), u64>;

/// The counts of a tally in the same form.
pub(crate) fn counts(tally: &Tally) -> Counts {
    let row = |(page, purpose, broadcast, outcome, n): (&PageId, _, Option<&str>, _, _)| {
        ((page.clone(), purpose, broadcast.map(str::to_owned), outcome), n)
    };
    tally.all().map(row).collect()
}

fn decision(event: &Event) -> Option<(&SendId, &Decision)> {
    let Event::Sending(step) = event else { return None };
    match &step.kind {
        SendingKind::Accepted { decision }
        | SendingKind::Blocked { decision }
        | SendingKind::Deferred { decision, .. }
        | SendingKind::Dispatched { decision, .. } => Some((&step.send, decision)),
        SendingKind::Requested { .. }
        | SendingKind::Settled { .. }
        | SendingKind::Cancelled
        | SendingKind::Expired { .. }
        | SendingKind::Doubted => None,
    }
}

impl Past {
    /// Every event up to and without this one, by record and place in it.
    fn before(&self, (record, event): (usize, usize)) -> impl Iterator<Item = (&StreamId, Recorded<'_>)> {
        self.records[..=record].iter().enumerate().flat_map(move |(n, it)| {
            let end = if n == record { event } else { it.events.len() };
            it.events[..end].iter().map(move |event| (&it.stream, Recorded { record: it.id, event }))
        })
    }

    fn state(&self, wanted: &StreamId, place: (usize, usize)) -> Conversation {
        let events = self.before(place).filter(|(stream, _)| *stream == wanted);
        Conversation::fold(events.map(|(_, recorded)| recorded))
    }

    fn with_facts(&self, stream: &StreamId, send: &SendId, place: (usize, usize), see: impl FnOnce(&Facts<'_>)) {
        let page_id = send.page();
        let of_page = StreamId::Page(page_id.clone());
        let page =
            Page::fold(self.before(place).filter(|(stream, _)| **stream == of_page).map(|(_, recorded)| recorded));
        let state = self.state(stream, place);
        let home = StreamId::Conversation(page_id.clone(), send.person());
        let home = self.before(place).any(|(stream, _)| *stream == home).then(|| self.state(&home, place));
        let mut facts = Facts::new(page_id, &page, &state).of_send(send);
        facts.home = home.as_ref().filter(|_| matches!(stream, StreamId::Comment(..)));
        see(&facts);
    }

    /// What a rehearsal of this pack is to count.
    pub(crate) fn by_hand(&self, proposed: &Pack, scope: &Scope) -> Counts {
        let mut latest = BTreeMap::new();
        for (n, record) in self.records.iter().enumerate() {
            for (nth, event) in record.events.iter().enumerate() {
                let Some((send, decision)) = decision(event) else { continue };
                let from = scope.range.from.unwrap_or(Timestamp::from_millis(i64::MIN));
                let to = scope.range.to.unwrap_or(Timestamp::from_millis(i64::MAX));
                if decision.at >= from && decision.at < to && scope.page.iter().all(|page| page == send.page()) {
                    latest.insert(send.clone(), (&record.stream, decision, (n, nth)));
                }
            }
        }
        let mut counts = Counts::new();
        for (send, (stream, before, place)) in latest {
            let intent = self.state(stream, place).send(&send).unwrap().intent.clone();
            self.with_facts(stream, &send, place, |facts| {
                let after = evaluate(proposed, facts, &intent, before.at);
                let outcome = match (before.route(), after.route()) {
                    (Some(_), None) => Outcome::ToBlock(after.reason().unwrap()),
                    (None, Some(_)) => Outcome::ToAllow(before.reason().unwrap()),
                    (Some(_), Some(_)) | (None, None) => Outcome::Same,
                };
                let key = (send.page().clone(), intent.purpose, intent.broadcast.clone(), outcome);
                *counts.entry(key).or_default() += 1;
            });
        }
        counts
    }
}
