//! Of any number who want a lease, one has it at a time.

use crate::sandbox::{LOG, Sandbox, on_both};
use sql::{Acquired, Advance, Database, Lease, Noted, Skew, SqlError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

on_both!(
    a_lease_is_had_by_one_until_it_ends_or_is_given_back,
    a_lease_that_was_not_given_back_says_so_to_whoever_takes_it_next,
    epochs_only_grow,
    a_holder_notes_how_far_it_has_come_and_the_next_begins_anew,
    a_renewed_lease_lasts_on_and_an_ended_one_cannot_be_renewed,
    a_write_of_an_old_epoch_is_refused,
    nobody_takes_a_lease_while_its_holder_writes,
    two_holders_never_overlap,
    the_databases_clock_is_near_ours,
);

const NAME: &str = "page/1001";
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// This process's clock.
fn uptime() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

async fn take(database: &Database, owner: &str, term: Duration) -> Option<Lease> {
    match database.acquire(NAME, owner, term, uptime()).await.unwrap() {
        Acquired::Ours(lease) => Some(lease),
        Acquired::Taken => None,
    }
}

/// Asks until the lease is free.
async fn wait_for(database: &Database, owner: &str, term: Duration) -> Lease {
    testkit::eventually(PATIENCE, || take(database, owner, term)).await
}

async fn a_lease_is_had_by_one_until_it_ends_or_is_given_back(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    let first = take(database, "a", LONG).await.unwrap();
    assert!(first.is_held(uptime()) && first.name() == NAME);
    assert_eq!(take(database, "b", LONG).await, None);
    assert_eq!(take(database, "a", LONG).await, None);
    let other = database.acquire("page/1002", "b", LONG, uptime()).await.unwrap();
    assert!(matches!(other, Acquired::Ours(_)));
    database.release(first).await.unwrap();
    let second = take(database, "b", SHORT).await.unwrap();
    let third = wait_for(database, "c", LONG).await;
    assert!(!second.is_held(uptime()) && third.is_held(uptime()));
}

async fn a_holder_notes_how_far_it_has_come_and_the_next_begins_anew(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    let noted = || async { database.noted(NAME).await.unwrap() };
    assert_eq!(noted().await, Noted::Nobody);
    let first = take(database, "a", LONG).await.unwrap();
    assert_eq!(noted().await, Noted::At(0));
    assert!(matches!(database.note(&first, 7).await.unwrap(), Acquired::Ours(_)));
    assert_eq!(database.note(&first, 5).await.unwrap(), Acquired::Taken);
    assert_eq!(noted().await, Noted::At(7));
    database.release(first.clone()).await.unwrap();
    assert_eq!(noted().await, Noted::Nobody);
    let second = take(database, "b", SHORT).await.unwrap();
    assert_eq!(noted().await, Noted::At(0));
    assert_eq!(database.note(&first, 9).await.unwrap(), Acquired::Taken);
    testkit::eventually(PATIENCE, async || (noted().await == Noted::Nobody).then_some(())).await;
    assert_eq!(database.note(&second, 9).await.unwrap(), Acquired::Taken);
}

async fn a_lease_that_was_not_given_back_says_so_to_whoever_takes_it_next(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let short = Duration::from_millis(20);
    let first = take(&sandbox.database, "a", short).await.unwrap();
    assert!(!first.is_after_a_lapse(), "nobody had it before");
    let second = wait_for(&sandbox.database, "b", short * 100).await;
    assert!(second.is_after_a_lapse());
    sandbox.database.release(second).await.unwrap();
    assert!(!take(&sandbox.database, "c", short).await.unwrap().is_after_a_lapse());
}

async fn epochs_only_grow(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    let mut last = 0;
    for turn in 0..5 {
        let lease = wait_for(database, "a", SHORT).await;
        assert!(lease.epoch() > last);
        last = lease.epoch();
        if turn % 2 == 0 {
            database.release(lease).await.unwrap();
        }
    }
}

async fn a_renewed_lease_lasts_on_and_an_ended_one_cannot_be_renewed(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    let lease = take(database, "a", Duration::from_secs(5)).await.unwrap();
    let Acquired::Ours(renewed) = database.renew(&lease, LONG, uptime()).await.unwrap() else { panic!("it was held") };
    assert_eq!(renewed.epoch(), lease.epoch());
    assert!(renewed.left(uptime()) > lease.left(uptime()));
    database.release(renewed.clone()).await.unwrap();
    assert_eq!(database.renew(&renewed, LONG, uptime()).await.unwrap(), Acquired::Taken);
    // Somebody else's is not given back by a late release.
    let next = take(database, "b", LONG).await.unwrap();
    database.release(renewed).await.unwrap();
    assert_eq!(take(database, "c", LONG).await, None);
    assert!(matches!(database.renew(&next, LONG, uptime()).await.unwrap(), Acquired::Ours(_)));
}

async fn write(database: &Database, lease: &Lease, from: u64) -> Result<(), SqlError> {
    let mut transaction = database.begin().await?;
    transaction.hold(lease).await?;
    transaction.advance(Advance { name: "guarded", incarnation: LOG, shard: 0, from, to: from + 1 }).await?;
    transaction.commit().await
}

async fn a_write_of_an_old_epoch_is_refused(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    let old = take(database, "a", SHORT).await.unwrap();
    let new = wait_for(database, "b", LONG).await;
    let refused = write(database, &old, 0).await.unwrap_err();
    assert!(matches!(refused, SqlError::Superseded { .. }), "{refused}");
    write(database, &new, 0).await.unwrap();
    database.release(new.clone()).await.unwrap();
    assert!(matches!(write(database, &new, 1).await, Err(SqlError::Superseded { .. })));
    // The same owner's earlier lease is an old one too.
    let again = take(database, "b", LONG).await.unwrap();
    assert!(matches!(write(database, &new, 1).await, Err(SqlError::Superseded { .. })));
    write(database, &again, 1).await.unwrap();
}

async fn nobody_takes_a_lease_while_its_holder_writes(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    // Long enough to begin writing on a busy machine.
    let lease = take(&sandbox.database, "a", Duration::from_secs(2)).await.unwrap();
    let mut transaction = sandbox.database.begin().await.unwrap();
    transaction.hold(&lease).await.unwrap();
    let (database, another) = (sandbox.database.clone(), sandbox.another().await);
    let mut other = JoinSet::new();
    other.spawn(async move { wait_for(&another, "b", LONG).await });
    // The lease has ended by every clock, and still the writer is not overtaken.
    testkit::eventually(PATIENCE, async || (!lease.is_held(uptime())).then_some(())).await;
    let end = database.now().await.unwrap().as_millis() + 100;
    testkit::eventually(PATIENCE, async || (database.now().await.unwrap().as_millis() > end).then_some(())).await;
    assert!(other.try_join_next().is_none());
    transaction.advance(Advance { name: "guarded", incarnation: LOG, shard: 0, from: 0, to: 1 }).await.unwrap();
    transaction.commit().await.unwrap();
    let next = other.join_next().await.unwrap().unwrap();
    assert!(next.epoch() > lease.epoch());
}

/// From when until when a holder knew the lease to be its own, by the one clock of this process.
#[derive(Debug)]
struct Held {
    epoch: u64,
    from: Duration,
    until: Duration,
}

async fn two_holders_never_overlap(sandbox: Sandbox) {
    const TURNS: usize = 60;
    let sandbox = sandbox.migrated().await;
    let all = Arc::new(Mutex::new(Vec::new()));
    let mut holders = JoinSet::new();
    for number in 0..5 {
        let (database, all) = (sandbox.another().await, Arc::clone(&all));
        holders.spawn(async move {
            while all.lock().unwrap().len() < TURNS {
                let turn = number + all.lock().unwrap().len();
                if let Some(held) = hold(&database, &format!("holder {number}"), turn).await {
                    all.lock().unwrap().push(held);
                }
            }
        });
    }
    tokio::time::timeout(PATIENCE * 3, holders.join_all()).await.unwrap();
    let mut all = Arc::try_unwrap(all).unwrap().into_inner().unwrap();
    all.sort_by_key(|held| held.from);
    for pair in all.windows(2) {
        let [first, then] = pair else { unreachable!("windows are of two") };
        assert!(first.until <= then.from && first.epoch < then.epoch, "{first:?} overlaps {then:?}");
    }
}

/// Tries for a lease. Had, it is given back early, renewed, or died with, as the turn has it.
async fn hold(database: &Database, owner: &str, turn: usize) -> Option<Held> {
    let mut lease = take(database, owner, SHORT).await?;
    let from = uptime();
    // An answer that came too late is no lease.
    let mut until = from + Some(lease.left(from)).filter(|left| !left.is_zero())?;
    let epoch = lease.epoch();
    if turn % 3 == 1
        && let Acquired::Ours(renewed) = database.renew(&lease, SHORT, uptime()).await.unwrap()
    {
        lease = renewed;
        until = until.max(from + lease.left(from));
    }
    if turn % 3 == 2 {
        until = until.min(uptime());
        database.release(lease).await.unwrap();
    }
    Some(Held { epoch, from, until })
}

async fn the_databases_clock_is_near_ours(sandbox: Sandbox) {
    #[expect(clippy::disallowed_methods, reason = "this very clock is compared")]
    fn now() -> domain::time::Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        crate::sandbox::at(i64::try_from(since.as_millis()).unwrap())
    }
    let limit = domain::time::Span::from_millis(250);
    testkit::eventually(PATIENCE, async || {
        let asked = now();
        let database = sandbox.database.now().await.unwrap();
        let skew = Skew::between(asked, database, now());
        assert!(!skew.is_beyond(limit), "{skew:?}");
        skew.is_within(limit).then_some(())
    })
    .await;
}
