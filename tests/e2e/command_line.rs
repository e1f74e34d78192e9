//! The commands as somebody types them.

use crate::http;
use crate::process::run;
use crate::world::{Log, SECRET, standalone};
use std::net::SocketAddr;

#[tokio::test]
async fn every_command_teaches_by_example() {
    let commands: [&[&str]; 18] = [
        &["standalone"],
        &["run"],
        &["simulator"],
        &["demo"],
        &["migrate"],
        &["rebuild"],
        &["log", "tail"],
        &["log", "export"],
        &["log", "restored"],
        &["log", "replay-quarantine"],
        &["conversation", "show"],
        &["policy", "activate"],
        &["policy", "retire"],
        &["policy", "pin"],
        &["policy", "override"],
        &["secrets", "rotate"],
        &["config", "print"],
        &["config", "check"],
    ];
    for command in commands {
        let output = run(&[command, &["--help"]].concat()).await;
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && help.contains("Examples:"), "{command:?}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_tells_the_whole_path_and_ends_well() {
    let output = run(&["demo"]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    for word in [" of conversation/1001/", "WINDOW_OPEN", "echo", "Ada got it 1 time", "HUMAN_AGENT_OPEN"] {
        assert!(told.contains(word), "{word} in:\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_and_a_conversation_can_be_looked_at_while_it_runs() {
    let log = Log::embedded();
    let process = standalone(&log, SocketAddr::from(([127, 0, 0, 1], 9)), &[]).await;
    let body = br#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_1","text":"hello there"}}]}]}"#;
    assert_eq!(http::deliver(process.address("webhook"), SECRET, body).await.unwrap().status, 200);
    let keys = log.keys();

    let tail = run(&["log", "tail", "--until-caught-up", "--set", &keys[0]]).await;
    let tail = String::from_utf8(tail.stdout).unwrap();
    assert!(tail.contains("conversation/1001/") && tail.contains("message"), "{tail}");
    assert!(!tail.contains("hello there") && !tail.contains("2002"), "what people are and say is not shown: {tail}");

    let shown = run(&["conversation", "show", "1001", "2002", "--set", &keys[0]]).await;
    assert!(String::from_utf8(shown.stdout).unwrap().contains("“hello there”"));
    let json = run(&["conversation", "show", "1001", "2002", "--output", "json", "--set", &keys[0]]).await;
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["events"][0]["text"], "hello there");
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_offers_health_and_reflection() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;
    let log = Log::embedded();
    let process = standalone(&log, SocketAddr::from(([127, 0, 0, 1], 9)), &[]).await;
    let channel = crate::world::channel(process.address("grpc")).await;
    for service in ["", "nuncio.outbound.v1.Outbound", "nuncio.compliance.v1.Compliance"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        testkit::eventually(crate::world::PATIENCE, || async {
            let answer = HealthClient::new(channel.clone()).check(request.clone()).await.ok()?;
            (answer.into_inner().status == 1).then_some(())
        })
        .await;
    }
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_by_migrate_alone_and_their_url_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let urls = [format!("sqlite:{}", file.display()), testkit::postgres().database()];
    for url in urls {
        let key = format!("sql.url={url}");
        let check = async || run(&["migrate", "--check", "--set", &key]).await;
        let behind = check().await;
        let said = String::from_utf8(behind.stderr).unwrap();
        assert!(!behind.status.success() && said.contains("run `nuncio migrate`"), "{said}");
        let migrate = async || {
            let migrated = run(&["migrate", "--output", "json", "--set", &key]).await;
            serde_json::from_slice::<serde_json::Value>(&migrated.stdout).unwrap()
        };
        let first = migrate().await;
        assert_eq!(first["applied"].as_array().unwrap().last(), Some(&first["at"]), "{first}");
        assert_eq!(migrate().await, serde_json::json!({ "applied": [], "at": first["at"] }));
        assert!(check().await.status.success());
        let shown = run(&["config", "print", "--set", &key]).await;
        assert!(!String::from_utf8(shown.stdout).unwrap().contains(&url));
    }
    let wrong = run(&["migrate", "--set", "sql.url=mysql://nuncio:hush@there/tables"]).await;
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && said.contains("sql.url") && !said.contains("hush"), "{said}");
}
