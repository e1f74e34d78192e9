//! How well twenty Pages with enough to send use their limit, by what the platform recorded.

use super::Stage;
use super::process::Process;
use super::report::Figure;
use super::workload::VERIFY_TOKEN;
use ::simulator::{AdminClient, Filter};
use anyhow::Context;
use api::proto::compliance::v1::{Actor, Bot, Purpose, actor};
use api::proto::outbound::v1::outbound_client::OutboundClient;
use api::proto::outbound::v1::{Content, SendMessageRequest, content};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

const PAGES: u32 = 20;
/// People of each Page.
const PEOPLE: u32 = 20;
/// What a Page may send in a second, and what the way to the platform may push together into one.
const LIMIT: u32 = 40;
const MOST: f64 = 42.0;
/// What is left out at the beginning, when there is no backlog yet.
const WARM_UP_MS: i64 = 1_000;
/// Everybody is asked for so much more than leaves in the time, so that the backlog is never empty.
const SPARE_SECONDS: u32 = 5;
/// How soon a call is repeated.
const AGAIN: Duration = Duration::from_millis(50);
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
    let mut asking = JoinSet::new();
    for (page, _) in &pages {
        for person in 0..PEOPLE {
            asking.spawn(ask(channel.clone(), page.clone(), psid(page, person), each));
        }
    }
    while let Some(asked) = asking.join_next().await {
        asked??;
    }
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

/// Asks for so many messages to one person, each once the one before was taken.
async fn ask(channel: Channel, page: String, psid: String, n: u32) -> anyhow::Result<()> {
    let mut client = OutboundClient::new(channel);
    for number in 0..n {
        let text = content::Kind::Text(format!("message {number}"));
        let request = SendMessageRequest {
            parent: format!("pages/{page}/conversations/{psid}"),
            request_id: format!("request-{number}"),
            actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
            purpose: Purpose::Conversation.into(),
            content: Some(Content { kind: Some(text), ..Content::default() }),
            ..SendMessageRequest::default()
        };
        // Under such a load a call may be asked to be repeated, which its request id makes safe.
        while let Err(status) = client.send_message(request.clone()).await {
            anyhow::ensure!(matches!(status.code(), Code::Aborted | Code::Unavailable), "a call was refused: {status}");
            tokio::time::sleep(AGAIN).await;
        }
    }
    Ok(())
}
