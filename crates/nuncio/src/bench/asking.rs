//! Asking `standalone` for messages, one by one and many together.

use super::Stage;
use super::client::Client;
use super::process::Process;
use super::workload::{PAGE, Workload, psid};
use anyhow::Context;
use api::proto::compliance::v1::{Actor, Bot, Purpose, actor};
use api::proto::outbound::v1::batch_send_result::Result as Outcome;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use api::proto::outbound::v1::{BatchSendRequest, Content, SendMessageRequest, content};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

/// The Page's token at the platform.
pub(super) const TOKEN: &str = "bench-token";
/// Over how many connections calls are made.
const CONNECTIONS: usize = 4;
/// How long the last messages may take to leave.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they have.
pub(super) const LOOK: Duration = Duration::from_micros(100);

/// How many messages wait at most where that is bounded.
const AHEAD: usize = 2_000;
/// What is sent where it does not matter.
const TEXT: &str = "Yes, it left us this morning.";

/// How messages are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Calls {
    /// One in each call, so many calls at a time.
    Singles(usize),
    /// So many in each call, so many calls at a time.
    Batches(usize, usize),
}

/// A `standalone` that sends to the platform there as fast as it can.
pub(super) fn standalone(stage: &mut Stage, platform: &str, more: &[(&str, &str)]) -> anyhow::Result<Process> {
    let token = format!("pages.{PAGE}.access_token");
    let mut settings = vec![("meta.graph_url", platform), (&token, TOKEN), ("sender.shaping", "false")];
    settings.extend(more);
    Process::start_with(&stage.fresh_path(), &settings)
}

/// Lets so many people write, so that they may be answered.
pub(super) async fn wrote(process: &Process, n_people: usize) -> anyhow::Result<()> {
    let mut client = Client::connect(process.address).await?;
    let mut workload = Workload::strangers(n_people);
    let mut left = n_people;
    while left > 0 {
        let together = left.min(100);
        left -= together;
        let delivery = workload.deliveries(1, together).pop().context("one delivery was made")?;
        let status = client.ask(&delivery.request).await?;
        anyhow::ensure!(status == 200, "a delivery was answered {status}");
    }
    Ok(())
}

/// A connection to its gRPC.
pub(super) async fn channel(process: &Process) -> anyhow::Result<Channel> {
    let grpc = process.grpc.context("it offers gRPC")?;
    Ok(Endpoint::from_shared(format!("http://{grpc}"))?.tcp_nodelay(true).connect().await?)
}

/// Asks for these messages, to so many people in turn; where it is known how many have arrived, only so far ahead of that.
pub(super) async fn ask_all(
    process: &Process,
    numbers: Range<usize>,
    n_people: usize,
    calls: Calls,
    arrived: Option<&watch::Receiver<usize>>,
) -> anyhow::Result<()> {
    let (together, at_once) = match calls {
        Calls::Singles(at_once) => (1, at_once),
        Calls::Batches(together, at_once) => (together, at_once),
    };
    let (next, end) = (Arc::new(AtomicUsize::new(numbers.start)), numbers.end);
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(channel(process).await?);
    }
    let mut callers: JoinSet<anyhow::Result<()>> = JoinSet::new();
    for caller in 0..at_once {
        let (channel, next) = (channels[caller % CONNECTIONS].clone(), Arc::clone(&next));
        let mut arrived = arrived.cloned();
        callers.spawn(async move {
            loop {
                let first = next.fetch_add(together, Ordering::Relaxed);
                if first >= end {
                    return Ok(());
                }
                let numbers = first..end.min(first + together);
                if let Some(arrived) = &mut arrived {
                    arrived.wait_for(|n_arrived| n_arrived + AHEAD >= first).await?;
                }
                match calls {
                    Calls::Singles(_) => ask(&channel, first, first % n_people, TEXT).await?,
                    Calls::Batches(..) => ask_together(&channel, numbers, n_people).await?,
                }
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}

/// Asks for one message.
pub(super) async fn ask(channel: &Channel, number: usize, person: usize, text: &str) -> anyhow::Result<()> {
    OutboundClient::new(channel.clone()).send_message(request(number, person, text)).await?;
    Ok(())
}

async fn ask_together(channel: &Channel, numbers: Range<usize>, n_people: usize) -> anyhow::Result<()> {
    let requests = numbers.map(|number| request(number, number % n_people, TEXT)).collect();
    let batch = BatchSendRequest { requests, ..BatchSendRequest::default() };
    let answer = OutboundClient::new(channel.clone()).batch_send(batch).await?.into_inner();
    let refused = answer.results.into_iter().find_map(|result| match result.result {
        Some(Outcome::Message(_)) => None,
        Some(Outcome::Error(status)) => Some(status.message),
        None => Some("no result".to_owned()),
    });
    refused.map_or(Ok(()), |refused| anyhow::bail!("a request was refused: {refused}"))
}

fn request(number: usize, person: usize, text: &str) -> SendMessageRequest {
    SendMessageRequest {
        parent: format!("pages/{PAGE}/conversations/{}", psid(person)),
        request_id: format!("bench-{number}"),
        actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
        purpose: Purpose::Conversation.into(),
        content: Some(Content { kind: Some(content::Kind::Text(text.to_owned())), ..Content::default() }),
        ..SendMessageRequest::default()
    }
}

/// Waits until there is something.
pub(super) async fn waited_for<T>(look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        anyhow::ensure!(Instant::now() < end, "a message did not leave within {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}
