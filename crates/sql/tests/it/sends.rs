//! Every send is found again by what its caller called it, and the table says how far it has come.

use crate::sandbox::{LOG, Sandbox, on_both, send, stream};
use sql::sends::{self, Asked, Digest, Found, Known, Wanted};
use sql::{Advance, Derived};

on_both!(
    many_sends_at_once_take_the_places_that_each_alone_would,
    a_send_is_found_by_its_request_its_id_and_its_key,
    of_one_key_the_latest_send_is_found,
    a_table_of_another_log_has_reached_nothing,
    an_erased_stream_begins_anew,
    a_dropped_table_has_reached_nothing,
);

const NO_REQUEST: Digest = [99; 16];

/// A send of stream 1 whose request has its number.
async fn ask(sandbox: &Sandbox, number: u8, key: Option<u8>) {
    let (send, stream, key) = (send(number.into()), stream(1), key.map(|key| [key; 16]));
    let position = u64::from(number) * 10;
    let asked = Asked { send: &send, stream: &stream, request: [number; 16], key, position };
    sandbox.store(async |it| sends::put(it, &[asked]).await).await.unwrap();
}

async fn begun(sandbox: Sandbox) -> Sandbox {
    let sandbox = sandbox.migrated().await;
    let step = Advance { name: Derived::Outbox.name(), incarnation: LOG, shard: 0, from: 0, to: 1 };
    sandbox.store(async |it| it.advance(step).await).await.unwrap();
    sandbox
}

async fn look(sandbox: &Sandbox, request: Digest, number: u64, key: Option<u8>) -> Found {
    let (send, stream) = (send(number), stream(1));
    let wanted = Wanted { stream: &stream, request, send: &send, key: key.map(|key| [key; 16]) };
    sends::look(&sandbox.database, LOG, wanted).await.unwrap()
}

async fn a_send_is_found_by_its_request_its_id_and_its_key(sandbox: Sandbox) {
    let sandbox = begun(sandbox).await;
    assert_eq!(look(&sandbox, [1; 16], 1, None).await, Found::default());
    for number in 1..=3 {
        ask(&sandbox, number, (number == 2).then_some(7)).await;
    }
    let found = |same: Option<u64>, key: Option<u64>| Found { reached: 3, same: same.map(send), of_key: key.map(send) };
    assert_eq!(look(&sandbox, [2; 16], 9, None).await, found(Some(2), None));
    assert_eq!(look(&sandbox, NO_REQUEST, 3, Some(7)).await, found(Some(3), Some(2)));
    assert_eq!(look(&sandbox, [1; 16], 3, Some(8)).await, found(Some(1), None));
    assert_eq!(look(&sandbox, NO_REQUEST, 9, None).await, found(None, None));
    for (number, position) in [(3, Some(30)), (9, None)] {
        let known = sends::position(&sandbox.database, LOG, &stream(1), &send(number)).await.unwrap();
        assert_eq!(known, Known { reached: 3, position });
    }
    // What is asked for again is one request more, and the same send.
    ask(&sandbox, 1, None).await;
    assert_eq!(look(&sandbox, [1; 16], 9, None).await, Found { reached: 4, ..found(Some(1), None) });
}

async fn of_one_key_the_latest_send_is_found(sandbox: Sandbox) {
    let sandbox = begun(sandbox).await;
    for number in 1..=4 {
        ask(&sandbox, number, Some(number % 2)).await;
    }
    assert_eq!(look(&sandbox, NO_REQUEST, 9, Some(1)).await.of_key, Some(send(3)));
    assert_eq!(look(&sandbox, NO_REQUEST, 9, Some(0)).await.of_key, Some(send(4)));
}

async fn a_table_of_another_log_has_reached_nothing(sandbox: Sandbox) {
    let sandbox = begun(sandbox).await;
    ask(&sandbox, 1, None).await;
    let (send, stream) = (send(1), stream(1));
    let wanted = Wanted { stream: &stream, request: [1; 16], send: &send, key: None };
    assert_eq!(sends::look(&sandbox.database, "another", wanted).await.unwrap(), Found::default());
    assert_eq!(sends::position(&sandbox.database, "another", &stream, &send).await.unwrap(), Known::default());
}

async fn an_erased_stream_begins_anew(sandbox: Sandbox) {
    let sandbox = begun(sandbox).await;
    ask(&sandbox, 1, Some(7)).await;
    sandbox.store(async |it| sends::remove_stream(it, &stream(1)).await).await.unwrap();
    assert_eq!(look(&sandbox, [1; 16], 1, Some(7)).await, Found::default());
    ask(&sandbox, 2, None).await;
    assert_eq!(look(&sandbox, NO_REQUEST, 9, None).await.reached, 1);
}

async fn a_dropped_table_has_reached_nothing(sandbox: Sandbox) {
    let sandbox = begun(sandbox).await;
    ask(&sandbox, 1, None).await;
    sandbox.database.drop_derived(Derived::Outbox).await.unwrap();
    assert_eq!(look(&sandbox, [1; 16], 1, None).await, Found::default());
    let known = sends::position(&sandbox.database, LOG, &stream(1), &send(1)).await.unwrap();
    assert_eq!(known, Known::default());
}

async fn many_sends_at_once_take_the_places_that_each_alone_would(sandbox: Sandbox) {
    let sandbox = begun(sandbox).await;
    let ids: Vec<_> = (1..=300).map(send).collect();
    let streams = [stream(1), stream(2)];
    let mut asked: Vec<_> = (0_u8..=255)
        .cycle()
        .zip(&ids)
        .map(|(n, send)| {
            let of = usize::from(n.is_multiple_of(3));
            Asked { send, stream: &streams[of], request: [n; 16], key: None, position: u64::from(n) }
        })
        .collect();
    // Asked for again, it takes the last place of its stream.
    asked.push(asked[1]);
    sandbox.store(async |it| sends::put(it, &asked).await).await.unwrap();
    for stream in &streams {
        let n_of = asked.iter().filter(|asked| asked.stream == stream).count() as u64;
        let known = sends::position(&sandbox.database, LOG, stream, &ids[1]).await.unwrap();
        assert_eq!(known.reached, n_of);
    }
}
