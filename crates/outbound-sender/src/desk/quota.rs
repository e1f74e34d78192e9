//! What a Page's desk makes of the quota of calls. Whoever is about to send asks for a call; here is told who gets none, and
//! they are looked at again when there are some.

use super::{Desk, POLL_IDLE};
use crate::quota::Usage;
use crate::turn::Shown;
use domain::send::Class;
use tokio::time::Instant;

impl Desk {
    /// Whether it is known what others used. Nothing may leave before.
    pub(super) fn knows_quota(&self) -> bool {
        !self.parts.config.is_shaped || self.parts.calls.is_known(&self.page)
    }

    /// Finds out which classes have something to send and no call left, and lets those go on that have some again.
    pub(super) fn heed_quota(&mut self) {
        if !self.parts.config.is_shaped {
            return;
        }
        for class in Class::ALL {
            let is_stopped = self.parts.calls.is_stopped(&self.page, class);
            let waits = self.queue.n_sends().get(&class).is_some_and(|n| *n > 0);
            if is_stopped && waits && self.stopped.insert(class) {
                self.tell(class, "stopped");
                self.poll_all_at = Instant::now() + POLL_IDLE;
            } else if !is_stopped && self.stopped.remove(&class) {
                self.tell(class, "went_on");
                self.queue.look_everywhere();
                self.poll_at = Instant::now();
            }
        }
    }

    fn tell(&self, class: Class, change: &'static str) {
        let (page, class) = (&self.page, class.as_str());
        self.parts.quota_stops.add(1, &[("class", class), ("change", change)]);
        let Some(Usage { used, quota }) = self.parts.calls.usage(page) else { return };
        let all = quota.calls();
        if self.stopped.iter().any(|stopped| stopped.as_str() == class) {
            tracing::warn!(%page, class, used, quota = all, "messages wait: the Page has used up its quota of calls");
        } else {
            tracing::info!(%page, class, used, quota = all, "messages go on: the Page has calls left again");
        }
    }

    /// The last class of which the table is read now. None: of none.
    pub(super) fn last_to_read(&mut self) -> Option<Class> {
        let Some(stopped) = self.stopped.first().copied() else { return Some(Class::Broadcast) };
        if Instant::now() >= self.poll_all_at {
            self.poll_all_at = Instant::now() + POLL_IDLE;
            return Some(Class::Broadcast);
        }
        Class::ALL.into_iter().take_while(|class| *class < stopped).last()
    }

    /// What others here are shown of what waits.
    pub(super) fn shown(&self) -> Shown {
        let uptime = self.parts.clock.uptime();
        Shown {
            n_sends: self.queue.n_sends().clone(),
            is_partial: self.is_partial,
            is_paused: self.parts.app_pause.until(uptime).max(self.pause.until(uptime)).is_some(),
            stopped: self.stopped.clone(),
        }
    }
}
