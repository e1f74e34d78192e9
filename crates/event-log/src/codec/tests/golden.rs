//! One file of bytes a kind, as the version wrote them that first knew it.

mod first;

use super::record_of;
use crate::codec::{decode, encode};
use domain::event::InboundKind;
use std::path::PathBuf;

/// Every file, and what it must still mean.
fn all() -> Vec<(&'static str, InboundKind)> {
    first::kinds()
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.bin"))
}

#[test]
fn what_older_versions_wrote_means_what_it_meant() {
    let mut written = Vec::new();
    for (name, kind) in all() {
        let (file, record) = (file(name), record_of(kind));
        // A kind that has no file yet gets one; from then on only the file counts.
        if !file.exists() {
            std::fs::write(&file, encode(&record)).unwrap();
            written.push(name);
        }
        assert_eq!(decode(&std::fs::read(&file).unwrap()).unwrap(), record, "{name}");
    }
    assert!(written.is_empty(), "commit the files that were written just now: {written:?}");
}
