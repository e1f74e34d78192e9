//! A failure that may happen a thousand times a second is told once a minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long nothing more is said.
const SILENCE: Duration = Duration::from_secs(60);

/// What is complained about, and when it was last.
pub(crate) struct Complaint {
    words: &'static str,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    at: Option<Instant>,
    n_since: u64,
}

impl Complaint {
    pub(crate) fn new(words: &'static str) -> Self {
        Self { words, told: Mutex::default() }
    }

    /// Says it, with the cause and how often it happened unsaid, unless it was said within the last minute. Answers
    /// whether it was said.
    pub(crate) fn about(&self, error: &(dyn std::error::Error + 'static)) -> bool {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.at.is_some_and(|at| now < at + SILENCE) {
            told.n_since += 1;
            return false;
        }
        let unsaid = std::mem::take(&mut *told).n_since;
        told.at = Some(now);
        tracing::warn!(error, unsaid, "{}", self.words);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_repeats_is_told_once_a_minute() {
        let complaint = Complaint::new("the cellar is under water");
        let mut said = Vec::new();
        for second in 0..=121 {
            if complaint.about(&std::fmt::Error) {
                said.push(second);
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(said, [0, 60, 120]);
    }
}
