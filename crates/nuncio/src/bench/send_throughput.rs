//! How many messages leave in a second when nothing holds them back, and what each costs.

use super::asking::{Calls, PATIENCE, TOKEN, ask_all, standalone, wrote};
use super::process::Process;
use super::report::{Figure, median, per_second};
use super::workload::{PAGE, psid};
use super::{Stage, fill};
use ::simulator::{AdminClient, Filter, Population, Script};
use anyhow::Context;
use event_log::EventLog;
use event_log::sqlite::{Config, SqliteLog};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What is asked for at a time, by single calls and by calls of many.
const SINGLES: Calls = Calls::Singles(256);
const BATCHES: Calls = Calls::Batches(250, 2);
/// How often it is looked whether the last message has arrived. Looking costs the processes that are measured.
const LOOK: Duration = Duration::from_millis(20);
/// What of the CPU time of two cores there is for each of 3,000 messages a second, in all processes, in microseconds.
const BUDGET_US: f64 = 667.0;

/// Measures how many sends a second go through `standalone` to a simulator in a process of its own.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let limit = alone(stage, stage.sizes.sent).await?;
    for (name, calls) in [("send.throughput", SINGLES), ("send.throughput.batch", BATCHES)] {
        let Sent { rate, cpu_us } = sent(stage, calls).await?;
        let limit_name = "three records a send appended to the embedded log alone";
        figures.push(Figure { name: name.to_owned(), value: rate, unit: "sends/s", limit_name, limit });
        let limit_name = "what two cores have for each of 3,000 sends a second, not measured";
        let (name, unit) = (format!("{name}.cpu"), "us of standalone a send");
        figures.push(Figure { name, value: cpu_us, unit, limit_name, limit: BUDGET_US });
    }
    Ok(())
}

struct Sent {
    /// Sends a second, from the first call until the last message is at the simulator.
    rate: f64,
    /// CPU time of `standalone` for each, in microseconds.
    cpu_us: f64,
}

async fn sent(stage: &mut Stage, calls: Calls) -> anyhow::Result<Sent> {
    let n_sends = stage.sizes.sent;
    let simulator = Process::simulator(PAGE, TOKEN)?;
    let admin = AdminClient::new(format!("http://{}", simulator.address));
    let (count, first_psid) = (u32::try_from(n_sends + 1).context("that many people")?, Some(psid(0).parse()?));
    let script = Script::default();
    let people = Population { page: PAGE.to_owned(), count, first_psid, script, wrote_ago_ms: Some(1_000) };
    admin.populate(&people).await.context("the simulator cannot be populated")?;
    let process = standalone(stage, &format!("http://{}", simulator.address), &[])?;
    wrote(&process, n_sends + 1).await?;
    // The first takes the Page's lease and opens connections.
    ask_all(&process, 0..1, 1, calls, None).await?;
    let (told, arrived) = watch::channel(0);
    all_arrived(&admin, 1, &told).await?;
    let (began, cpu_before) = (Instant::now(), process.cpu());
    // What waits is bounded, as it is where messages are asked for no faster than they leave.
    tokio::try_join!(
        ask_all(&process, 1..n_sends + 1, n_sends + 1, calls, Some(&arrived)),
        all_arrived(&admin, n_sends + 1, &told),
    )?;
    let rate = per_second(n_sends, began.elapsed());
    let used = process.cpu().zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    let used = used.context("CPU time can be measured where there is /proc")?;
    Ok(Sent { rate, cpu_us: used.as_secs_f64() * 1e6 / n_sends as f64 })
}

/// Waits until so many messages are at the simulator, and tells how many are.
async fn all_arrived(admin: &AdminClient, n_messages: usize, told: &watch::Sender<usize>) -> anyhow::Result<()> {
    let filter = Filter { page: Some(PAGE.to_owned()), ..Filter::default() };
    let (mut n_arrived, mut moved_at) = (0, Instant::now());
    loop {
        let found = admin.count_sends(&filter).await?;
        if found > n_arrived {
            (n_arrived, moved_at) = (found, Instant::now());
            told.send_replace(n_arrived);
        }
        if n_arrived >= n_messages {
            return Ok(());
        }
        anyhow::ensure!(moved_at.elapsed() < PATIENCE, "messages stopped to arrive");
        tokio::time::sleep(LOOK).await;
    }
}

/// How many sends a second the log alone would take: a send is asked for, claimed and settled.
async fn alone(stage: &mut Stage, n_sends: usize) -> anyhow::Result<f64> {
    let path = stage.fresh_path();
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path, Config::default())?);
    let mut rates = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        fill::fill(&log, 3 * n_sends, n_sends).await?;
        rates.push(per_second(n_sends, began.elapsed()));
    }
    Ok(median(rates))
}
