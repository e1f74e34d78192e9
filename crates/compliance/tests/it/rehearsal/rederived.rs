//! Every decision is made again from the log alone, packs included.

use super::logs::{embedded, jetstream};
use super::past::{PacksOnTheWay, Past};
use domain::conversation::Conversation;
use domain::decision::Decision;
use domain::evaluate::{Facts, VERSION, judge};
use domain::event::{Event, System, SystemKind};
use domain::id::StreamId;
use domain::pack::{Pack, Packs};
use domain::page::Page;
use domain::rehearsal::Judgement;
use event_log::{Checkpoint, EventLog, Filter, Followed, Stored, decision_bytes};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Everything that stands in a log, by the moments at which it was appended: what decisions rest on in other streams was
/// there before them.
async fn read(log: &dyn EventLog) -> Vec<Stored> {
    let mut follower = log.follow(Filter::default(), Checkpoint::beginning()).await.unwrap();
    let mut records = Vec::new();
    loop {
        match follower.next().await.unwrap() {
            Followed::Record(stored) => records.push(*stored),
            Followed::CaughtUp(_) => break,
            Followed::Checkpoint(_) => (),
        }
    }
    records.sort_by_key(|stored| (stored.record.recorded_at, stored.record.id));
    records
}

/// The packs whose texts the log's first record of packs holds, and no other's.
fn first_packs(records: &[Stored]) -> Packs {
    let first = records.iter().find(|stored| stored.record.stream == StreamId::packs()).unwrap();
    let text = |event: &Event| {
        let Event::System(System { kind: SystemKind::PackLoaded { text }, .. }) = event else { panic!("{event:?}") };
        Pack::read_back("the log", text).unwrap()
    };
    Packs::of(first.record.events.iter().map(text)).unwrap()
}

/// Every decision as it stands in the log, and as it is made anew.
fn made_again(records: &[Stored]) -> Vec<(Decision, Decision)> {
    let mut packs = first_packs(records);
    let mut pages: HashMap<_, Page> = HashMap::new();
    let mut states: HashMap<StreamId, Conversation> = HashMap::new();
    let mut found = Vec::new();
    for stored in records {
        let stream = &stored.record.stream;
        for recorded in stored.events() {
            packs.evolve(recorded.event);
            if let Some(Judgement { send, decision, page_revision: _ }) = Judgement::of(recorded.event) {
                let page = pages.get(send.page()).cloned().unwrap_or_default();
                let state = &states[stream];
                let mut facts = Facts::new(send.page(), &page, state).of_send(send);
                let home = StreamId::Conversation(send.page().clone(), send.person());
                facts.home = states.get(&home).filter(|_| home != *stream);
                let again = judge(&packs, &facts, &state.send(send).unwrap().intent, decision.at);
                found.push((decision.clone(), again));
            }
            if let StreamId::Page(page) = stream {
                pages.entry(page.clone()).or_default().evolve(recorded);
            } else {
                states.entry(stream.clone()).or_default().evolve(recorded);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_10_every_decision_is_made_again_from_the_log_alone_to_the_same_bytes() {
    let mut packs = BTreeSet::new();
    for seed in 100..104 {
        let (mut of_both, place) = (Vec::new(), embedded());
        for log in [place.log.clone() as Arc<dyn EventLog>, jetstream().await] {
            let past = Past::new(log.identity(), seed, 300, PacksOnTheWay::Change);
            past.keep(&*log).await;
            let made_again = made_again(&read(&*log).await);
            assert!(made_again.len() > 100, "{} decisions", made_again.len());
            for (decision, again) in &made_again {
                assert_eq!(decision.evaluator, VERSION);
                assert_eq!(decision_bytes(decision), decision_bytes(again), "{decision:?}\nagain {again:?}");
                packs.insert((decision.pack.name.clone(), decision.overrides.is_some()));
            }
            of_both.push(made_again.into_iter().map(|(decision, _)| decision_bytes(&decision)).collect::<Vec<_>>());
        }
        assert_eq!(of_both[0], of_both[1], "both adapters hold the same decisions");
    }
    assert!(packs.len() > 4, "only {packs:?} judged");
}
