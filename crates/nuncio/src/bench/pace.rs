//! Calls at a steady rate, however long their answers take: one that waits behind others counts its waiting too.

use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The time between two calls: 5,000 a second.
const APART: Duration = Duration::from_micros(200);

/// Makes so many calls, and answers how many microseconds each took from the moment at which it was due.
pub(super) async fn open_loop<F: Future<Output = anyhow::Result<()>> + Send + 'static>(
    n_calls: usize,
    call: impl Fn(usize) -> F,
) -> anyhow::Result<Vec<f64>> {
    let (due, mut ready) = mpsc::unbounded_channel();
    let mut calls: JoinSet<anyhow::Result<f64>> = JoinSet::new();
    // The runtime's timer knows milliseconds; a thread that sleeps knows less than a tenth of that.
    let pacing = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        for nth in 0..n_calls {
            let due_at = began + APART.saturating_mul(u32::try_from(nth).unwrap_or(u32::MAX));
            std::thread::sleep(due_at.saturating_duration_since(Instant::now()));
            if due.send((nth, due_at)).is_err() {
                return;
            }
        }
    });
    let mut took = Vec::with_capacity(n_calls);
    while let Some((nth, due_at)) = ready.recv().await {
        let call = call(nth);
        calls.spawn(async move {
            call.await?;
            Ok(due_at.elapsed().as_secs_f64() * 1e6)
        });
        while let Some(ended) = calls.try_join_next() {
            took.push(ended??);
        }
    }
    pacing.await?;
    while let Some(ended) = calls.join_next().await {
        took.push(ended??);
    }
    Ok(took)
}
