//! How fast one Page writes: never more than so many messages in any second, on whatever moments they fall.
//!
//! A message counts from the moment at which its first byte leaves; until then it counts as if it left now. So whatever
//! a worker does between being let through and writing, no sliding second of what is written holds more than the limit.
//! One whose answer took longer than the quickest may have arrived as much later. So arrivals are counted too, each at
//! the last moment that it may have, and no sliding second of them holds more than the limit and a twentieth. That room
//! is why late answers do not make a Page slower: what they put off by half a tenth of a second, it makes up for.
//!
//! A claim takes a while too, so leave is given [`LEAD`] before there is room, for the moment at which there is.

mod meter;

use meter::Meter;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The span that is looked at. A little longer than the second that is promised, whose moments others may round.
const WINDOW: Duration = Duration::from_millis(1_010);
/// By how much later than the quickest a message is thought to arrive at most: an answer may be late for other reasons.
const LATEST: Duration = Duration::from_millis(100);
/// How many answers it takes to know how quick the way can be: the first ones come over connections that had to be opened.
const TO_KNOW_THE_WAY: u32 = 40;
/// How long before its moment a message has leave to be claimed. About as long as that takes: what it takes longer, the
/// Page's second gets longer, and what comes meanwhile and is more urgent waits behind it.
const LEAD: Duration = Duration::from_millis(50);
/// The least part of its limit to which a Page is slowed, in hundredths.
const SLOWEST: u32 = 10;

/// How far apart a Page asks for lists of messages: the platform allows two calls a second (rate limits page), and others
/// may make some.
const LOOK_UPS_APART: Duration = Duration::from_millis(1_000);

/// How many messages a Page may write in a second, unless something else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Of all kinds.
    pub(crate) all: u32,
    /// With audio or video.
    pub(crate) media: u32,
    /// In an hour: answers to comments in private.
    pub(crate) private_replies: u32,
}

impl Limits {
    /// No limit at all.
    pub(crate) const NONE: Self = Self { all: u32::MAX, media: u32::MAX, private_replies: u32::MAX };

    /// Those of a rule pack.
    pub(crate) const fn of(limits: &domain::pack::Limits) -> Self {
        Self {
            all: limits.sends_per_second,
            media: limits.media_per_second,
            private_replies: limits.private_replies_per_hour,
        }
    }
}

/// One Page's pace. Clones are the same pace.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    all: Meter,
    media: Meter,
    /// Nothing leaves before this.
    paused_until: Duration,
    media_paused_until: Duration,
    /// The platform's lists are not asked for before this.
    look_up_at: Duration,
    /// The part of the limit that is used, in hundredths.
    percent: u32,
    /// The least time between a first byte and its answer.
    quickest: Duration,
    /// How many answers came, as far as that matters.
    n_answers: u32,
    next: u64,
}

/// The leave to write one message. Dropped without having been used, it leaves its room to another.
#[derive(Debug)]
pub(crate) struct Permit {
    pace: Pace,
    number: u64,
    /// Nothing may be written by it before this.
    from: Duration,
}

impl Pace {
    /// A pace that begins as if the whole limit had just been used: whoever wrote for the Page before may have.
    pub(crate) fn used_up(limits: Limits, now: Duration) -> Self {
        let pace = Self::with(Meter::full(limits.all, now), Meter::full(limits.media, now));
        pace.state().look_up_at = now + LOOK_UPS_APART;
        pace
    }

    /// A pace with the whole limit before it, where nobody wrote for a while.
    pub(crate) fn fresh() -> Self {
        Self::with(Meter::default(), Meter::default())
    }

    fn with(all: Meter, media: Meter) -> Self {
        Self(Arc::new(Mutex::new(State {
            all,
            media,
            paused_until: Duration::ZERO,
            media_paused_until: Duration::ZERO,
            look_up_at: Duration::ZERO,
            percent: 100,
            quickest: Duration::MAX,
            n_answers: 0,
            next: 0,
        })))
    }

    /// Leave to claim one message now and to write it from [`Permit::from`] on, or when to ask again.
    pub(crate) fn permit(&self, limits: Limits, now: Duration) -> Result<Permit, Duration> {
        self.permit_ahead(limits, now, LEAD)
    }

    /// Leave to write one message now, or when to ask again: for whoever needs no time for a claim.
    pub(crate) fn permit_at_once(&self, limits: Limits, now: Duration) -> Result<Permit, Duration> {
        self.permit_ahead(limits, now, Duration::ZERO)
    }

    fn permit_ahead(&self, limits: Limits, now: Duration, lead: Duration) -> Result<Permit, Duration> {
        let mut state = self.state();
        if now < state.paused_until {
            return Err(state.paused_until);
        }
        let limit = (limits.all.saturating_mul(state.percent) / 100).max(1);
        let from = state.all.next(limit, now);
        if from > now + lead {
            return Err(from.saturating_sub(lead));
        }
        let number = state.next;
        state.next += 1;
        state.all.begin(number);
        Ok(Permit { pace: self.clone(), number, from })
    }

    /// When a message would leave that so many others go before. That a Page is slowed may end any moment, so this is at
    /// its full limit, and never later than what comes.
    pub(crate) fn turn(&self, n_ahead: usize, limits: Limits, now: Duration) -> Duration {
        let state = self.state();
        state.all.turn(n_ahead, limits.all, now.max(state.paused_until))
    }

    /// From when on nothing that was done counts any more, so that somebody else may begin with a fresh pace.
    pub(crate) fn counts_until(&self) -> Duration {
        let state = self.state();
        state.all.counts_until().max(state.look_up_at)
    }

    fn pause(&self, until: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(until);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl Permit {
    /// The first moment at which something may be written by it.
    pub(crate) const fn from(&self) -> Duration {
        self.from
    }

    /// Makes it a leave for audio or video as well, or says when to ask again.
    pub(crate) fn for_media(&self, limits: Limits, now: Duration) -> Result<(), Duration> {
        let mut state = self.pace.state();
        if now < state.media_paused_until {
            return Err(state.media_paused_until);
        }
        let from = state.media.next(limits.media, now);
        if now < from {
            return Err(from);
        }
        state.media.begin(self.number);
        Ok(())
    }

    /// Leave to ask for one list of messages now, or when to ask again.
    pub(crate) fn for_look_up(&self, now: Duration) -> Result<(), Duration> {
        let mut state = self.pace.state();
        let from = state.look_up_at.max(state.paused_until);
        if now < from {
            return Err(from);
        }
        state.look_up_at = now + LOOK_UPS_APART;
        Ok(())
    }

    /// Nothing more leaves before this moment: the platform said so.
    pub(crate) fn pause(&self, until: Duration) {
        self.pace.pause(until);
    }

    /// Audio and video leave no more before this moment.
    pub(crate) fn pause_media(&self, until: Duration) {
        let mut state = self.pace.state();
        state.media_paused_until = state.media_paused_until.max(until);
    }

    /// Uses this part of the Page's limit from now on, in hundredths.
    pub(crate) fn slow_to(&self, percent: u32) {
        self.pace.state().percent = percent.clamp(SLOWEST, 100);
    }

    /// The first byte leaves now.
    pub(crate) fn wrote(&self, at: Duration) {
        let mut state = self.pace.state();
        state.all.wrote(self.number, at);
        state.media.wrote(self.number, at);
    }

    /// What was written at `at` is answered now: in between it arrived.
    pub(crate) fn answered(&self, at: Duration, now: Duration) {
        let mut state = self.pace.state();
        let took = now.saturating_sub(at);
        state.quickest = state.quickest.min(took);
        let sure = if state.n_answers < TO_KNOW_THE_WAY { Duration::ZERO } else { state.quickest };
        state.n_answers = state.n_answers.saturating_add(1);
        let late = (took - sure).min(LATEST);
        state.all.answered(at, late);
        state.media.answered(at, late);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.all.end(self.number);
        state.media.end(self.number);
    }
}

#[cfg(test)]
mod tests;
