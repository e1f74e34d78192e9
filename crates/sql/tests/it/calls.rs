//! What processes used of a Page's quotas adds up, however often each says it.

use crate::sandbox::{Sandbox, at, on_both, page};
use sql::calls::{self, Count, Kind};

on_both!(what_is_told_twice_counts_once_and_processes_add_up, what_is_long_past_is_forgotten_by_its_kind,);

fn count(page_id: u64, kind: Kind, bucket_ms: i64, n: u64) -> Count {
    Count { page: page(page_id), kind, bucket: at(bucket_ms), n }
}

async fn seen_by(sandbox: &Sandbox, process: &str, from: (i64, i64)) -> Vec<Count> {
    calls::of_others(&sandbox.database, &page(1001), process, (at(from.0), at(from.1))).await.unwrap()
}

async fn what_is_told_twice_counts_once_and_processes_add_up(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let put = async |process, counts: &[Count]| calls::put(&sandbox.database, process, counts).await.unwrap();
    put("a", &[count(1001, Kind::Call, 0, 3), count(1001, Kind::Call, 600, 1), count(1002, Kind::Call, 0, 9)]).await;
    put("a", &[count(1001, Kind::Call, 0, 3)]).await;
    put("b", &[count(1001, Kind::Call, 0, 4), count(1001, Kind::Reply, 60, 2)]).await;
    put("a", &[count(1001, Kind::Call, 0, 5)]).await;
    let (first, second, reply) =
        (count(1001, Kind::Call, 0, 9), count(1001, Kind::Call, 600, 1), count(1001, Kind::Reply, 60, 2));
    assert_eq!(seen_by(&sandbox, "c", (0, 0)).await, [first, second.clone(), reply.clone()]);
    assert_eq!(seen_by(&sandbox, "a", (0, 0)).await, [count(1001, Kind::Call, 0, 4), reply]);
    assert_eq!(seen_by(&sandbox, "b", (1, 61)).await, [second]);
}

async fn what_is_long_past_is_forgotten_by_its_kind(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let rows = [(1001, Kind::Call, 10), (1001, Kind::Call, 20), (1001, Kind::Reply, 10)];
    let rows = rows.map(|(page, kind, bucket_ms)| count(page, kind, bucket_ms, 1));
    calls::put(&sandbox.database, "a", &rows).await.unwrap();
    calls::forget(&sandbox.database, Kind::Call, at(20)).await.unwrap();
    assert_eq!(seen_by(&sandbox, "b", (0, 0)).await, rows[1..]);
    calls::forget(&sandbox.database, Kind::Reply, at(11)).await.unwrap();
    assert_eq!(seen_by(&sandbox, "b", (0, 0)).await, rows[1..2]);
}
