//! Where streams end, as far as this process knows for certain: it alone writes, so whoever asks for what is behind the end
//! of a stream need not ask the file.

use crate::record::Revision;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// How many ends are known at most: about 10 MB.
const MOST: usize = 100_000;

/// Known ends of streams. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Tails(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    ends: HashMap<String, Revision>,
    /// Grows whenever ends were forgotten: what was looked up before that may be older than what was forgotten.
    epoch: u64,
}

/// When somebody began to look a stream up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looking(u64);

impl Tails {
    /// Whether the stream is known to have nothing behind `after`.
    pub(super) fn has_nothing(&self, stream: &str, after: Revision) -> bool {
        self.known().ends.get(stream).is_some_and(|end| *end <= after)
    }

    /// To be called before the file is asked.
    pub(super) fn looking(&self) -> Looking {
        Looking(self.known().epoch)
    }

    /// The file said that the stream ends there, or further if more was written meanwhile.
    pub(super) fn found(&self, since: Looking, stream: &str, end: Revision) {
        let mut known = self.known();
        if known.epoch == since.0 {
            known.note(stream, end);
        }
    }

    /// So far the streams reach now that the file has what was written; to be called before anybody is told.
    pub(super) fn written<'a>(&self, ends: impl IntoIterator<Item = (&'a str, Revision)>) {
        let mut known = self.known();
        ends.into_iter().for_each(|(stream, end)| known.note(stream, end));
    }

    /// Nobody knows what the file took.
    pub(super) fn forget(&self) {
        self.known().forget();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl Known {
    fn note(&mut self, stream: &str, end: Revision) {
        if let Some(known) = self.ends.get_mut(stream) {
            *known = end.max(*known);
            return;
        }
        if self.ends.len() >= MOST {
            self.forget();
        }
        self.ends.insert(stream.to_owned(), end);
    }

    fn forget(&mut self) {
        self.ends.clear();
        self.epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_up_before_ends_were_forgotten_is_not_believed() {
        let tails = Tails::default();
        let since = tails.looking();
        tails.written([("a", 7)]);
        tails.forget();
        tails.found(since, "a", 3);
        assert!(!tails.has_nothing("a", 3));
        tails.found(tails.looking(), "a", 7);
        assert!(tails.has_nothing("a", 7) && !tails.has_nothing("a", 6) && !tails.has_nothing("b", 9));
    }

    #[test]
    fn what_was_written_while_somebody_looked_counts() {
        let tails = Tails::default();
        let since = tails.looking();
        tails.written([("a", 7)]);
        tails.found(since, "a", 3);
        assert!(!tails.has_nothing("a", 3) && tails.has_nothing("a", 7));
    }
}
