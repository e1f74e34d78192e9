//! Chaos: real processes, killed and stopped at random while the platform misbehaves; nothing is lost, and nothing is
//! sent twice.
//!
//! `make chaos SEED=… SENDS=… KILLS=…` runs it at full size. As a test among others it runs a short version. What it
//! does follows from the seed; what comes of it also depends on how fast the machine is. Its last line is the result.

#![expect(clippy::unwrap_used, reason = "what the run's surroundings cannot do ends the run")]

mod deployment;
#[path = "../e2e/process.rs"]
#[expect(dead_code, reason = "not every test uses everything that a process can do")]
mod process;
mod schedule;
mod traffic;
mod verdict;

use deployment::Deployment;
use schedule::Size;
use std::process::ExitCode;
use std::sync::Arc;
use traffic::Traffic;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(size) = Size::read(&args) else { return ExitCode::SUCCESS };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let verdict = runtime.block_on(run(size));
    verdict.print(size);
    if verdict.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(size: Size) -> verdict::Verdict {
    let mut deployment = Deployment::start(size.seed).await;
    let people = deployment.let_people_write().await;
    deployment.misbehave().await;
    let traffic = Arc::new(Traffic::new(size, people, deployment.senders()));
    let requests = traffic.start(&deployment.platform);
    schedule::kill_at_random(size, &mut deployment, &traffic).await;
    requests.join_all().await;
    verdict::reach(&deployment, &traffic).await
}
