//! The simulator as a process of its own: how many sends one core takes, and what its people cost.

use super::Stage;
use super::client::Client;
use super::process::Process;
use super::report::Figure;
use ::simulator::{AdminClient, Population};
use anyhow::Context;

const PAGE: &str = "1001";
const TOKEN: &str = "bench-token";

/// The first of the people; the others count up from it.
const FIRST: u64 = 5_000_000;

/// What one core should take in a second.
const SENDS_BUDGET: f64 = 2_000.0;

/// What a hundred thousand people may cost the process.
const MEMORY_BUDGET_MB: f64 = 300.0;

/// Measures with people who have all written a moment ago.
pub(super) async fn measure(stage: &Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let (n_people, n_sends) = (stage.sizes.simulated, stage.sizes.simulated / 2);
    let process = Process::simulator(PAGE, TOKEN)?;
    let admin = AdminClient::new(format!("http://{}", process.address));
    let count = u32::try_from(n_people).context("that many people")?;
    let script = ::simulator::Script::default();
    let people =
        Population { page: PAGE.to_owned(), count, first_psid: Some(FIRST), script, wrote_ago_ms: Some(1_000) };
    admin.populate(&people).await.context("the simulator cannot be populated")?;
    let limit_name = "budget, not measured";
    figures.push(Figure {
        name: "simulator.memory".to_owned(),
        value: process.resident()? as f64 / 1e6,
        unit: "MB",
        limit_name,
        limit: MEMORY_BUDGET_MB,
    });

    let requests: Vec<_> = (0..n_sends).map(|number| request(FIRST + number as u64)).collect();
    let mut client = Client::connect(process.address).await?;
    let before = process.cpu().context("CPU time is told where there is /proc")?;
    for request in &requests {
        let status = client.ask(request).await?;
        anyhow::ensure!(status == 200, "a send was answered {status}");
    }
    let used = process.cpu().context("CPU time is told where there is /proc")?.saturating_sub(before);
    figures.push(Figure {
        name: "simulator.sends".to_owned(),
        // At least a tick of the CPU clock, or a tiny run would divide by nothing.
        value: n_sends as f64 / used.as_secs_f64().max(0.01),
        unit: "sends/core second",
        limit_name,
        limit: SENDS_BUDGET,
    });
    Ok(())
}

/// A whole request that sends a text to a person.
fn request(psid: u64) -> Vec<u8> {
    let body =
        format!(r#"{{"recipient":{{"id":"{psid}"}},"messaging_type":"RESPONSE","message":{{"text":"hello {psid}"}}}}"#);
    let length = body.len();
    format!(
        "POST /v25.0/me/messages?access_token={TOKEN} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
