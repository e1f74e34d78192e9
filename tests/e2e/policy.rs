//! Rule packs that operators put into force while everything runs.

use crate::process::{Process, run};
use crate::world::{Clients, Log, PAGE, PATIENCE, Platform, send, standalone};
use api::proto::compliance::v1 as compliance;
use api::proto::outbound::v1::{SendMessageRequest, State};
use domain::pack::BUILT_IN;
use serde_json::Value;
use std::path::Path;
use tonic::Code;

/// The newest pack under another name, in force from now on, with a window of four hours.
fn own_text() -> String {
    let text = BUILT_IN[4].1.replace("name = \"messenger-2026-09\"", "name = \"own\"");
    text.replace("standard = \"24h\"", "standard = \"4h\"")
}

async fn policy(process: &Process, words: &[&str]) -> (bool, String) {
    let server = format!("http://{}", process.address("grpc"));
    let output = run(&[&["policy"][..], words, &["--server", &server]].concat()).await;
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), format!("{said}{wrong}").trim_end().to_owned())
}

async fn json(process: &Process, words: &[&str]) -> Value {
    let (is_good, said) = policy(process, &[words, &["--output", "json"]].concat()).await;
    assert!(is_good, "{words:?}: {said}");
    serde_json::from_str(&said).unwrap()
}

/// By which pack a bot's answer would be judged that is asked for now; none: it would be refused.
async fn judged_by(clients: &Clients, psid: &str) -> Option<String> {
    let request = SendMessageRequest { validate_only: true, ..send(psid, "dry", "still there?") };
    match clients.outbound.clone().send_message(request).await {
        Ok(message) => Some(message.into_inner().decision.unwrap().pack),
        Err(status) => {
            assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_sender_judges_by_what_an_operator_activates_pins_and_changes() {
    let (log, platform, folder) = (Log::embedded(), Platform::start().await, tempfile::tempdir().unwrap());
    let all = standalone(&log, platform.address, &[]).await;
    platform.subscribe(all.address("webhook")).await;
    let clients = Clients::connect(all.address("grpc"), all.address("grpc")).await;
    platform.people.write_ago("24601", PAGE, "hello?", 5 * 3_600_000).await.unwrap();
    let until = async |expected: Option<&str>| {
        testkit::eventually(PATIENCE, || async {
            (judged_by(&clients, "24601").await.as_deref() == expected).then_some(())
        })
        .await;
    };
    until(Some("messenger-2026-09")).await;

    let file = folder.path().join("own.toml");
    std::fs::write(&file, own_text()).unwrap();
    let file = file.to_str().unwrap();
    let dry = json(&all, &["activate", file, "--dry-run"]).await;
    assert_eq!((&dry["active"], &dry["dry_run"]), (&true.into(), &true.into()));
    assert_eq!(judged_by(&clients, "24601").await.as_deref(), Some("messenger-2026-09"));
    let made = json(&all, &["activate", file]).await;
    until(None).await;

    let name = made["name"].as_str().unwrap();
    assert!(policy(&all, &["retire", name]).await.1.ends_with("is not in force any more"));
    until(Some("messenger-2026-09")).await;
    assert_eq!(json(&all, &["pin", PAGE, name]).await["pinned"], name);
    until(None).await;
    json(&all, &["pin", PAGE, "--free"]).await;
    until(Some("messenger-2026-09")).await;

    let page = folder.path().join("page.toml");
    std::fs::write(&page, "[frequency]\nmost = 1\nwithin = \"1d\"\n").unwrap();
    assert!(policy(&all, &["override", PAGE, page.to_str().unwrap()]).await.1.ends_with("with values of its own"));
    one_send_by_automation_and_no_more(&clients).await;
    json(&all, &["override", PAGE, "--none"]).await;
    wrong_files_are_refused_with_lines(&all, folder.path()).await;
    assert!(all.terminate().await.success());
}

fn unasked(id: &str) -> SendMessageRequest {
    let automation = compliance::actor::Kind::Automation(compliance::Automation {});
    SendMessageRequest {
        actor: Some(compliance::Actor { kind: Some(automation) }),
        ..send("24601", id, "It has left.")
    }
}

async fn one_send_by_automation_and_no_more(clients: &Clients) {
    // The override counts for the sender a moment later: until then nothing is recorded.
    testkit::eventually(PATIENCE, || async {
        let dry = SendMessageRequest { validate_only: true, ..unasked("dry") };
        let judged = clients.outbound.clone().send_message(dry).await.unwrap().into_inner();
        judged.decision.unwrap().overridden.then_some(())
    })
    .await;
    let first = clients.outbound.clone().send_message(unasked("r-1")).await.unwrap().into_inner();
    clients.until(&first.name, State::Sent).await;
    let refused = clients.outbound.clone().send_message(unasked("r-2")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    // Whoever converses is not capped.
    let bot = clients.outbound.clone().send_message(send("24601", "r-3", "Anything else?")).await;
    clients.until(&bot.unwrap().into_inner().name, State::Sent).await;
}

async fn wrong_files_are_refused_with_lines(all: &Process, folder: &Path) {
    let file = folder.join("wrong.toml");
    std::fs::write(&file, own_text().replace("\"4h\"", "\"long\"").replace("[thread]", "[thread]\nno = 1")).unwrap();
    let (is_good, said) = policy(all, &["activate", file.to_str().unwrap()]).await;
    assert!(
        !is_good && said.contains("windows.standard: line 9: is \"long\"") && said.contains("thread.no: line"),
        "{said}"
    );
    let (is_good, said) = policy(all, &["retire", "own@00000000"]).await;
    assert!(!is_good && said.contains("no such rule pack"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_packs_only_proposes_and_ends_the_start_if_one_is_wrong() {
    let (log, folder) = (Log::embedded(), tempfile::tempdir().unwrap());
    let key = format!("compliance.packs_dir={}", folder.path().display());
    std::fs::write(folder.path().join("own.toml"), own_text()).unwrap();
    std::fs::write(folder.path().join("readme.md"), "no pack").unwrap();
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    let process = standalone(&log, nowhere, &[&key]).await;
    let listed = run(&["policy", "list", "--output", "json", "--set", &log.keys()[0]]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let own = listed.as_array().unwrap().iter().find(|pack| pack["name"] == "own").unwrap();
    assert_eq!((&own["active"], &own["in_force"]), (&false.into(), &false.into()));
    assert!(process.terminate().await.success());

    std::fs::write(folder.path().join("a.toml"), own_text().replace("\"4h\"", "\"long\"")).unwrap();
    std::fs::write(folder.path().join("b.toml"), "name = 1\n").unwrap();
    let secrets = ["--set", "meta.app_secret=x", "--set", "meta.verify_token=y", "--set", &key];
    let output = run(&[&["config", "check"][..], &secrets].concat()).await;
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    for problem in ["compliance.packs_dir", "a.toml:9: windows.standard is \"long\"", "b.toml:1: name is 1"] {
        assert!(said.contains(problem), "{problem} in:\n{said}");
    }
}
