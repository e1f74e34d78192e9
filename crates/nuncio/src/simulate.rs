//! The simulator as a process of its own.

use anyhow::Context;
use clap::Args;
use service_kit::{Drained, Health, LogFormat, Shutdown};
use simulator::{AppConfig, ClockStart, Config, Limits, Simulator, WebhookTarget};
use std::net::SocketAddr;
use std::time::Duration;

/// What `--help` shows.
pub(crate) const SIMULATOR_EXAMPLES: &str = "\
A browser shows a page at the address where it listens: play the customer there, move the clock, see the traffic.

Examples:
A Page, and a bot that hears of it:
  nuncio simulator --page 1001=a-token --webhook http://127.0.0.1:8080/webhook
Somebody writes, and a day passes:
  curl -X POST http://127.0.0.1:8090/admin/people/24601/write -d '{\"page\":\"1001\",\"text\":\"hello\"}'
  curl -X POST http://127.0.0.1:8090/admin/clock/advance -d '{\"by\":\"24h\"}'
Two apps on one Page:
  nuncio simulator --page 1001=a-token --app 5005=a-secret,http://127.0.0.1:8081/hook --page 1001=b-token@5005
The same in every run, under Meta's rate limits:
  nuncio simulator --page 1001=a-token --seed 7 --stopped-at 2026-10-01T00:00:00Z --strict-limits";

#[derive(Debug, Args)]
pub(crate) struct SimulatorOptions {
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// A Page and an access token for it, of the first app unless one is named; can be repeated.
    #[arg(long = "page", value_name = "PAGE=TOKEN[@APP]", value_parser = page)]
    pages: Vec<PageToken>,
    /// The first app's id, which echoes carry.
    #[arg(long, default_value = "4004")]
    app_id: String,
    /// Its secret, under which webhooks are signed. For tests only: everybody on this machine can see it.
    #[arg(long, default_value = "test-app-secret-0001")]
    app_secret: String,
    /// Where its webhooks go.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A further app, its secret, and where its webhooks go; can be repeated.
    #[arg(long = "app", value_name = "APP=SECRET[,URL]", value_parser = app)]
    apps: Vec<FurtherApp>,
    /// The word given when subscribing to webhooks.
    #[arg(long, default_value = "test-verify-token")]
    verify_token: String,
    /// Refuses calls of the first app without `appsecret_proof`.
    #[arg(long)]
    require_proof: bool,
    /// Where ids and what people do follow from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Lets the clock stand at this moment until it is moved; else it runs with the machine's.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    stopped_at: Option<i64>,
    /// Holds calls to the rate limits that Meta publishes.
    #[arg(long)]
    strict_limits: bool,
    /// Most events in one webhook.
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch: usize,
}

#[derive(Clone, Debug)]
struct PageToken {
    page: String,
    token: String,
    app: Option<String>,
}

#[derive(Clone, Debug)]
struct FurtherApp {
    id: String,
    secret: String,
    webhook: Option<String>,
}

/// Runs until a signal comes.
pub(crate) async fn run(options: SimulatorOptions) -> anyhow::Result<()> {
    service_kit::init_logs(LogFormat::Human, "info").context("cannot start logging")?;
    let simulator = Simulator::bind(config(options)?).await?;
    let address = simulator.address();
    tracing::info!(listener = "simulator", %address, "the simulator listens; play the customer on http://{address}/");
    let shutdown = Shutdown::new(Health::new(), Duration::ZERO, Duration::from_secs(5));
    shutdown.spawn("simulator", simulator.run(shutdown.stop()));
    match shutdown.wait_for_signal_and_drain().await {
        Drained::Clean | Drained::DeadlinePassed => Ok(()),
        Drained::Failed(error) => Err(error),
    }
}

fn config(options: SimulatorOptions) -> anyhow::Result<Config> {
    let target = |url: String| WebhookTarget { url, verify_token: options.verify_token.clone() };
    let further = |app: FurtherApp| AppConfig {
        id: app.id,
        secret: app.secret.into(),
        webhook: app.webhook.map(target),
        pages: Vec::new(),
    };
    let mut config = Config {
        listen: options.listen,
        app_id: options.app_id,
        app_secret: options.app_secret.into(),
        webhook: options.webhook.map(target),
        apps: options.apps.into_iter().map(further).collect(),
        require_proof: options.require_proof,
        seed: options.seed,
        clock: options.stopped_at.map_or(ClockStart::Running, ClockStart::StoppedAt),
        limits: if options.strict_limits { Limits::meta() } else { Limits::none() },
        ..Config::default()
    };
    config.delivery.batch = options.batch;
    for PageToken { page, token, app } in options.pages {
        match app.filter(|app| *app != config.app_id) {
            None => config.pages.push((page, token)),
            Some(app) => {
                let known = config.apps.iter_mut().find(|known| known.id == app);
                known
                    .with_context(|| format!("--page names app {app}, which no --app names"))?
                    .pages
                    .push((page, token));
            }
        }
    }
    Ok(config)
}

fn page(raw: &str) -> Result<PageToken, String> {
    let (page, rest) = raw.split_once('=').ok_or("it looks like PAGE=TOKEN or PAGE=TOKEN@APP")?;
    let (token, app) = match rest.rsplit_once('@') {
        Some((token, app)) => (token, Some(app.to_owned())),
        None => (rest, None),
    };
    Ok(PageToken { page: page.to_owned(), token: token.to_owned(), app })
}

fn app(raw: &str) -> Result<FurtherApp, String> {
    let (id, rest) = raw.split_once('=').ok_or("it looks like APP=SECRET or APP=SECRET,URL")?;
    let (secret, webhook) = match rest.split_once(',') {
        Some((secret, url)) => (secret, Some(url.to_owned())),
        None => (rest, None),
    };
    Ok(FurtherApp { id: id.to_owned(), secret: secret.to_owned(), webhook })
}

fn moment(raw: &str) -> Result<i64, String> {
    let moment = api::convert::parse_rfc3339(raw).ok_or("a time looks like 2026-10-01T00:00:00Z")?;
    Ok(moment.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: SimulatorOptions,
    }

    fn parse(words: &[&str]) -> anyhow::Result<Config> {
        config(Line::try_parse_from([&["simulator"], words].concat())?.options)
    }

    #[test]
    fn tokens_go_to_the_app_that_they_name() {
        let words = ["--page", "1=a", "--page", "1=b@5005", "--page", "2=c@4004", "--app", "5005=s,http://x/hook"];
        let config = parse(&words).unwrap();
        let pair = |page: &str, token: &str| (page.to_owned(), token.to_owned());
        assert_eq!(config.pages, [pair("1", "a"), pair("2", "c")]);
        assert_eq!(config.apps[0].pages, [pair("1", "b")]);
        assert_eq!(config.apps[0].webhook.as_ref().unwrap().url, "http://x/hook");
        assert!(parse(&["--page", "1=b@6006"]).is_err());
    }

    #[test]
    fn time_and_limits_are_chosen() {
        let config = parse(&["--stopped-at", "2026-04-27T00:00:00Z", "--strict-limits", "--seed", "7"]).unwrap();
        assert_eq!((config.clock, config.seed), (ClockStart::StoppedAt(1_777_248_000_000), 7));
        assert_eq!(config.limits, Limits::meta());
        assert!(parse(&["--stopped-at", "tomorrow"]).is_err());
    }
}
