//! One message's whole way, told as a story: a real ingress, log, sender and gRPC, against the simulator.

mod stage;
mod story;

use crate::output::line;
use stage::Stage;
use std::time::Instant;

/// Plays the story; with `keep` stays up afterwards until a signal comes.
pub(crate) async fn run(keep: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    let stage = Stage::set(keep).await?;
    let told = story::tell(&stage).await;
    match (told, keep) {
        (Ok(()), true) => stage.stay().await,
        (told, _) => {
            stage.clear().await?;
            told?;
            line(&format!("\nThat was the whole way of a message, in {:.1} s.", started.elapsed().as_secs_f64()))?;
            Ok(())
        }
    }
}
