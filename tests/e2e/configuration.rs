//! What a wrong configuration gets, and what a right one shows.

use crate::process::run;
use crate::world::{Log, standalone};
use std::net::SocketAddr;
use testkit::{NatsServer, Sync};

#[tokio::test]
async fn a_process_does_not_start_on_a_wrong_configuration_and_names_every_wrong_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nuncio.toml");
    std::fs::write(&file, "[webhook]\nlisten = \"somewhere\"\nbody_limt = \"1MiB\"\n").unwrap();
    let mut args = vec!["standalone", "--config", file.to_str().unwrap()];
    let keys = ["sender.concurrency=0", "no.such=1", "webhook.max_connections=0", "webhook.max_buffered=1MiB"];
    args.extend(keys.iter().flat_map(|key| ["--set", key]));
    let output = run(&args).await;
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    let problems = [
        "webhook.listen",
        "nuncio.toml:2",
        "webhook.body_limt",
        "webhook.body_limit",
        "sender.concurrency",
        "no.such",
        "webhook.max_connections",
        "webhook.max_buffered",
        "meta.app_secret",
        "meta.verify_token",
    ];
    for problem in problems {
        assert!(said.contains(problem), "{problem} in:\n{said}");
    }
}

#[tokio::test]
async fn the_configuration_is_shown_with_origins_and_without_secrets() {
    let output =
        run(&["config", "print", "--set", "meta.app_secret=hush-hush", "--set", "grpc.listen=127.0.0.1:7"]).await;
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(!shown.contains("hush-hush"), "{shown}");
    let line = shown.lines().find(|line| line.starts_with("grpc.listen")).unwrap();
    assert!(line.contains("127.0.0.1:7") && line.contains("flag grpc.listen"), "{line}");
    assert!(shown.lines().any(|line| line.starts_with("admin.listen") && line.contains("default")), "{shown}");
}

#[tokio::test]
async fn a_configuration_is_checked_without_starting_anything() {
    let secrets = ["--set", "meta.app_secret=x", "--set", "meta.verify_token=y"];
    let good = run(&[&["config", "check"][..], &secrets].concat()).await;
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stderr));
    let said = String::from_utf8(good.stdout).unwrap();
    assert_eq!(said, "the configuration is good for: ingress, compliance, sender, conversation\n");

    let nats = ["--set", "log.backend=nats", "--set", "log.nats_durability=relaxed"];
    let one = run(&[&["config", "check", "compliance", "--output", "json"][..], &nats].concat()).await;
    assert_eq!(String::from_utf8(one.stdout).unwrap(), "{\"ok\":true,\"roles\":[\"compliance\"]}\n");

    let bad = run(&["config", "check", "ingress", "--set", "grpc.listen=somewhere"]).await;
    assert_eq!((bad.status.code(), bad.stdout.len()), (Some(78), 0));
    let said = String::from_utf8(bad.stderr).unwrap();
    for word in ["meta.app_secret", "meta.verify_token", "grpc.listen", "log.backend=nats"] {
        assert!(said.contains(word), "{word} in:\n{said}");
    }
}

#[tokio::test]
async fn roles_apart_need_a_log_that_they_can_share() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("log.path={}", folder.path().join("log.sqlite").display());
    let secrets = ["--set", "meta.app_secret=x", "--set", "meta.verify_token=y"];
    let output = run(&[&["run", "ingress", "--set", &path][..], &secrets].concat()).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("nuncio standalone") && said.contains("log.backend=nats"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_embedded_log_is_refused() {
    let log = Log::embedded();
    let first = standalone(&log, SocketAddr::from(([127, 0, 0, 1], 9)), &[]).await;
    let keys = log.keys();
    let secrets = ["--set", "meta.app_secret=x", "--set", "meta.verify_token=y", "--set", "admin.listen=127.0.0.1:0"];
    let output = run(&[&["standalone", "--set", &keys[0]][..], &secrets].concat()).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("another process has the log"), "{said}");
    assert!(first.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_that_could_not_hold_a_whole_body_keeps_the_ingress_from_starting() {
    // The test's server takes 9 MB, and a body of 8 MiB needs 16.
    let log = Log::jetstream();
    let keys = log.keys();
    let output = run_ingress(&[&keys[0], &keys[1], &keys[2], "webhook.body_limit=8MiB"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("max_payload") && said.contains("webhook.body_limit"), "{said}");
}

#[tokio::test]
async fn a_log_on_nats_is_durable_unless_told_otherwise() {
    let output = run_ingress(&["log.backend=nats"]).await;
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    for word in ["log.nats_replicas=3", "log.nats_monitor_url", "log.nats_durability=relaxed"] {
        assert!(said.contains(word), "{word} in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_that_could_lose_what_it_acknowledged_keeps_roles_from_starting() {
    let server = NatsServer::start(Sync::Lazy);
    let url = format!("log.nats_url={}", server.url());
    let monitors = format!("log.nats_monitor_url={}", vec![server.monitor_url(); 3].join(", "));
    let output = run_ingress(&["log.backend=nats", &url, &monitors, "log.nats_replicas=3"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in ["power cut", "sync_interval: always", "log.nats_durability=relaxed"] {
        assert!(said.contains(word), "{word} in:\n{said}");
    }
}

/// Runs an ingress that is not expected to come up.
async fn run_ingress(keys: &[&str]) -> std::process::Output {
    let needed = ["meta.app_secret=x", "meta.verify_token=y", "admin.listen=127.0.0.1:0", "webhook.listen=127.0.0.1:0"];
    let sets = keys.iter().chain(&needed).flat_map(|key| ["--set", key]);
    run(&["run", "ingress"].into_iter().chain(sets).collect::<Vec<_>>()).await
}
