//! What memory messages leave behind that have long been sent.

use super::Stage;
use super::asking::{Calls, PATIENCE, ask_all, standalone, wrote};
use super::platform::Platform;
use super::report::Figure;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::sleep;

/// How they are asked for.
const CALLS: Calls = Calls::Batches(250, 2);
/// How much a process may grow over all sends behind the first quarter: a tenth.
const GROWTH_BUDGET_PERCENT: f64 = 10.0;
/// After how many sends its size is looked at.
const QUARTERS: usize = 4;
/// How often it is looked how many have left.
const LOOK: Duration = Duration::from_millis(10);

/// Measures by how much `standalone` grows between the first quarter of many sends and the last.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let n_sends = stage.sizes.remembered;
    let platform = Platform::start().await?;
    let process = standalone(stage, &format!("http://{}", platform.address), &[])?;
    // Everybody gets several messages, so that what grows with people is there after the first quarter.
    let n_people = (n_sends / 10).max(1);
    wrote(&process, n_people).await?;
    let mut resident = Vec::new();
    for quarter in 0..QUARTERS {
        let end = (quarter + 1) * n_sends / QUARTERS;
        let (told, left) = watch::channel(platform.n_messages());
        // What waits is bounded, so that it is not what takes the memory.
        let numbers = quarter * n_sends / QUARTERS..end;
        tokio::try_join!(ask_all(&process, numbers, n_people, CALLS, Some(&left)), all_left(&platform, end, &told),)?;
        resident.push(process.resident()? as f64);
    }
    let (limit_name, limit) = ("budget, not measured", GROWTH_BUDGET_PERCENT);
    let value = (resident[QUARTERS - 1] / resident[0] - 1.0) * 100.0;
    figures.push(Figure { name: "send.memory".to_owned(), value, unit: "% grown", limit_name, limit });
    let mb = |bytes: f64| bytes / 1e6;
    figures.push(Figure {
        name: "send.memory.resident".to_owned(),
        value: mb(resident[QUARTERS - 1]),
        unit: "MB at the end",
        limit_name: "the same after the first quarter",
        limit: mb(resident[0]),
    });
    Ok(())
}

/// Waits until so many messages have left, and tells how many have.
async fn all_left(platform: &Platform, n_messages: usize, told: &watch::Sender<usize>) -> anyhow::Result<()> {
    let mut moved_at = Instant::now();
    loop {
        let n_left = platform.n_messages();
        if told.send_if_modified(|known| std::mem::replace(known, n_left) != n_left) {
            moved_at = Instant::now();
        }
        if n_left >= n_messages {
            return Ok(());
        }
        anyhow::ensure!(moved_at.elapsed() < PATIENCE, "messages stopped to leave after {n_left} of {n_messages}");
        sleep(LOOK).await;
    }
}
