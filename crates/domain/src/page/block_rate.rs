//! How often people cannot be reached any more when the Page writes: counted over a span that slides along.

use crate::time::{Span, Timestamp};
use std::collections::VecDeque;

/// Into how many pieces the span is cut; the oldest piece leaves as a whole.
const N_PIECES: i64 = 60;

/// Counts sends that went out or were refused because the person blocked the Page, over a sliding span.
#[derive(Clone, Debug)]
pub struct BlockRate {
    piece: Span,
    /// Number of the piece, sends in it, and blocks among them; by number.
    pieces: VecDeque<(i64, u64, u64)>,
}

impl BlockRate {
    /// Counts over this span, exact to a sixtieth of it.
    pub fn over(span: Span) -> Self {
        Self { piece: Span::from_millis((span.as_millis() / N_PIECES).max(1)), pieces: VecDeque::new() }
    }

    /// Takes in how one send ended. Ends that come late count where they belong, unless that is past.
    pub fn count(&mut self, at: Timestamp, is_block: bool) {
        let number = self.number(at);
        let place = self.pieces.partition_point(|(known, ..)| *known < number);
        if self.pieces.get(place).is_none_or(|(known, ..)| *known != number) {
            self.pieces.insert(place, (number, 0, 0));
        }
        if let Some((_, sends, blocks)) = self.pieces.get_mut(place) {
            *sends += 1;
            *blocks += u64::from(is_block);
        }
        let newest = self.pieces.back().map_or(number, |(newest, ..)| *newest);
        while self.pieces.front().is_some_and(|(oldest, ..)| *oldest + N_PIECES <= newest) {
            self.pieces.pop_front();
        }
    }

    /// How many sends ended in the span before `now`, and how many of those in a block.
    pub fn counts(&self, now: Timestamp) -> (u64, u64) {
        let newest = self.number(now);
        let within = self.pieces.iter().filter(|(number, ..)| (newest - N_PIECES + 1..=newest).contains(number));
        within.fold((0, 0), |(sends, blocks), (_, more, blocked)| (sends + more, blocks + blocked))
    }

    /// Whether at least `least` sends ended in the span, and more than `per_mille` of a thousand of them in a block.
    pub fn is_above(&self, per_mille: u64, least: u64, now: Timestamp) -> bool {
        let (sends, blocks) = self.counts(now);
        sends >= least && blocks * 1_000 > per_mille * sends
    }

    const fn number(&self, at: Timestamp) -> i64 {
        at.as_millis().div_euclid(self.piece.as_millis())
    }
}
