//! What is written is read back, and nothing else is.

mod rich;

use super::{Unreadable, decode, encode, read};
use domain::conversation::REDUCER;
use domain::id::{PageId, PersonKey, StreamId};
use event_log::Snapshot;
use proptest::prelude::*;
use rich::{fold, history, record, stream};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every fold there was: its number, and the digest of the state that it makes of the fixed history.
const FOLDS: [(u32, &str); 8] = [
    (1, "f3e6161c7bffd2ff6ca99dadf65046d8"),
    (2, "fcbdbde244f5ac04668fca3474013541"),
    (3, "d004d79d317b70fb3bdd489de629367c"),
    (5, "3eaf54df6108ad06990cc623a1aace0d"),
    (6, "167ae939ca37763a860bbbf95cab78f2"),
    (7, "06bb0a81852e7f16c7a715461a351732"),
    (8, "281e1db80dd235c15a5ae3c7ec407075"),
    (9, "fbcdec833bc48ecd31ac9927d67bf27e"),
];

const POSITION: u64 = 77;

fn snapshot(state: domain::conversation::Conversation) -> Snapshot {
    Snapshot { state: Arc::new(state), revision: POSITION, last: record(9) }
}

fn written() -> Vec<u8> {
    encode(&stream(), &snapshot(fold(&history()))).unwrap().state
}

#[test]
fn a_fold_that_makes_another_state_or_writes_it_otherwise_has_another_number() {
    let digest = hex::encode(&Sha256::digest(postcard::to_allocvec(&fold(&history())).unwrap())[..16]);
    let of_now = (REDUCER, digest.as_str());
    assert_eq!(FOLDS.last(), Some(&of_now), "raise `REDUCER`, and add this fold behind the others");
    assert!(FOLDS.is_sorted_by(|earlier, later| earlier.0 < later.0));
    assert_eq!(FOLDS.iter().map(|(_, digest)| digest).collect::<BTreeSet<_>>().len(), FOLDS.len());
}

#[test]
fn the_fixed_history_has_a_send_in_every_state() {
    let state = fold(&history());
    let statuses: Vec<_> = state.sends().map(|(_, send)| send.status.as_str()).collect();
    let expected = [
        "requested",
        "blocked",
        "accepted",
        "dispatched",
        "unknown",
        "sent",
        "rejected",
        "unresolved",
        "retrying",
        "unresolved",
        "unknown",
        "sent",
    ];
    assert_eq!(statuses, expected);
    assert_eq!(state.floor(), 1, "and one that has left it");
    assert!(state.erasure().is_some_and(|erasure| erasure.n_removed.is_some()));
}

#[test]
fn a_snapshot_of_another_stream_or_position_is_not_read() {
    let bytes = written();
    assert_eq!(decode(&stream(), POSITION, &bytes).unwrap(), snapshot(fold(&history())));
    let others = [("1002", [7; 16]), ("1001", [8; 16])]
        .map(|(page, person)| StreamId::Conversation(PageId::parse(page).unwrap(), PersonKey::from_bytes(person)));
    for stream in others {
        assert!(matches!(decode(&stream, POSITION, &bytes), Err(Unreadable::Altered)));
    }
    assert!(matches!(decode(&stream(), POSITION + 1, &bytes), Err(Unreadable::Altered)));
}

#[test]
fn ids_in_a_form_that_they_cannot_have_are_not_read() {
    let body = &written()[super::DIGEST_BYTES..];
    assert!(read(body).is_ok());
    let psid = body.windows(5).position(|window| window == b"24601").unwrap();
    let mut forged = body.to_vec();
    forged[psid] = b'/';
    assert!(matches!(read(&forged), Err(Unreadable::Form(_))));
    forged[psid] = b'2';
    forged.push(0);
    assert!(matches!(read(&forged), Err(Unreadable::Altered)));
}

proptest! {
    #[test]
    fn any_state_comes_back_from_its_bytes(picked in prop::collection::vec(any::<prop::sample::Index>(), 0..80)) {
        let history = history();
        let state = fold(picked.iter().map(|index| index.get(&history)));
        let row = encode(&stream(), &snapshot(state.clone())).unwrap();
        prop_assert_eq!(decode(&stream(), POSITION, &row.state).unwrap(), snapshot(state));
    }

    #[test]
    fn bytes_that_anything_happened_to_are_not_read(
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = written();
        let mut altered = bytes.clone();
        altered[at.index(bytes.len())] ^= change;
        prop_assert!(matches!(decode(&stream(), POSITION, &altered), Err(Unreadable::Altered)));
        let cut = &bytes[..cut.index(bytes.len())];
        prop_assert!(matches!(decode(&stream(), POSITION, cut), Err(Unreadable::Altered)));
        // Not even when the digest is of that very nonsense.
        prop_assert!(cut.get(super::DIGEST_BYTES..).is_none_or(|body| read(body).is_err()));
        // Without its digest it may be some state, and must be no panic.
        drop(read(&altered[super::DIGEST_BYTES..]));
    }

    #[test]
    fn foreign_bytes_are_no_snapshot_and_no_reason_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(matches!(decode(&stream(), POSITION, &bytes), Err(Unreadable::Altered)));
        drop(read(&bytes));
    }
}
