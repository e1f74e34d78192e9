//! What people do of their own accord when a message reaches them: read, answer, tap, block. Draws follow from the seed,
//! the person and the message, so that every run is the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::Psid;
use super::{Effect, World};
use crate::world::deeds::Deed;

/// A script that many people share. Rates are from 0 to 1; delays are drawn evenly between both ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// How many of the messages are read.
    pub read_rate: f64,
    /// From the arrival to the reading, in ms.
    pub read_delay_ms: (u32, u32),
    /// How many of the messages are answered.
    pub reply_rate: f64,
    /// From the arrival to the answer, in ms.
    pub reply_delay_ms: (u32, u32),
    /// What they answer, one of these each time.
    pub replies: Vec<String>,
    /// How many of the messages make the person block the Page.
    pub block_rate: f64,
    /// How many of the answers are taps on the message's first button or quick reply, where it has one.
    pub tap_rate: f64,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            read_rate: 0.0,
            read_delay_ms: (1_000, 60_000),
            reply_rate: 0.0,
            reply_delay_ms: (2_000, 120_000),
            replies: vec!["ok".to_owned(), "Thank you!".to_owned(), "When will it arrive?".to_owned()],
            block_rate: 0.0,
            tap_rate: 0.0,
        }
    }
}

impl World {
    /// Plans what a person does about the `n`th message of the thread, which reaches them now.
    pub(super) fn follow_script(&mut self, page: &Arc<str>, psid: Psid, n: u32, now_ms: i64) {
        let Some(person) = self.person(page, psid) else { return };
        let Some(script) = person.script.clone() else { return };
        let has_choice = person.entry(n).is_some_and(|entry| super::deeds::first_choice(entry).is_some());
        let draw = |what: &str| self.ids.draw(what, page, Some(psid), n);
        let between = |what: &str, (from, to): (u32, u32)| {
            let span = f64::from(to.saturating_sub(from)) + 1.0;
            i64::from(from) + whole(draw(what) * span)
        };
        let mut plan = Vec::new();
        if draw("read") < script.read_rate {
            plan.push((between("read delay", script.read_delay_ms), Deed::Read {}));
        }
        let answer_ms = between("reply delay", script.reply_delay_ms);
        if draw("block") < script.block_rate {
            plan.push((answer_ms, Deed::Block {}));
        } else if draw("reply") < script.reply_rate {
            let place = whole(draw("words") * whole_f64(script.replies.len()));
            let text = usize::try_from(place).ok().and_then(|place| script.replies.get(place)).cloned();
            let deed = if has_choice && draw("tap") < script.tap_rate {
                Deed::Tap { mid: Some(self.ids.mid(page, psid, n)), title: None, button: None }
            } else {
                Deed::write(text.unwrap_or_else(|| "ok".to_owned()))
            };
            plan.push((answer_ms, deed));
        }
        for (delay_ms, deed) in plan {
            let later = Effect::Later { at_ms: now_ms.saturating_add(delay_ms), page: Arc::clone(page), psid, deed };
            self.effects.push(later);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number is small and not negative")]
fn whole(number: f64) -> i64 {
    number as i64
}

fn whole_f64(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
