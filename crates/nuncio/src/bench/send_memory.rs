//! What memory messages leave behind that have long been sent.

use super::Stage;
use super::asking::{Calls, ask_all, standalone, waited_for, wrote};
use super::platform::Platform;
use super::report::Figure;

/// How they are asked for.
const CALLS: Calls = Calls::Batches(250, 2);
/// How much a process may grow over all sends behind the first quarter: a tenth.
const GROWTH_BUDGET_PERCENT: f64 = 10.0;
/// After how many sends its size is looked at.
const QUARTERS: usize = 4;

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
        ask_all(&process, quarter * n_sends / QUARTERS..end, n_people, CALLS, None).await?;
        waited_for(|| (platform.n_messages() >= end).then_some(())).await?;
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
