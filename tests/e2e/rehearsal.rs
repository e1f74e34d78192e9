//! A rule pack tried on the past by processes that are killed, and by the command line.

use crate::past::{PacksOnTheWay, Past};
use crate::process::run;
use crate::world::{Log, PATIENCE, channel, standalone};
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::compliance::v1::replay_with_rule_pack_request::Pack;
use api::proto::compliance::v1::{GetRehearsalRequest, RehearsalResult, RehearsalState, ReplayWithRulePackRequest};
use domain::pack::BUILT_IN;
use event_log::EventLog;
use event_log::jetstream::{self, JetStreamLog};
use event_log::sqlite::{self, SqliteLog};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tonic::Code;

/// Long enough that a kill comes in the middle.
const ACTS: usize = 1_500;

/// The proposed pack's text.
fn proposed() -> String {
    BUILT_IN[3].1.replacen("standard = \"24h\"", "standard = \"6h\"", 1)
}

fn file(folder: &TempDir) -> PathBuf {
    let file = folder.path().join("own.toml");
    std::fs::write(&file, proposed()).unwrap();
    file
}

/// Fills a log before anybody else has it.
async fn fill(log: &Log, n_acts: usize, packs: PacksOnTheWay) {
    match log {
        Log::Embedded(folder) => {
            let log = SqliteLog::open(&folder.path().join("log.sqlite"), sqlite::Config::default()).unwrap();
            Past::new(log.identity(), 1, n_acts, packs).keep(&log).await;
        }
        Log::JetStream(server) => {
            let config = jetstream::Config { url: server.url(), ..jetstream::Config::default() };
            let log = JetStreamLog::open(config).await.unwrap();
            Past::new(log.identity(), 1, n_acts, packs).keep(&log).await;
        }
    }
}

/// What the command line prints about this log.
async fn replayed(log: &Log, file: &Path, more: &[&str]) -> Value {
    let keys = log.keys();
    let mut args = vec!["policy", "replay", "--pack", file.to_str().unwrap(), "--output", "json"];
    args.extend(more);
    args.extend(keys.iter().flat_map(|key| ["--set", key]));
    let output = run(&args).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn totals(printed: &Value) -> (u64, u64, u64) {
    let number = |key: &str| printed[key].as_u64().unwrap();
    (number("sends"), number("to_block"), number("to_allow"))
}

const fn of(result: &RehearsalResult) -> (u64, u64, u64) {
    (result.sends, result.to_block, result.to_allow)
}

async fn survives(log: Log, packs: PacksOnTheWay) {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    fill(&log, ACTS, packs).await;
    let expected = replayed(&log, &file, &[]).await;
    assert!(totals(&expected).1 > 30, "{expected}");

    let process = standalone(&log, nowhere, &[]).await;
    let client = ComplianceClient::new(channel(process.address("grpc")).await);
    let request = ReplayWithRulePackRequest {
        parent: "pages/-".to_owned(),
        request_id: "r-1".to_owned(),
        pack: Some(Pack::PackText(proposed())),
        ..Default::default()
    };
    // A process that has just started may ask to be asked again, and its request id makes that safe.
    let begun = testkit::eventually(PATIENCE, || async {
        match client.clone().replay_with_rule_pack(request.clone()).await {
            Ok(begun) => Some(begun.into_inner()),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                None
            }
        }
    })
    .await;
    assert!(begun.durable);
    process.kill().await;

    let process = standalone(&log, nowhere, &[]).await;
    let client = ComplianceClient::new(channel(process.address("grpc")).await);
    let done = testkit::eventually(PATIENCE, || async {
        let request = GetRehearsalRequest { name: begun.name.clone() };
        let rehearsal = client.clone().get_rehearsal(request).await.unwrap().into_inner();
        (rehearsal.state() == RehearsalState::Succeeded).then_some(rehearsal)
    })
    .await;
    assert_eq!(of(&done.result.unwrap()), totals(&expected));
    // The command line has the same done there.
    let url = format!("http://{}", process.address("grpc"));
    let remote = replayed(&log, &file, &["--server", &url]).await;
    assert_eq!((totals(&remote), &remote["counts"]), (totals(&expected), &expected["counts"]));
    assert!(remote["samples"][0]["message"].as_str().unwrap().starts_with("pages/"), "{remote}");
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_13_a_rehearsal_survives_a_killed_process_on_the_embedded_log() {
    survives(Log::embedded(), PacksOnTheWay::Stay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_13_a_rehearsal_survives_a_killed_process_on_jetstream() {
    survives(Log::jetstream(), PacksOnTheWay::Change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_keeps_its_older_words_and_tries_the_packs_in_force() {
    let (log, folder) = (Log::embedded(), tempfile::tempdir().unwrap());
    fill(&log, 300, PacksOnTheWay::Stay).await;
    let (file, keys) = (file(&folder), log.keys());
    let told = async |words: &[&str]| {
        let keys = keys.iter().flat_map(|key| ["--set", key]);
        let args: Vec<_> = ["policy", "replay"].into_iter().chain(words.iter().copied()).chain(keys).collect();
        let output = run(&args).await;
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let file = file.to_str().unwrap();
    let range = ["2026-04-20T00:00:00Z", "2026-05-01T00:00:00Z"];
    let older = told(&[file, "--page", "1003", "--since", range[0], "--until", range[1]]).await;
    let newer = told(&["--pack", file, "--page", "1003", "--from", range[0], "--to", range[1]]).await;
    assert!(older.0 && older.1.contains("would be blocked ("), "{older:?}");
    assert_eq!(older, newer);
    let (is_good, said, _) = told(&["--in-force"]).await;
    assert!(is_good && said.contains(": 0 would be blocked, 0 would be allowed"), "{said}");
    let (is_good, _, said) = told(&[]).await;
    assert!(!is_good && said.contains("--pack"), "{said}");
}
