//! Snapshots as bytes: the state as `postcard` writes it, behind a digest of everything that says what it is.
//!
//! The form is not kept over versions: whatever changes it raises `REDUCER`, and rows of other reducers are not read.

#[cfg(test)]
mod tests;

use domain::conversation::{Conversation, REDUCER};
use domain::id::{RecordId, StreamId};
use event_log::Snapshot;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sql::snapshots;
use std::sync::Arc;

/// How many bytes of the digest are kept: enough against accidents. Whoever writes into the tables on purpose needs no
/// accident.
const DIGEST_BYTES: usize = 8;

/// The state cannot be written, which no state is known to do.
#[derive(Debug, thiserror::Error)]
#[error("a state cannot be written as bytes")]
pub(crate) struct Unwritable(#[source] postcard::Error);

/// Bytes that are no snapshot of this stream at this position.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Damaged, cut short, or of another stream, position or version.
    #[error("the bytes are not what was written here")]
    Altered,
    /// Written by a fold that differs from this one and has the same number.
    #[error("the bytes are no state of this version")]
    Form(#[source] postcard::Error),
}

#[derive(Serialize)]
struct Written<'a> {
    last: RecordId,
    state: &'a Conversation,
}

#[derive(Deserialize)]
struct Read {
    last: RecordId,
    state: Conversation,
}

/// A snapshot as the table keeps it.
pub(crate) fn encode(stream: &StreamId, snapshot: &Snapshot) -> Result<snapshots::Snapshot, Unwritable> {
    let Snapshot { state, revision, last } = snapshot;
    let body = postcard::to_allocvec(&Written { last: *last, state }).map_err(Unwritable)?;
    let state = [&digest(stream, *revision, &body), body.as_slice()].concat();
    Ok(snapshots::Snapshot { position: *revision, reducer: REDUCER, state })
}

/// Reads what [`encode`] wrote for the same stream and position.
pub(crate) fn decode(stream: &StreamId, position: u64, bytes: &[u8]) -> Result<Snapshot, Unreadable> {
    let (written, body) = bytes.split_first_chunk::<DIGEST_BYTES>().ok_or(Unreadable::Altered)?;
    if *written != digest(stream, position, body) {
        return Err(Unreadable::Altered);
    }
    let Read { last, state } = read(body)?;
    Ok(Snapshot { state: Arc::new(state), revision: position, last })
}

fn read(body: &[u8]) -> Result<Read, Unreadable> {
    match postcard::take_from_bytes(body) {
        Ok((read, [])) => Ok(read),
        Ok((_, [_, ..])) => Err(Unreadable::Altered),
        Err(error) => Err(Unreadable::Form(error)),
    }
}

fn digest(stream: &StreamId, position: u64, body: &[u8]) -> [u8; DIGEST_BYTES] {
    let stream = stream.to_string();
    let mut hash = Sha256::new();
    // A stream's name has no zero byte, and what follows it has its length.
    hash.update(stream.as_bytes());
    hash.update([0]);
    hash.update(REDUCER.to_be_bytes());
    hash.update(position.to_be_bytes());
    hash.update(body);
    let mut first = [0; DIGEST_BYTES];
    first.copy_from_slice(&hash.finalize()[..DIGEST_BYTES]);
    first
}
