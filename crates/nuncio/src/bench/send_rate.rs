//! How well twenty Pages with enough to send use their limit, by what the platform recorded.

use super::Stage;
use super::process::Process;
use super::report::Figure;
use super::workload::VERIFY_TOKEN;
use ::simulator::{AdminClient, Filter};
use anyhow::Context;
use api::proto::compliance::v1::{Actor, Bot, Purpose, actor};
use api::proto::outbound::v1::batch_send_result::Result as Outcome;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use api::proto::outbound::v1::{BatchSendRequest, BatchSendResult, Content, SendMessageRequest, content};
use api::proto::page::v1::pages_client::PagesClient;
use api::proto::page::v1::{PausePageRequest, ResumePageRequest};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

const PAGES: u32 = 20;
/// People of each Page.
const PEOPLE: u32 = 100;
/// What a Page may send in a second, and what the way to the platform may push together into one.
const LIMIT: u32 = 40;
const MOST: f64 = 42.0;
/// What is left out at the beginning, when workers begin.
const WARM_UP_MS: i64 = 1_000;
/// How many are asked for in one call.
const TOGETHER: usize = 200;
/// Everybody is asked for so much more than leaves in the time, so that the backlog is never empty.
const SPARE_SECONDS: u32 = 5;
/// How long more than planned everything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Measures with one process that has all of the Pages.
pub(super) async fn measure(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let seconds = stage.sizes.sending;
    let pages: Vec<_> = (0..PAGES).map(|n| (format!("{}", 1_001 + n), format!("bench-token-{n}"))).collect();
    let simulator = Process::simulator_of(&pages)?;
    let platform = AdminClient::new(format!("http://{}", simulator.address));
    let mut keys = vec![
        ("meta.graph_url".to_owned(), format!("http://{}", simulator.address)),
        // What it says is not read, and must not fill the pipe.
        ("telemetry.log_filter".to_owned(), "error,nuncio=info".to_owned()),
    ];
    keys.extend(pages.iter().map(|(page, token)| (format!("pages.{page}.access_token"), token.clone())));
    let keys: Vec<_> = keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let process = Process::start_with(&stage.fresh_path(), &keys)?;
    platform.subscribe(&format!("http://{}/webhook", process.address), VERIFY_TOKEN).await?;
    let channel =
        Endpoint::from_shared(format!("http://{}", process.grpc.context("it offers gRPC")?))?.connect().await?;
    let each = (seconds + SPARE_SECONDS) * LIMIT / PEOPLE;
    for (page, _) in &pages {
        for person in 0..PEOPLE {
            platform.write(&psid(page, person), page, "hello").await?;
        }
    }
    anyhow::ensure!(platform.wait_idle(PATIENCE).await? == 0, "people's words were not taken");
    // Asking takes as much of the machine as sending, so nothing leaves before all have been asked for.
    pause(&channel, &pages).await?;
    let mut asking = JoinSet::new();
    for (page, _) in &pages {
        asking.spawn(ask(channel.clone(), page.clone(), each));
    }
    while let Some(asked) = asking.join_next().await {
        asked??;
    }
    resume(&channel, &pages).await?;
    let n_all = usize::try_from(PAGES * PEOPLE * each).context("that many messages")?;
    let end = Instant::now() + PATIENCE + Duration::from_secs(seconds.into());
    while platform.count_sends(&Filter::default()).await? < n_all {
        anyhow::ensure!(Instant::now() < end, "not all messages left");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (mut used, mut most) = (Vec::new(), 0);
    for (page, _) in &pages {
        let filter = Filter { page: Some(page.clone()), ..Filter::default() };
        let mut moments: Vec<_> = platform.sends_where(&filter).await?.iter().map(|row| row.at_ms).collect();
        moments.sort_unstable();
        let first = moments.first().copied().context("the Page has sent")? + WARM_UP_MS;
        used.push(within(&moments, first, i64::from(seconds) * 1_000) as f64 / f64::from(seconds));
        most = moments.iter().map(|at| within(&moments, *at, 1_000)).fold(most, usize::max);
    }
    let mut figure = |name: &str, value, limit_name, limit| {
        figures.push(Figure { name: name.to_owned(), value, unit: "messages/s of a Page", limit_name, limit });
    };
    let limit = f64::from(LIMIT);
    figure("send.rate", used.iter().sum::<f64>() / f64::from(PAGES), "what a Page may send", limit);
    figure("send.rate.least", used.iter().copied().fold(f64::MAX, f64::min), "what a Page may send", limit);
    figure("send.rate.most", most as f64, "what no second may pass", MOST);
    Ok(())
}

/// How many of these moments, which are in order, lie within so many milliseconds from `first` on.
fn within(moments: &[i64], first: i64, span_ms: i64) -> usize {
    moments.partition_point(|at| *at < first + span_ms) - moments.partition_point(|at| *at < first)
}

fn psid(page: &str, person: u32) -> String {
    format!("{page}{person:04}")
}

async fn pause(channel: &Channel, pages: &[(String, String)]) -> anyhow::Result<()> {
    for (page, _) in pages {
        let reason = "all messages are asked for first".to_owned();
        let request = PausePageRequest { name: format!("pages/{page}"), reason, request_id: "pause".to_owned() };
        PagesClient::new(channel.clone()).pause_page(request).await?;
    }
    Ok(())
}

async fn resume(channel: &Channel, pages: &[(String, String)]) -> anyhow::Result<()> {
    for (page, _) in pages {
        let request = ResumePageRequest { name: format!("pages/{page}"), request_id: "resume".to_owned() };
        PagesClient::new(channel.clone()).resume_page(request).await?;
    }
    Ok(())
}

/// Asks for so many messages to each person of a Page.
async fn ask(channel: Channel, page: String, each: u32) -> anyhow::Result<()> {
    let request = |person: u32, number: u32| {
        let text = content::Kind::Text(format!("message {number}"));
        SendMessageRequest {
            parent: format!("pages/{page}/conversations/{}", psid(&page, person)),
            request_id: format!("request-{number}"),
            actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
            purpose: Purpose::Conversation.into(),
            content: Some(Content { kind: Some(text), ..Content::default() }),
            ..SendMessageRequest::default()
        }
    };
    let all = (0..each).flat_map(|number| (0..PEOPLE).map(move |person| (person, number)));
    let all: Vec<_> = all.map(|(person, number)| request(person, number)).collect();
    let mut client = OutboundClient::new(channel);
    for requests in all.chunks(TOGETHER) {
        let batch = BatchSendRequest { requests: requests.to_vec(), ..BatchSendRequest::default() };
        let answer = client.batch_send(batch).await?.into_inner();
        let is_taken = |result: &BatchSendResult| matches!(result.result, Some(Outcome::Message(_)));
        anyhow::ensure!(answer.results.iter().all(is_taken), "a request was refused");
    }
    Ok(())
}
