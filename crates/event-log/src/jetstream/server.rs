//! What the servers are worth: whether an acknowledged record survives a power cut, and what this account may hold.
//!
//! A client is told neither by the server's greeting nor by JetStream's API when files are synced; only the monitoring
//! endpoint says it (`/varz`, `jetstream.config.sync_always`), each server for itself.

use super::{Config, Durability, OpenError};
use async_nats::jetstream::Context;
use async_nats::jetstream::account::{Account, Limits};
use futures_util::future::join_all;
use reqwest::Url;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// With fewer servers than this, the loss of one machine can lose what was acknowledged.
pub const STRICT_REPLICAS: usize = 3;

/// How long a monitoring endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The share of the account's storage, in percent, from which on somebody should know.
const NEARLY_FULL: u64 = 80;

/// What a server's `/varz` says that matters here.
#[derive(Debug, Deserialize)]
struct Varz {
    server_id: String,
    server_name: String,
    jetstream: Option<JetStreamVarz>,
}

#[derive(Debug, Default, Deserialize)]
struct JetStreamVarz {
    config: Option<JetStreamConfig>,
}

#[derive(Debug, Default, Deserialize)]
struct JetStreamConfig {
    /// Written only when it is so.
    #[serde(default)]
    sync_always: bool,
}

/// Refuses servers that could lose what they acknowledged, unless the configuration takes them as they are.
pub(super) async fn check_durability(config: &Config, connected_to: &str) -> Result<(), OpenError> {
    let proved = prove(config, connected_to).await;
    match (config.durability, proved) {
        (_, Ok(())) => Ok(()),
        (Durability::Strict, Err(error)) => Err(error),
        (Durability::Relaxed, Err(error)) => {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            tracing::warn!("the log on NATS may lose what it acknowledged, as its relaxed durability allows: {reason}");
            Ok(())
        }
    }
}

async fn prove(config: &Config, connected_to: &str) -> Result<(), OpenError> {
    let (n_replicas, n_monitors) = (config.replicas, config.monitors.len());
    if n_replicas < STRICT_REPLICAS {
        return Err(OpenError::NotDurable(format!(
            "{n_replicas} of the servers hold each record, and only with {STRICT_REPLICAS} the loss of any one machine \
             loses nothing"
        )));
    }
    if n_monitors < n_replicas {
        return Err(OpenError::NotDurable(format!(
            "only a server's monitoring endpoint tells whether it syncs before it acknowledges, and {n_monitors} of \
             {n_replicas} are named"
        )));
    }
    let client = http_client(&config.monitors)?;
    let answers = join_all(config.monitors.iter().map(|monitor| varz(&client, monitor))).await;
    let (mut synced, mut silent) = (BTreeSet::new(), Vec::new());
    for (monitor, answer) in config.monitors.iter().zip(answers) {
        match answer {
            Ok(varz) if varz.syncs_always() => drop(synced.insert(varz.server_id)),
            Ok(varz) => {
                return Err(OpenError::NotDurable(format!(
                    "the server {} syncs its files only now and then, so a power cut would lose what it acknowledged: \
                     it needs `jetstream {{ sync_interval: always }}`",
                    varz.server_name
                )));
            }
            Err(error) => silent.push(format!("{}: {error}", shown(monitor))),
        }
    }
    // While one server is being restarted, a majority of proofs must do: no record is acknowledged by fewer.
    let majority = n_replicas / 2 + 1;
    if synced.len() < majority && !silent.is_empty() {
        let words =
            format!("{} of {n_monitors} monitoring endpoints do not answer: {}", silent.len(), silent.join("; "));
        return Err(OpenError::Unavailable(words.into()));
    }
    if !silent.is_empty() {
        tracing::warn!("not every NATS server could be asked whether it syncs always: {}", silent.join("; "));
        return Ok(());
    }
    if synced.len() < n_replicas {
        return Err(OpenError::NotDurable(format!(
            "the monitoring endpoints belong to {} servers, and {n_replicas} hold each record: name each server's own",
            synced.len()
        )));
    }
    if !synced.contains(connected_to) {
        return Err(OpenError::NotDurable(
            "the monitoring endpoints belong to other servers than the one that this process is connected to"
                .to_owned(),
        ));
    }
    Ok(())
}

impl Varz {
    fn syncs_always(&self) -> bool {
        self.jetstream.as_ref().and_then(|jetstream| jetstream.config.as_ref()).is_some_and(|config| config.sync_always)
    }
}

fn http_client(monitors: &[String]) -> Result<reqwest::Client, OpenError> {
    // Fails when a provider is installed already, by us or by the process; that one serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut http = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    if monitors.iter().all(|monitor| monitor.starts_with("http://")) {
        // No certificate is needed then, so a machine without any must do.
        http = http.tls_certs_only([]);
    }
    http.build().map_err(|error| OpenError::Unavailable(error.into()))
}

/// The error does not show the address, which may hold a password.
async fn varz(client: &reqwest::Client, monitor: &str) -> Result<Varz, reqwest::Error> {
    let url = format!("{}/varz", monitor.trim_end_matches('/'));
    let answer = async { client.get(url).send().await?.error_for_status()?.json().await };
    answer.await.map_err(reqwest::Error::without_url)
}

/// The address without what is secret in it.
fn shown(monitor: &str) -> String {
    let host = |url: Url| {
        let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}{port}", url.host_str()?))
    };
    Url::parse(monitor).ok().and_then(host).unwrap_or_else(|| "an address that is none".to_owned())
}

/// What the account may hold, by its own answer; none when this client may not ask.
pub(super) async fn account(context: &Context) -> Option<Account> {
    match context.query_account().await {
        Ok(account) => Some(account),
        Err(error) => {
            tracing::warn!(error = %error, "cannot tell what this NATS account may hold; it is found out as the log fills");
            None
        }
    }
}

/// Says when the account is nearly full, while there is still time.
pub(super) fn warn_when_nearly_full(account: &Account, replicas: usize) {
    let tier = account.tiers.get(&format!("R{replicas}"));
    let (used, limits) = tier.map_or((account.storage, &account.limits), |tier| (tier.storage, &tier.limits));
    let most = limits.max_storage.and_then(|most| u64::try_from(most).ok()).unwrap_or(0);
    if most > 0 && used.saturating_mul(100) >= most.saturating_mul(NEARLY_FULL) {
        tracing::warn!(
            used,
            most,
            "this NATS account holds {used} of at most {most} bytes; a full one refuses appends"
        );
    }
}

/// Whether a new log finds room in the account. The server would refuse it too, one stream at a time and in fewer words.
pub(super) fn check_room(account: &Account, config: &Config) -> Result<(), OpenError> {
    let tier_name = format!("R{}", config.replicas);
    let (limits, n_streams): (&Limits, usize) = match account.tiers.get(&tier_name) {
        Some(tier) => (&tier.limits, tier.streams),
        None if account.tiers.is_empty() => (&account.limits, account.streams),
        None => {
            let mut known: Vec<_> = account.tiers.keys().cloned().collect();
            known.sort();
            return Err(OpenError::Limits(format!("it has no tier {tier_name}, only {}", known.join(", "))));
        }
    };
    let refuse = |words: String| Err(OpenError::Limits(words));
    if limits.max_storage == Some(0) {
        return refuse("it may hold no files (max_file is 0)".to_owned());
    }
    let needed = usize::from(config.shards) + 1;
    let left = limits.max_streams.map(|most| usize::try_from(most).unwrap_or(0).saturating_sub(n_streams));
    if let Some(left) = left.filter(|left| *left < needed) {
        return refuse(format!("it may have {left} more streams (max_streams), and the log needs {needed}"));
    }
    if limits.max_bytes_required && config.max_bytes.is_none() {
        return refuse("it demands a size for every stream (max_bytes), and none is configured".to_owned());
    }
    let most = limits.storage_max_stream_bytes.filter(|most| *most > 0);
    if let (Some(most), Some(wanted)) = (most, config.max_bytes)
        && wanted > most
    {
        return refuse(format!("a stream may hold at most {most} bytes, and {wanted} are configured"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::jetstream::account::Tier;
    use std::collections::HashMap;

    fn config() -> Config {
        Config { shards: 3, ..Config::default() }
    }

    #[track_caller]
    fn check(limits: Limits, config: &Config, expected: Option<&str>) {
        let account = Account { streams: 2, limits, ..Account::default() };
        let answer = check_room(&account, config).map_err(|error| error.to_string());
        match (expected, &answer) {
            (None, Ok(())) => (),
            (Some(words), Err(text)) if text.contains(words) => (),
            (expected, answer) => panic!("{answer:?}, not {expected:?}"),
        }
    }

    #[test]
    fn an_account_without_limits_has_room() {
        check(Limits::default(), &config(), None);
    }

    #[test]
    fn a_log_that_the_account_cannot_hold_is_refused_in_words() {
        check(Limits { max_storage: Some(0), ..Limits::default() }, &config(), Some("may hold no files"));
        check(Limits { max_streams: Some(6), ..Limits::default() }, &config(), None);
        check(Limits { max_streams: Some(5), ..Limits::default() }, &config(), Some("3 more streams"));
        let required = Limits { max_bytes_required: true, ..Limits::default() };
        check(required, &config(), Some("demands a size"));
        let sized = Config { max_bytes: Some(1_001), ..config() };
        check(required, &sized, None);
        check(
            Limits { storage_max_stream_bytes: Some(1_000), ..Limits::default() },
            &sized,
            Some("at most 1000 bytes"),
        );
        check(Limits { storage_max_stream_bytes: Some(-1), ..Limits::default() }, &sized, None);
    }

    #[test]
    fn the_tier_of_the_configured_replicas_counts() {
        let full = Tier { limits: Limits { max_streams: Some(0), ..Limits::default() }, ..Tier::default() };
        let tiers = HashMap::from([("R3".to_owned(), full)]);
        let account = Account { tiers, ..Account::default() };
        let text = |replicas| check_room(&account, &Config { replicas, ..config() }).unwrap_err().to_string();
        assert!(text(3).contains("0 more streams"), "{}", text(3));
        assert!(text(1).contains("no tier R1, only R3"), "{}", text(1));
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(shown("http://me:secret@nats-0:8222/"), "nats-0:8222");
        assert_eq!(shown("nonsense secret"), "an address that is none");
    }
}
