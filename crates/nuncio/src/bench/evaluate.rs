//! Asking whether something may be said of a conversation that is in memory, at a steady rate.

use super::client::Client;
use super::process::Process;
use super::report::{Figure, percentile};
use super::workload::{PAGE, Workload, psid};
use super::{Stage, pace};
use anyhow::Context;
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::compliance::v1::{Actor, Bot, EvaluateSendRequest, Purpose, actor};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Connections over which the steady rate comes.
const CONNECTIONS: usize = 4;

/// Measures a conversation that is in memory, in a process of its own, at a steady rate whatever the answers take.
pub(super) async fn warm(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let (folder, sizes) = (stage.fresh_path(), stage.sizes);
    let process = Process::start(&folder)?;
    let delivery = Workload::strangers(1).deliveries(1, 1).pop().context("one delivery was made")?;
    let status = Client::connect(process.address).await?.ask(&delivery.request).await?;
    anyhow::ensure!(status == 200, "a delivery was answered {status}");
    let grpc = process.grpc.context("it offers gRPC")?;
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(Endpoint::from_shared(format!("http://{grpc}"))?.connect().await?);
    }
    let answer = evaluate(channels[0].clone(), 0).await?;
    anyhow::ensure!(answer > 0, "the conversation is there");
    let (mut evaluated, mut checked) = (Vec::new(), Vec::new());
    for number in 0..=sizes.rounds.min(10) {
        let of_calls = pace::open_loop(sizes.calls, |nth| {
            let channel = channels[nth % CONNECTIONS].clone();
            async move { evaluate(channel, 0).await.map(drop) }
        });
        let of_calls = of_calls.await?;
        let of_checks = pace::open_loop(sizes.calls, |nth| {
            let mut client = HealthClient::new(channels[nth % CONNECTIONS].clone());
            async move { Ok(client.check(HealthCheckRequest::default()).await.map(drop)?) }
        });
        let of_checks = of_checks.await?;
        // The first round only warms up.
        if number > 0 {
            evaluated.extend(of_calls);
            checked.extend(of_checks);
        }
    }
    let limit_name = "an empty call of the same server at the same rate";
    for (name, share) in [("evaluate.warm.p50", 0.5), ("evaluate.warm.p99", 0.99)] {
        let (value, limit) = (percentile(&mut evaluated, share), percentile(&mut checked, share));
        figures.push(Figure { name: name.to_owned(), value, unit: "us", limit_name, limit });
    }
    Ok(())
}

/// Asks once about one of the workload's people. Answers the revision that was judged.
pub(super) async fn evaluate(channel: Channel, person: usize) -> anyhow::Result<u64> {
    let request = EvaluateSendRequest {
        parent: format!("pages/{PAGE}/conversations/{}", psid(person)),
        actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
        purpose: Purpose::Conversation.into(),
        at_time: None,
        matter: None,
    };
    let answer = ComplianceClient::new(channel).evaluate_send(request).await?;
    Ok(answer.into_inner().revision)
}
