//! Following the log.

use crate::samples::{conversation, ids, on_page, one_of_each_kind, page, record};
use crate::suite::{add, follow_all, next, next_record, until_caught_up};
use domain::id::{Kind, StreamId};
use event_log::{Checkpoint, EventLog, Expected, Filter, Followed, LogError, Pages, Stored, partition_of};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// Records by stream, in the order in which they were heard.
fn by_stream(records: &[Stored]) -> HashMap<StreamId, Vec<Stored>> {
    let mut streams: HashMap<_, Vec<_>> = HashMap::new();
    for stored in records {
        streams.entry(stored.record.stream.clone()).or_default().push(stored.clone());
    }
    streams
}

pub(crate) async fn a_follower_hears_what_is_there_then_that_it_has_caught_up_then_what_comes(log: &dyn EventLog) {
    let mut wanted = Vec::new();
    for number in 0..20 {
        wanted.push(add(log, &conversation(number % 5), "x").await);
    }
    let mut follower = follow_all(log).await;
    let (heard, checkpoint) = until_caught_up(&mut follower).await;
    assert_eq!(by_stream(&heard), by_stream(&wanted));
    assert_eq!(checkpoint, log.head().await.unwrap());
    for number in 0..10 {
        let stored = add(log, &conversation(number), "y").await;
        assert_eq!(next_record(&mut follower).await, stored);
    }
}

pub(crate) async fn following_from_a_checkpoint_gives_exactly_the_rest(log: &dyn EventLog) {
    for number in 0..20 {
        add(log, &conversation(number), "x").await;
    }
    let (_, checkpoint) = until_caught_up(&mut follow_all(log).await).await;
    let read_back = Checkpoint::parse(&checkpoint.to_string()).unwrap();
    let mut wanted = Vec::new();
    for number in 0..20 {
        wanted.push(add(log, &conversation(number), "y").await);
    }
    let mut follower = log.follow(Filter::default(), read_back).await.unwrap();
    let (heard, end) = until_caught_up(&mut follower).await;
    assert_eq!(by_stream(&heard), by_stream(&wanted));
    let mut follower = log.follow(Filter::default(), end.clone()).await.unwrap();
    assert_eq!(until_caught_up(&mut follower).await, (vec![], end));
}

pub(crate) async fn checkpoints_come_within_a_second_when_nothing_matches(log: &dyn EventLog) {
    let filter = Filter { kinds: vec![Kind::Page], ..Filter::default() };
    let mut follower = log.follow(filter, Checkpoint::beginning()).await.unwrap();
    assert_eq!(until_caught_up(&mut follower).await.0, []);
    for number in 0..3 {
        for person in 0..8 {
            add(log, &conversation(number * 8 + person), "x").await;
        }
        let head = log.head().await.unwrap();
        let begun = Instant::now();
        loop {
            let heard_at = Instant::now();
            match next(&mut follower).await {
                Followed::Checkpoint(checkpoint) if checkpoint == head => break,
                Followed::Checkpoint(_) => assert!(heard_at.elapsed() < Duration::from_secs(1)),
                other @ (Followed::Record(_) | Followed::CaughtUp(_)) => panic!("{other:?}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(3), "the checkpoint does not move on");
        }
    }
}

pub(crate) async fn a_follower_hears_what_its_filter_wants_and_nothing_else(log: &dyn EventLog) {
    let mut streams = one_of_each_kind();
    streams.extend((0..6).map(|number| on_page(number % 3, number)));
    for stream in streams.iter().chain(&streams) {
        add(log, stream, "x").await;
    }
    let of_kind = |kinds: &[Kind]| Filter { kinds: kinds.to_vec(), ..Filter::default() };
    let of_page = |number| Filter { pages: Pages::One(page(number)), ..Filter::default() };
    let filters = [
        Filter::default(),
        of_kind(&[Kind::Conversation]),
        of_kind(&[Kind::Page, Kind::Quarantine]),
        of_page(7),
        of_page(2),
        of_page(9),
        Filter { kinds: vec![Kind::Conversation, Kind::Optin], ..of_page(7) },
        Filter { kinds: vec![Kind::Quarantine], ..of_page(7) },
        Filter { partitions: vec![partition_of(&streams[0]), partition_of(&streams[5])], ..Filter::default() },
        Filter { partitions: vec![partition_of(&streams[0])], ..of_kind(&[Kind::Page]) },
    ];
    for filter in filters {
        let mut follower = log.follow(filter.clone(), Checkpoint::beginning()).await.unwrap();
        let (heard, checkpoint) = until_caught_up(&mut follower).await;
        assert_eq!(checkpoint, log.head().await.unwrap());
        let wanted = streams.iter().filter(|stream| filter.matches(stream, partition_of(stream)));
        let heard = by_stream(&heard);
        assert_eq!(heard.len(), wanted.clone().count(), "{filter:?}");
        for stream in wanted {
            assert_eq!(heard[stream].len(), 2, "{filter:?}");
        }
    }
}

pub(crate) async fn each_part_hears_what_stands_in_its_partitions_and_nothing_else(log: &dyn EventLog) {
    let mut streams = one_of_each_kind();
    streams.extend((0..20).map(conversation));
    let before: Vec<_> = join_all(streams.iter().map(|stream| add(log, stream, "x"))).await;
    let filter = Filter { kinds: vec![Kind::Conversation, Kind::Page], partitions: vec![1], ..Filter::default() };
    // One partition and the last are nobody's.
    let last = log.identity().partitions() - 1;
    let parts: Vec<Vec<u16>> = vec![(0..20).collect(), (20..21).collect(), (22..last).collect()];
    let mut followers = log.follow_parts(filter.clone(), parts.clone(), Checkpoint::beginning()).await.unwrap();
    assert_eq!(followers.len(), parts.len());
    let matching = |all: &[Stored], partitions: &[u16]| {
        let filter = Filter { partitions: partitions.to_vec(), ..filter.clone() };
        let is_wanted = |stored: &&Stored| filter.matches(&stored.record.stream, partition_of(&stored.record.stream));
        by_stream(&all.iter().filter(is_wanted).cloned().collect::<Vec<_>>())
    };
    let head = log.head().await.unwrap();
    for (follower, part) in followers.iter_mut().zip(&parts) {
        let (heard, checkpoint) = until_caught_up(follower).await;
        assert_eq!((by_stream(&heard), checkpoint), (matching(&before, part), head.clone()));
    }
    // One that nobody listens to any more keeps nothing from the others.
    drop(followers.remove(0));
    let after: Vec<_> = join_all(streams.iter().map(|stream| add(log, stream, "y"))).await;
    for (follower, part) in followers.iter_mut().zip(&parts[1..]) {
        let wanted = matching(&after, part);
        let mut heard = Vec::new();
        while heard.len() < wanted.values().map(Vec::len).sum() {
            heard.push(next_record(follower).await);
        }
        assert_eq!(by_stream(&heard), wanted);
    }
}

pub(crate) async fn of_parts_that_are_heard_side_by_side_none_misses_anything(log: &dyn EventLog) {
    let streams: Vec<_> = (0..40).map(conversation).collect();
    let records: Vec<_> = (0..6_000).map(|number| record(&streams[number % 40], "x")).collect();
    log.append_all(&records).await.unwrap();
    let parts: Vec<Vec<u16>> = vec![(0..8).collect(), (8..40).collect(), (40..log.identity().partitions()).collect()];
    let followers = log.follow_parts(Filter::default(), parts, Checkpoint::beginning()).await.unwrap();
    let listening = followers.into_iter().map(async |mut follower| until_caught_up(&mut follower).await.0);
    let heard = join_all(listening).await.concat();
    assert_eq!(heard.len(), records.len());
    for (stream, heard) in by_stream(&heard) {
        assert_eq!(ids(&heard), ids(&log.read(&stream, 0).await.unwrap()));
    }
}

pub(crate) async fn a_checkpoint_of_another_log_is_refused(log: &dyn EventLog) {
    let foreign = Checkpoint { incarnation: "another".to_owned(), positions: vec![0] };
    let refused = log.follow(Filter::default(), foreign).await;
    assert!(matches!(refused, Err(LogError::Broken(_))), "{refused:?}");
}

pub(crate) async fn a_checkpoint_ahead_of_the_log_is_refused(log: &dyn EventLog) {
    let stored = add(log, &conversation(1), "x").await;
    let mut ahead = log.head().await.unwrap();
    ahead.advance(stored.shard, stored.position + 1);
    let refused = log.follow(Filter::default(), ahead).await;
    assert!(matches!(refused, Err(LogError::Broken(_))), "{refused:?}");
}

pub(crate) async fn a_follower_hears_every_stream_in_order_while_many_append(log: &dyn EventLog) {
    let streams: Vec<_> = (0..8).map(conversation).collect();
    let records: Vec<_> = (0..800).map(|number| record(&streams[number % 8], "x")).collect();
    let append = async {
        let appends = futures_util::stream::iter(&records).map(|record| log.append(record, Expected::Any));
        appends.buffered(32).for_each(async |answer| assert!(answer.is_ok(), "{answer:?}")).await;
    };
    let listen = async {
        let mut follower = follow_all(log).await;
        let mut heard = Vec::new();
        while heard.len() < records.len() {
            heard.push(next_record(&mut follower).await);
        }
        heard
    };
    let ((), heard) = tokio::join!(append, listen);
    for (stream, heard) in by_stream(&heard) {
        assert_eq!(ids(&heard), ids(&log.read(&stream, 0).await.unwrap()));
    }
}
