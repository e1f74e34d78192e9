//! What records that came together make of the table of people to whom Pages can write: of each person only what holds at
//! the end of them. Most records say nothing of that, and then nothing is written.

use domain::id::StreamId;
use domain::quota::{Engaged, Means, engaged};
use domain::time::Timestamp;
use event_log::Stored;
use sql::engaged::{self as table, Engaged as Row};
use sql::{SqlError, Transaction};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is yet to be stored, by the person's conversation.
#[derive(Default)]
pub(super) struct Engaging<'a>(HashMap<&'a StreamId, Person>);

#[derive(Default)]
struct Person {
    /// Nothing that was known before holds.
    is_out: bool,
    /// By this it cannot be written to any more, whatever was known before.
    not_by: BTreeSet<Means>,
    by: BTreeMap<Means, Timestamp>,
}

impl<'a> Engaging<'a> {
    /// Takes in what a record says.
    pub(super) fn take_in(&mut self, stored: &'a Stored) {
        let stream = &stored.record.stream;
        if !matches!(stream, StreamId::Conversation(..)) {
            return;
        }
        for told in stored.record.events.iter().flat_map(engaged) {
            let person = self.0.entry(stream).or_default();
            match told {
                Engaged::By(means, at) => {
                    let known = person.by.entry(means).or_insert(at);
                    *known = (*known).max(at);
                }
                Engaged::NotBy(means) => {
                    person.by.remove(&means);
                    person.not_by.insert(means);
                }
                Engaged::Not => *person = Person { is_out: true, ..Person::default() },
            }
        }
    }

    /// Stores all of it.
    pub(super) async fn store(self, to: &mut Transaction) -> Result<(), SqlError> {
        let out: Vec<_> = self.0.iter().filter(|(_, person)| person.is_out).map(|(stream, _)| *stream).collect();
        table::remove(to, &out).await?;
        let mut rows = Vec::new();
        for (stream, person) in &self.0 {
            for means in &person.not_by {
                table::remove_means(to, stream, *means).await?;
            }
            let Some(page) = stream.page() else { continue };
            rows.extend(person.by.iter().map(|(means, at)| Row { stream, page, means: *means, at: *at }));
        }
        table::put(to, &rows).await
    }
}
