//! How far whoever sends for a Page goes by the Page's own stream, so that a call that stops the Page can wait for it.
//!
//! A revision is gone by when it was read here, and every worker has ended that began before: such a worker may have judged
//! by what was before, and may still be writing.

use event_log::Revision;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// How often the stream is read while something is to be done, and else.
const EVERY: Duration = Duration::from_millis(200);
const EVERY_IDLE: Duration = Duration::from_secs(1);
/// How soon it is looked again whether workers have ended that are waited for.
const WAIT: Duration = Duration::from_millis(20);

/// What a worker holds for as long as it may write.
#[derive(Clone, Debug)]
pub(crate) struct Working(#[expect(dead_code, reason = "holding it is all there is to it")] Arc<()>);

#[derive(Debug)]
pub(crate) struct Follow {
    revision: Option<Revision>,
    noted: Option<Revision>,
    working: Arc<()>,
    /// Revisions that were read, each with the workers that began before.
    before: Vec<(Revision, Weak<()>)>,
    look_at: Instant,
}

impl Follow {
    pub(crate) fn new() -> Self {
        Self { revision: None, noted: None, working: Arc::default(), before: Vec::new(), look_at: Instant::now() }
    }

    /// Whether anything was read yet: nothing may be sent before.
    pub(crate) const fn has_begun(&self) -> bool {
        self.revision.is_some()
    }

    pub(crate) fn is_due(&self) -> bool {
        Instant::now() >= self.look_at
    }

    /// When to read the stream next.
    pub(crate) fn until_due(&self) -> Duration {
        let until = self.look_at.saturating_duration_since(Instant::now());
        if self.before.is_empty() { until } else { until.min(WAIT) }
    }

    /// The stream is read now, or was tried to be.
    pub(crate) fn looked(&mut self, is_idle: bool) {
        self.look_at = Instant::now() + if is_idle { EVERY_IDLE } else { EVERY };
    }

    /// The stream had come this far. Answers whether that is new.
    pub(crate) fn saw(&mut self, revision: Revision) -> bool {
        if self.revision.is_some_and(|known| known >= revision) {
            return false;
        }
        let before = std::mem::take(&mut self.working);
        self.before.push((revision, Arc::downgrade(&before)));
        self.revision = Some(revision);
        true
    }

    /// A worker begins.
    pub(crate) fn begin(&self) -> Working {
        Working(Arc::clone(&self.working))
    }

    /// The revision that is to be told of: all workers from before it have ended.
    pub(crate) fn to_note(&self) -> Option<Revision> {
        let gone_by = self.before.iter().take_while(|(_, workers)| workers.strong_count() == 0);
        gone_by.last().map(|(revision, _)| *revision).filter(|revision| Some(*revision) > self.noted)
    }

    /// That revision was told of.
    pub(crate) fn noted(&mut self, revision: Revision) {
        self.noted = Some(revision);
        self.before.retain(|(known, _)| *known > revision);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_gone_by_when_all_that_began_before_have_ended() {
        let mut follow = Follow::new();
        assert!(!follow.has_begun());
        assert!(follow.saw(3) && !follow.saw(3) && !follow.saw(2));
        assert_eq!(follow.to_note(), Some(3));
        follow.noted(3);
        assert_eq!(follow.to_note(), None);
        let (first, second) = (follow.begin(), follow.begin());
        assert!(follow.saw(5));
        let third = follow.begin();
        assert_eq!(follow.to_note(), None);
        drop(first);
        assert!(follow.saw(7));
        assert_eq!(follow.to_note(), None);
        drop(second);
        assert_eq!(follow.to_note(), Some(5));
        drop(third);
        assert_eq!(follow.to_note(), Some(7));
        follow.noted(7);
        assert_eq!(follow.to_note(), None);
    }
}
