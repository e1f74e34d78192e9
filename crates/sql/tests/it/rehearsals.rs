//! Rehearsals are noted once, moved from state to state, and forgotten whole.

use crate::sandbox::{LOG, Sandbox, at, on_both, send, stream};
use sql::erasure::{Tombstone, bury};
use sql::rehearsals::{self, Asked, Part, Progress, Rehearsal, Sample, State, Step};
use sql::{Acquired, Database, SqlError};
use std::time::Duration;

on_both!(
    a_request_leads_to_one_rehearsal_of_its_log,
    a_rehearsal_moves_only_from_where_it_stands,
    a_part_is_kept_once_and_by_the_lease_holder_alone,
    what_was_erased_is_in_no_sample_before_or_after,
    what_ended_long_ago_is_forgotten_whole,
);

const LINEAGE: &str = "lineage";

async fn create(database: &Database, id: &str, request: &str, digest: &[u8]) -> Rehearsal {
    let asked = Asked {
        id,
        log: LINEAGE,
        request,
        request_digest: digest,
        spec: b"what is to be done",
        total: 70,
        now: at(100),
    };
    rehearsals::create(database, asked).await.unwrap()
}

async fn step(database: &Database, id: &str, from: [State; 2], to: State, now: i64) -> bool {
    rehearsals::step(database, id, Step { from, to, error: "", now: at(now) }).await.unwrap()
}

async fn a_request_leads_to_one_rehearsal_of_its_log(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let database = &sandbox.database;
    let first = create(database, "a", "r-1", &[1]).await;
    assert_eq!((first.id.as_str(), first.state, first.progress.total), ("a", State::Pending, 70));
    assert_eq!(create(database, "b", "r-1", &[2]).await, first);
    let second = create(database, "c", "r-2", &[1]).await;
    assert_eq!(rehearsals::get(database, LINEAGE, "c").await.unwrap(), Some(second.clone()));
    assert_eq!(rehearsals::get(database, "another", "c").await.unwrap(), None);
    assert_eq!(rehearsals::list(database, LINEAGE, "", 9).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(rehearsals::list(database, LINEAGE, "c", 9).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(rehearsals::open(database, LINEAGE).await.unwrap(), [first, second]);
    assert_eq!(rehearsals::open(database, "another").await.unwrap(), []);
}

async fn a_rehearsal_moves_only_from_where_it_stands(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let database = &sandbox.database;
    create(database, "a", "r-1", &[1]).await;
    let progress = Progress { passed: 7, total: 70, sends: 3 };
    assert!(!rehearsals::note(database, "a", progress, at(150)).await.unwrap(), "nobody works on it yet");
    assert!(step(database, "a", [State::Pending, State::Running], State::Running, 200).await);
    assert!(rehearsals::note(database, "a", progress, at(250)).await.unwrap());
    assert!(step(database, "a", [State::Pending, State::Running], State::Cancelled, 300).await);
    assert!(!step(database, "a", [State::Running; 2], State::Succeeded, 400).await, "it was cancelled");
    let row = rehearsals::get(database, LINEAGE, "a").await.unwrap().unwrap();
    assert_eq!((row.state, row.ended_at, row.progress), (State::Cancelled, Some(at(300)), progress));
    assert!(step(database, "a", [State::Cancelled, State::Failed], State::Pending, 500).await);
    assert_eq!(rehearsals::open(database, LINEAGE).await.unwrap()[0].ended_at, None);
}

fn sample(number: u8, position: u64) -> Sample {
    Sample { send: send(u64::from(number)).to_string(), stream: stream(number), position, sample: vec![number] }
}

async fn keep(sandbox: &Sandbox, part: u16, samples: &[Sample]) {
    let part = Part { number: part, counts: vec![7] };
    let kept = sandbox.store(async |to| rehearsals::keep(to, ("a", LOG), &part, samples).await);
    kept.await.unwrap();
}

async fn a_part_is_kept_once_and_by_the_lease_holder_alone(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let database = &sandbox.database;
    let (term, asked) = (Duration::from_secs(60), Duration::ZERO);
    let Acquired::Ours(lease) = database.acquire("rehearsal/a", "one", term, asked).await.unwrap() else {
        panic!("nobody has it");
    };
    let part = Part { number: 3, counts: vec![7] };
    let write = async |samples: &[Sample]| {
        sandbox
            .store(async |to| {
                to.hold(&lease).await?;
                rehearsals::keep(to, ("a", LOG), &part, samples).await
            })
            .await
    };
    write(&[sample(1, 5), sample(2, 6)]).await.unwrap();
    write(&[sample(3, 5)]).await.unwrap();
    assert_eq!(rehearsals::parts(database, "a").await.unwrap(), std::slice::from_ref(&part));
    assert_eq!(rehearsals::samples(database, "a").await.unwrap(), [sample(1, 5), sample(2, 6)]);
    database.release(lease.clone()).await.unwrap();
    assert!(matches!(write(&[]).await, Err(SqlError::Superseded { .. })));
}

async fn what_was_erased_is_in_no_sample_before_or_after(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let database = &sandbox.database;
    keep(&sandbox, 1, &[sample(1, 5), sample(2, 6)]).await;
    let erased = stream(1);
    bury(database, Tombstone { stream: &erased, incarnation: LOG, position: 9 }).await.unwrap();
    assert_eq!(rehearsals::samples(database, "a").await.unwrap(), [sample(2, 6)]);
    // What was known before the tombstone comes too late; what comes after it is of a new beginning.
    keep(&sandbox, 2, &[sample(1, 8)]).await;
    assert_eq!(rehearsals::samples(database, "a").await.unwrap(), [sample(2, 6)]);
    keep(&sandbox, 3, &[sample(1, 10)]).await;
    assert_eq!(rehearsals::samples(database, "a").await.unwrap(), [sample(1, 10), sample(2, 6)]);
}

async fn what_ended_long_ago_is_forgotten_whole(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let database = &sandbox.database;
    create(database, "a", "r-1", &[1]).await;
    create(database, "b", "r-2", &[1]).await;
    keep(&sandbox, 1, &[sample(1, 5)]).await;
    assert!(step(database, "a", [State::Pending, State::Running], State::Cancelled, 300).await);
    rehearsals::forget(database, at(300)).await.unwrap();
    assert_eq!(rehearsals::parts(database, "a").await.unwrap().len(), 1, "it ended at that very moment");
    rehearsals::forget(database, at(301)).await.unwrap();
    assert_eq!(rehearsals::get(database, LINEAGE, "a").await.unwrap(), None);
    assert_eq!(rehearsals::parts(database, "a").await.unwrap(), []);
    assert_eq!(rehearsals::samples(database, "a").await.unwrap(), []);
    assert_eq!(rehearsals::list(database, LINEAGE, "", 9).await.unwrap().len(), 1);
}
