//! What `nuncio bench` prints. How fast anything is, no test says.

use crate::process::run;
use serde_json::Value;

/// The keys of a figure, in the order of the alphabet.
const KEYS: [&str; 6] = ["limit", "limit_name", "name", "ratio", "unit", "value"];

async fn figures(args: &[&str]) -> Vec<Value> {
    let args = [&["bench", "--scale", "tiny", "--output", "json"], args].concat();
    let output = run(&args).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn names(figures: &[Value]) -> Vec<&str> {
    figures.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_figure_stands_beside_its_limit() {
    let figures = figures(&[
        "ingress.embedded",
        "fold",
        "conversation.read",
        "start.time",
        "conversations.memory",
        "simulator.sends",
        "evaluate.warm",
        "rehearsal",
        "send.throughput",
        "send.memory",
        "send.deadline",
    ])
    .await;
    for figure in &figures {
        let mut keys: Vec<_> = figure.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, KEYS, "{figure}");
        assert!(
            KEYS.iter().filter(|key| figure[**key].is_string()).eq(["limit_name", "name", "unit"].iter()),
            "{figure}"
        );
        assert!(figure["limit"].as_f64().unwrap() > 0.0, "{figure}");
    }
    let names = names(&figures);
    for name in [
        "ingress.embedded",
        "ingress.embedded.single",
        "ingress.embedded.single.cpu.json",
        "fold",
        "fold.decoded",
        "conversation.read",
        "conversation.read.log",
        "start.time",
        "idle.memory",
        "conversations.memory",
        "simulator.sends",
        "simulator.memory",
        "evaluate.warm.p50",
        "evaluate.warm.p99",
        "rehearsal",
        "send.throughput",
        "send.memory",
        "send.deadline",
        "send.deadline.worst_seed",
        "send.deadline.people_first",
        "send.deadline.uniform_4s",
        "send.deadline.uniform_32s.people_first.worst_seed",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[tokio::test]
async fn jetstream_is_measured_on_the_server_given() {
    let url = testkit::nats().url();
    let figures = figures(&["ingress.jetstream", "rebuild", "evaluate.cold", "send.latency", "--nats-url", &url]).await;
    let names = names(&figures);
    for name in [
        "ingress.jetstream",
        "ingress.jetstream.single",
        "rebuild",
        "rebuild.jetstream",
        "evaluate.cold.p99",
        "evaluate.cold.log.p99",
        "evaluate.cold.jetstream.p99",
        "evaluate.cold.jetstream.log.p99",
        "send.latency.p50",
        "send.latency.jetstream.p99",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[tokio::test]
async fn what_was_asked_for_and_cannot_be_measured_fails() {
    let output = run(&["bench", "ingress.jetstream", "--scale", "tiny", "--nats-url", "nats://127.0.0.1:1"]).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ingress.jetstream could not be measured"), "{said}");
}
