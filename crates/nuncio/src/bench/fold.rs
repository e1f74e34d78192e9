//! Folding, on one core: conversations one after the other, each from its first record to its last.

use super::Stage;
use super::report::{Figure, median, per_second};
use super::workload::Workload;
use domain::conversation::Conversation;
use domain::event::{Event, Recorded};
use domain::time::Timestamp;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{EventLog, LogIdentity, Stored, decode, encode};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

/// Events of one conversation.
const LENGTH: usize = 50;

/// Measures folding of decoded events, and of records as they are stored.
pub(super) fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let sizes = stage.sizes;
    let path = stage.fresh_path();
    let histories = histories(SqliteLog::open(&path, Config::default())?.identity(), sizes.folded);
    let n_events: usize = histories.iter().map(Vec::len).sum();
    let encoded: Vec<Vec<Vec<u8>>> =
        histories.iter().map(|history| history.iter().map(|stored| encode(&stored.record)).collect()).collect();
    let decoded = |record: &Vec<u8>| decode(record).expect("what was encoded just now can be decoded");
    let walk = || {
        black_box(histories.iter().flatten().flat_map(Stored::events).map(|recorded| at(recorded.event)).max());
    };
    let fold = || {
        for history in &histories {
            black_box(Conversation::fold(history.iter().flat_map(Stored::events)));
        }
    };
    let decode_only = || {
        for record in encoded.iter().flatten() {
            black_box(decoded(record));
        }
    };
    let decode_and_fold = || {
        for history in &encoded {
            let mut state = Conversation::default();
            for record in history {
                let record = decoded(record);
                let events = record.events.iter().map(|event| Recorded { record: record.id, event });
                events.for_each(|recorded| state.evolve(recorded));
            }
            black_box(state);
        }
    };
    let mut rates = [(); 4].map(|()| Vec::new());
    for number in 0..=sizes.rounds {
        let round =
            [time(n_events, walk), time(n_events, fold), time(n_events, decode_only), time(n_events, decode_and_fold)];
        // The first round only warms up.
        if number > 0 {
            rates.iter_mut().zip(round).for_each(|(rates, rate)| rates.push(rate));
        }
    }
    let [walked, folded, decoded, both] = rates.map(median);
    let unit = "events/s";
    figures.push(Figure {
        name: "fold".to_owned(),
        value: both,
        unit,
        limit_name: "decoding the same records",
        limit: decoded,
    });
    let limit_name = "walking over the same events in memory";
    figures.push(Figure { name: "fold.decoded".to_owned(), value: folded, unit, limit_name, limit: walked });
    Ok(())
}

/// Every conversation's records, in order.
fn histories(identity: &LogIdentity, n_records: usize) -> Vec<Vec<Stored>> {
    let mut workload = Workload::new((n_records / LENGTH).max(1));
    let mut at_ms = 0;
    let mut histories: BTreeMap<_, Vec<Stored>> = BTreeMap::new();
    for (record, position) in workload.records_since(identity, &mut at_ms, n_records).into_iter().zip(1..) {
        let stored = Stored { shard: 0, position, record, bytes: Default::default() };
        histories.entry(stored.record.stream.clone()).or_default().push(stored);
    }
    histories.into_values().collect()
}

fn at(event: &Event) -> Timestamp {
    match event {
        Event::Inbound(inbound) => inbound.at(),
        Event::Quarantined(body) => body.received_at,
        Event::Sending(step) => step.at,
        Event::Erasing(step) => step.at,
        Event::System(step) => step.at,
        Event::Right(step) => step.at,
        Event::Consent(consent) => consent.at,
        Event::Page(step) => step.at,
    }
}

fn time(n_events: usize, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    per_second(n_events, began.elapsed())
}
