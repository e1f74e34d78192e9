//! How much is too much: the published limits, each of which can be set or switched off, judged by virtual time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Limits of one simulator. `None` is no limit. Numbers are Meta's rate-limiting page unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Sends of text, links and templates a second and Page; Meta: 300. Beyond it 613.
    pub text_per_second: Option<u32>,
    /// Sends of audio and video a second and Page; Meta: 10. Beyond it 613.
    pub media_per_second: Option<u32>,
    /// Messages a second beyond which the Page cannot send at all until it slows down; Meta: 40.
    pub freeze_above_per_second: Option<u32>,
    /// Messages a minute to one person; Meta gives no number. Beyond it 613.
    pub per_thread_per_minute: Option<u32>,
    /// Calls in 24 hours for each person whom the Page can message; Meta: 200. Beyond it 80006.
    pub calls_per_person_per_day: Option<u32>,
    /// Calls of the conversations API a second and Page; Meta: 2. Beyond it 613.
    pub conversations_per_second: Option<u32>,
    /// Private replies an hour and Page; Meta: 750. Beyond it 613.
    pub private_replies_per_hour: Option<u32>,
    /// Calls of the profile API in ten minutes and Page; Meta: 10. Beyond it 613.
    pub profile_calls_per_ten_minutes: Option<u32>,
    /// Calls about one person's own menu in ten minutes; Meta: 10. Beyond it 613.
    pub menu_calls_per_person_per_ten_minutes: Option<u32>,
    /// Tagged messages a day to one person; Meta gives no number. Beyond it 613/2018338.
    pub tagged_per_person_per_day: Option<u32>,
}

impl Limits {
    /// No limit at all, so that tests of anything else never meet one.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything that Meta gives a number for, but for the freeze, which only very loud Pages meet.
    #[must_use]
    pub fn meta() -> Self {
        Self {
            text_per_second: Some(300),
            media_per_second: Some(10),
            freeze_above_per_second: None,
            per_thread_per_minute: None,
            calls_per_person_per_day: Some(200),
            conversations_per_second: Some(2),
            private_replies_per_hour: Some(750),
            profile_calls_per_ten_minutes: Some(10),
            menu_calls_per_person_per_ten_minutes: Some(10),
            tagged_per_person_per_day: None,
        }
    }
}

/// How much a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Under it: so many percent with this one.
    Under(u8),
    /// Over it, for so many milliseconds more.
    Over(i64),
}

/// Counts what happened in a sliding span, in at most 64 slices: exact for short spans, a slice late for long ones.
#[derive(Debug)]
pub(crate) struct Window {
    span_ms: i64,
    slices: VecDeque<(i64, u32)>,
    n: u32,
}

impl Window {
    pub(crate) fn new(span_ms: i64) -> Self {
        Self { span_ms, slices: VecDeque::new(), n: 0 }
    }

    /// Whether one more fits; counts it if so. Without a limit everything fits, and nothing is counted.
    pub(crate) fn take(&mut self, limit: Option<u32>, now_ms: i64) -> Use {
        let Some(limit) = limit else { return Use::Under(0) };
        self.forget(now_ms);
        if self.n >= limit {
            let oldest_ms = self.slices.front().map_or(now_ms, |(at_ms, _)| *at_ms);
            return Use::Over((oldest_ms + self.span_ms - now_ms).max(1));
        }
        self.n += 1;
        let slice_ms = if self.span_ms <= 60_000 { 1 } else { self.span_ms / 64 };
        // A slice leaves when its last moment does.
        let slice = now_ms - now_ms.rem_euclid(slice_ms) + slice_ms - 1;
        match self.slices.back_mut() {
            Some((at_ms, n)) if *at_ms == slice => *n += 1,
            _ => self.slices.push_back((slice, 1)),
        }
        Use::Under(u8::try_from(u64::from(self.n) * 100 / u64::from(limit)).unwrap_or(100))
    }

    /// How many happened within the span before now, this moment included.
    pub(crate) fn count(&mut self, now_ms: i64) -> u32 {
        self.forget(now_ms);
        self.n
    }

    fn forget(&mut self, now_ms: i64) {
        while let Some((_, n)) = self.slices.pop_front_if(|(at_ms, _)| *at_ms + self.span_ms <= now_ms) {
            self.n -= n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_full_until_its_oldest_leaves() {
        let mut window = Window::new(1000);
        assert_eq!(window.take(Some(2), 500), Use::Under(50));
        assert_eq!(window.take(Some(2), 700), Use::Under(100));
        assert_eq!(window.take(Some(2), 1499), Use::Over(1));
        assert_eq!(window.take(Some(2), 1500), Use::Under(100));
        assert_eq!(window.take(Some(2), 1501), Use::Over(199));
        assert_eq!(window.take(None, 1501), Use::Under(0));
        assert_eq!(window.count(2500), 0);
    }

    #[test]
    fn a_long_window_keeps_few_slices() {
        let mut window = Window::new(86_400_000);
        for minute in 0..3000 {
            window.take(Some(u32::MAX), minute * 60_000);
        }
        assert!(window.slices.len() <= 66, "{}", window.slices.len());
        assert!((1440..=1470).contains(&window.count(3000 * 60_000)));
    }
}
