//! A database that goes away: every error says whether something was stored, and nothing stored is lost.

use crate::sandbox::{LOG, options, record, stream};
use secrecy::SecretString;
use sql::history::{self, NewEntry};
use sql::{Acquired, Advance, Database, OpenError, Options, SqlError};
use std::time::Duration;
use testkit::{Postgres, eventually};

const PATIENCE: Duration = Duration::from_secs(20);

async fn keep(database: &Database, position: u64) -> Result<(), SqlError> {
    let stream = stream(1);
    let entry = NewEntry { stream: &stream, position, shard: 0, record: record(position), body: b"body" };
    let mut transaction = database.begin().await?;
    history::insert(&mut transaction, LOG, entry).await?;
    let step = Advance { name: "history", incarnation: LOG, shard: 0, from: position - 1, to: position };
    transaction.advance(step).await?;
    transaction.commit().await
}

/// The last position that the checkpoint counts, and how many rows there are.
async fn stands(database: &Database) -> Option<(u64, usize)> {
    let reached = database.reached("history").await.ok()?.map_or(0, |reached| reached.positions[&0]);
    let kept = history::read(database, LOG, &stream(1), 0).await.ok()?;
    Some((reached, kept.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgresql_loses_nothing_that_was_answered_and_is_found_again() {
    let mut server = Postgres::start();
    let url = SecretString::from(server.database());
    let database = Database::open(&url, &options()).await.unwrap();
    database.migrate().await.unwrap();
    keep(&database, 1).await.unwrap();

    let mut open = database.begin().await.unwrap();
    let stream = stream(1);
    let entry = NewEntry { stream: &stream, position: 2, shard: 0, record: record(2), body: b"body" };
    history::insert(&mut open, LOG, entry).await.unwrap();
    server.kill();
    let unknown = open.commit().await.unwrap_err();
    assert!(matches!(unknown, SqlError::Unknown(_)), "{unknown:?}");
    let unavailable = keep(&database, 2).await.unwrap_err();
    assert!(matches!(unavailable, SqlError::Unavailable(_)), "{unavailable:?}");
    let refused = Database::open(&url, &options()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unavailable(_)), "{refused:?}");

    server.restart();
    assert_eq!(eventually(PATIENCE, || stands(&database)).await, (1, 1));
    keep(&database, 2).await.unwrap();
    assert_eq!(stands(&database).await, Some((2, 2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_survives_a_killed_postgresql_and_its_epoch_goes_on() {
    let mut server = Postgres::start();
    let database = Database::open(&SecretString::from(server.database()), &options()).await.unwrap();
    database.migrate().await.unwrap();
    let term = Duration::from_secs(600);
    let Acquired::Ours(lease) = database.acquire("x", "a", term, Duration::ZERO).await.unwrap() else {
        panic!("nobody else has it")
    };
    server.kill();
    // It is known that nothing was stored, since there was nobody to say it to.
    assert!(matches!(database.renew(&lease, term, Duration::ZERO).await, Err(SqlError::Unavailable(_))));
    server.restart();
    let other = async || database.acquire("x", "b", term, Duration::ZERO).await.ok();
    assert_eq!(eventually(PATIENCE, other).await, Acquired::Taken);
    database.release(lease.clone()).await.unwrap();
    let Acquired::Ours(next) = database.acquire("x", "b", term, Duration::ZERO).await.unwrap() else {
        panic!("it was given back")
    };
    assert!(next.epoch() > lease.epoch());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_a_defect_and_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("tables.sqlite").display());
    for url in [sqlite, testkit::postgres().database()] {
        let database = Database::open(&SecretString::from(url), &options()).await.unwrap();
        assert!(matches!(keep(&database, 1).await, Err(SqlError::Broken(_))));
        assert!(matches!(database.reached("x").await, Err(SqlError::Broken(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_begin_that_was_given_up_leaves_no_transaction_behind() {
    let url = SecretString::from(testkit::postgres().database());
    let database = Database::open(&url, &Options { max_connections: 1, ..options() }).await.unwrap();
    database.migrate().await.unwrap();
    let another = Database::open(&url, &options()).await.unwrap();
    for turn in 0..60_u64 {
        let given_up = Duration::from_micros(turn * 20);
        drop(tokio::time::timeout(given_up, database.begin()).await);
        let name = format!("turn {turn}");
        let lease = database.acquire(&name, "a", PATIENCE, Duration::ZERO).await.unwrap();
        assert!(matches!(lease, Acquired::Ours(_)));
        // What was answered is seen by others, so it did not end in somebody's forgotten transaction.
        let seen = another.acquire(&name, "b", PATIENCE, Duration::ZERO);
        let seen = tokio::time::timeout(Duration::from_secs(3), seen).await.expect("nobody holds the row").unwrap();
        assert_eq!(seen, Acquired::Taken, "in turn {turn}");
    }
}
