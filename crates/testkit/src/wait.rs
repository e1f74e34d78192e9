//! Waiting on a condition, with a deadline.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long to let pass between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks until there is an answer.
///
/// # Panics
/// When none came within `deadline`.
#[track_caller]
pub fn eventually<T, F>(deadline: Duration, mut ask: impl FnMut() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let end = Instant::now() + deadline;
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(Instant::now() < end, "{caller}: nothing came within {deadline:?}");
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_first_answer() {
        let mut looks = 0;
        let answer = eventually(Duration::from_secs(5), || {
            looks += 1;
            std::future::ready((looks == 3).then_some("done"))
        });
        assert_eq!(answer.await, "done");
    }

    #[tokio::test]
    #[should_panic(expected = "nothing came within 20ms")]
    async fn waiting_ends_at_the_deadline() {
        eventually::<(), _>(Duration::from_millis(20), || std::future::ready(None)).await;
    }
}
