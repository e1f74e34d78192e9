//! A record that cannot be read: whoever decides by the log stops at it, and whoever only looks passes over it.

use crate::samples::{conversation, record};
use crate::suite::{DEADLINE, add, follow_all};
use crate::{jetstream, sqlite};
use async_nats::jetstream as nats;
use bytes::Bytes;
use domain::id::{Kind, StreamId};
use event_log::jetstream::JetStreamLog;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{
    Checkpoint, EventLog, Expected, Filter, Followed, LogError, Stored, Undecodable, Unreadable, encode, partition_of,
};
use tokio::time::timeout;

/// Follows all, and answers what was heard up to the end that there was.
async fn look(log: &dyn EventLog) -> (Vec<Stored>, Vec<Unreadable>) {
    let mut follower = follow_all(log).await;
    let (mut records, mut unreadable) = (Vec::new(), Vec::new());
    loop {
        let next = timeout(DEADLINE, follower.next_or_unreadable()).await.expect("a follower is never silent");
        match next.unwrap() {
            Err(found) => unreadable.push(*found),
            Ok(Followed::Record(stored)) => records.push(*stored),
            Ok(Followed::Checkpoint(_)) => (),
            Ok(Followed::CaughtUp(reached)) => {
                assert_eq!(reached, log.head().await.unwrap());
                return (records, unreadable);
            }
        }
    }
}

/// Follows all until that ends, and answers the records before.
async fn follow_until_broken(log: &dyn EventLog) -> Vec<Stored> {
    let mut follower = follow_all(log).await;
    let mut records = Vec::new();
    loop {
        match timeout(DEADLINE, follower.next()).await.expect("a follower is never silent") {
            Ok(Followed::Record(stored)) => records.push(*stored),
            Ok(Followed::Checkpoint(_) | Followed::CaughtUp(_)) => (),
            Err(error) => {
                assert!(matches!(error, LogError::Broken(_)), "{error:?}");
                break;
            }
        }
    }
    for _ in 0..2 {
        assert!(matches!(follower.next().await, Err(LogError::Unavailable(_))));
    }
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_embedded_log_everything_else_is_heard_by_those_who_look_and_nothing_behind_it_by_others() {
    let sqlite::Made { log, folder } = sqlite::make().await;
    let first = add(&log, &conversation(1), "x").await;
    let damaged = add(&log, &conversation(2), "y").await;
    let last = add(&log, &conversation(3), "z").await;
    drop(log);
    let path = folder.path().join("log.sqlite");
    let file = rusqlite::Connection::open(&path).unwrap();
    let bytes = [&damaged.bytes[..], b"\xff"].concat();
    let update = "UPDATE records SET body = ?1 WHERE position = ?2";
    file.execute(update, rusqlite::params![bytes, damaged.position.cast_signed()]).unwrap();
    drop(file);

    let log = SqliteLog::open(&path, Config::default()).unwrap();
    let (heard, unreadable) = look(&log).await;
    assert_eq!(heard, [first.clone(), last]);
    let [Unreadable { shard: 0, position, stream, bytes: found, source }] = &unreadable[..] else {
        panic!("{unreadable:?}")
    };
    assert_eq!((*position, stream, &found[..]), (damaged.position, &Some(conversation(2)), &bytes[..]));
    assert!(matches!(source, Undecodable::Protobuf(_)));

    assert_eq!(follow_until_broken(&log).await, std::slice::from_ref(&first));
    // Nobody is kept from writing on, and others are read.
    log.append(&record(&conversation(1), "more"), Expected::At(first.position)).await.unwrap();
    assert!(matches!(log.read(&conversation(2), 0).await, Err(LogError::Broken(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_name_in_the_embedded_log_ends_every_part_in_the_same_way() {
    let sqlite::Made { log, folder } = sqlite::make().await;
    let damaged = add(&log, &conversation(1), "x").await;
    drop(log);
    let path = folder.path().join("log.sqlite");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute("UPDATE records SET stream = 'none' WHERE position = ?1", [damaged.position.cast_signed()]).unwrap();
    drop(file);
    let log = SqliteLog::open(&path, Config::default()).unwrap();
    let filter = Filter { kinds: vec![Kind::Conversation], ..Filter::default() };
    let all = log.identity().partitions();
    let parts = vec![(0..all / 2).collect(), (all / 2..all).collect()];
    for mut follower in log.follow_parts(filter, parts, Checkpoint::beginning()).await.unwrap() {
        let ended = timeout(DEADLINE, follower.next()).await.expect("a follower is never silent");
        assert!(matches!(ended, Err(LogError::Broken(_))), "{ended:?}");
    }
}

/// Puts bytes where a stream's next record would stand.
async fn publish(config: &event_log::jetstream::Config, stream: &StreamId, bytes: Bytes) {
    let server = nats::new(async_nats::connect(&config.url).await.unwrap());
    let name = stream.to_string().replace('/', ".");
    let subject = format!("{}.{}.{name}", config.subject, partition_of(stream));
    server.publish(subject, bytes).await.unwrap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_log_on_jetstream_everything_else_is_heard_by_those_who_look_and_nothing_behind_it_by_others() {
    let config = event_log::jetstream::Config { shards: 1, ..jetstream::fresh(&testkit::nats().url()) };
    let log = JetStreamLog::open(config.clone()).await.unwrap();
    let first = add(&log, &conversation(1), "x").await;
    publish(&config, &conversation(2), Bytes::from_static(b"\xff")).await;
    let misplaced = encode(&record(&conversation(1), "y"));
    publish(&config, &conversation(3), misplaced.clone().into()).await;
    let last = add(&log, &conversation(4), "z").await;

    let (heard, unreadable) = look(&log).await;
    assert_eq!(heard, [first.clone(), last]);
    let told = unreadable.iter().map(|one| (one.shard, one.position, one.stream.clone())).collect::<Vec<_>>();
    assert_eq!(told, [(0, 2, Some(conversation(2))), (0, 3, Some(conversation(3)))]);
    assert!(matches!(unreadable[0].source, Undecodable::Protobuf(_)));
    assert!(matches!(unreadable[1].source, Undecodable::Misplaced));
    assert_eq!(unreadable[1].bytes, misplaced);

    assert_eq!(follow_until_broken(&log).await, [first]);
    assert!(matches!(log.read(&conversation(3), 0).await, Err(LogError::Broken(_))));
}
