//! The tables' database at the start and while it is away.

use crate::http;
use crate::process::run;
use crate::world::{self, Clients, Log, PATIENCE, SECRET, conversation, nuncio, standalone};
use api::proto::conversation::v1::{ConversationEvent, ListEventsRequest};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use testkit::Postgres;

/// The records of rule packs with which a log begins.
const PACKS: u64 = world::PACKS as u64;

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// A person of the stories here.
const PSID: &str = "2002";

/// A webhook in which a person writes a number.
fn webhook(number: usize) -> Vec<u8> {
    format!(
        r#"{{"object":"page","entry":[{{"id":"1001","time":1767225600123,"messaging":[{{"sender":{{"id":"{PSID}"}},"recipient":{{"id":"1001"}},"timestamp":{},"message":{{"mid":"m_{number}","text":"{number}"}}}}]}}]}}"#,
        1_767_225_600_000_i64 + i64::try_from(number).unwrap()
    )
    .into_bytes()
}

async fn deliver(webhook_address: SocketAddr, number: usize) {
    assert_eq!(http::deliver(webhook_address, SECRET, &webhook(number)).await.unwrap().status, 200);
}

/// Everything that is told of the person.
async fn told(clients: &Clients) -> Vec<ConversationEvent> {
    let parent = conversation(PSID);
    let request = ListEventsRequest { parent, page_size: 1_000, page_token: String::new() };
    clients.conversations.clone().list_events(request).await.unwrap().into_inner().events
}

/// Runs a process that is not expected to come up.
async fn refused(log: &Log, tables: &str) -> Output {
    let needed = ["meta.app_secret=x", "meta.verify_token=y", "admin.listen=127.0.0.1:0", "webhook.listen=127.0.0.1:0"];
    let (keys, tables) = (log.keys(), format!("sql.url={tables}"));
    let sets = [keys[0].as_str(), &tables, "grpc.listen=127.0.0.1:0"].into_iter().chain(needed);
    run(&["standalone"].into_iter().chain(sets.flat_map(|key| ["--set", key])).collect::<Vec<_>>()).await
}

async fn until_ready(admin: SocketAddr, wanted: bool) -> String {
    testkit::eventually(PATIENCE, || async {
        let answer = http::get(admin, "/readyz").await.unwrap();
        ((answer.status == 200) == wanted).then_some(answer.body)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_fit_ends_the_start_and_is_left_as_it_is() {
    let server = Postgres::start();
    let (url, log) = (server.url(), Log::embedded());
    let check = async |what: &str, words: &[&str]| {
        server.execute("DROP TABLE IF EXISTS before");
        server.execute("CREATE TABLE before AS SELECT * FROM _sqlx_migrations");
        let output = refused(&log, &url).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{what}: {said}");
        for word in words {
            assert!(said.contains(word), "{what}: {word} in:\n{said}");
        }
        server.execute(
            "DO $$ BEGIN IF EXISTS (TABLE _sqlx_migrations EXCEPT TABLE before)
             OR EXISTS (TABLE before EXCEPT TABLE _sqlx_migrations)
             OR EXISTS (SELECT 1 FROM leases) OR EXISTS (SELECT 1 FROM checkpoints)
             THEN RAISE EXCEPTION 'the start changed something'; END IF; END $$",
        );
    };
    let migrated = run(&["migrate", "--set", &format!("sql.url={url}")]).await;
    assert!(migrated.status.success());
    server.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99999999999999, 'from tomorrow', true, '\\x00', 0)",
    );
    check("ahead", &["at migration 99999999999999", "run the newer version"]).await;
    server.execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)");
    server.execute("CREATE TABLE kept AS SELECT * FROM _sqlx_migrations");
    server.execute("UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = (SELECT MIN(version) FROM kept)");
    check("altered", &["another form"]).await;
    server.execute("DELETE FROM _sqlx_migrations");
    server.execute("INSERT INTO _sqlx_migrations SELECT * FROM kept WHERE version < (SELECT MAX(version) FROM kept)");
    check("behind", &["at migration", "run `nuncio migrate`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_something_else_in_it_gets_no_tables_at_the_start() {
    let (log, other) = (Log::embedded(), Log::embedded());
    let process = standalone(&other, NOWHERE, &[]).await;
    assert!(process.terminate().await.success());
    let path = other.keys()[0].replace("log.path=", "");
    let before = std::fs::read(&path).unwrap();
    let output = refused(&log, &format!("sqlite:{path}")).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("run `nuncio migrate`"), "{said}");
    assert!(std::fs::read(&path).unwrap() == before, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_of_tables_is_made_at_the_start() {
    let log = Log::embedded();
    let tables = log.tables();
    let file = Path::new(tables.strip_prefix("sql.url=sqlite:").unwrap());
    let process = standalone(&log, NOWHERE, &[]).await;
    assert!(process.terminate().await.success());
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let check = async || run(&["migrate", "--check", "--set", &tables]).await;
    assert!(check().await.status.success());

    // Killed before it had made anything.
    for end in ["", "-wal", "-shm"] {
        std::fs::remove_file(file.with_file_name(format!("tables.sqlite{end}"))).ok();
    }
    std::fs::write(file, "").unwrap();
    let process = standalone(&log, NOWHERE, &[]).await;
    assert!(process.terminate().await.success());
    assert!(check().await.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_webhooks_are_taken_and_readiness_says_why_it_is_red() {
    let mut server = Postgres::start();
    let (log, tables) = (Log::embedded(), format!("sql.url={}", server.url()));
    assert!(run(&["migrate", "--set", &tables]).await.status.success());
    let process = standalone(&log, NOWHERE, &[&tables]).await;
    let (webhook, admin) = (process.address("webhook"), process.address("admin"));
    until_ready(admin, true).await;
    let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
    deliver(webhook, 1).await;

    server.kill();
    let why = until_ready(admin, false).await;
    assert!(why.contains("[-] database: the database "), "{why}");
    deliver(webhook, 2).await;
    let texts = |events: Vec<ConversationEvent>| events.into_iter().map(|event| event.text).collect::<Vec<_>>();
    assert_eq!(texts(told(&clients).await), ["1", "2"]);

    server.restart();
    until_ready(admin, true).await;
    deliver(webhook, 3).await;
    assert_eq!(texts(told(&clients).await), ["1", "2", "3"]);
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_the_database_and_takes_webhooks_meanwhile() {
    let mut server = Postgres::start();
    let (log, tables) = (Log::embedded(), format!("sql.url={}", server.url()));
    assert!(run(&["migrate", "--set", &tables]).await.status.success());
    server.kill();
    let process = nuncio(&["standalone"], &["webhook", "admin"], &log, NOWHERE, &[&tables]).await;
    let (webhook, admin) = (process.address("webhook"), process.address("admin"));
    let why = until_ready(admin, false).await;
    assert!(why.contains("database: cannot reach the database at sql.url"), "{why}");
    deliver(webhook, 1).await;
    server.restart();
    until_ready(admin, true).await;
    let (status, said) = {
        process.signal().await;
        process.ended().await
    };
    assert!(status.success() && said.contains("listening for gRPC"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_role_that_needs_tables_is_ready_without_the_database() {
    let log = Log::jetstream();
    let tables = "sql.url=postgres://nuncio@127.0.0.1:9/nowhere";
    let process = nuncio(&["run", "ingress"], &["webhook", "admin"], &log, NOWHERE, &[tables]).await;
    let ready = until_ready(process.address("admin"), true).await;
    assert!(!ready.contains("database"), "{ready}");
    deliver(process.address("webhook"), 1).await;
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_starts_without_the_database_and_makes_no_file_that_no_erasure_would_reach() {
    let log = Log::jetstream();
    let roles = ["run", "compliance"];
    let tables = "sql.url=postgres://nuncio@127.0.0.1:9/nowhere";
    let process = nuncio(&roles, &["grpc", "admin"], &log, NOWHERE, &[tables]).await;
    let ready = until_ready(process.address("admin"), true).await;
    assert!(!ready.contains("database"), "{ready}");
    assert!(process.terminate().await.success());

    let process = nuncio(&roles, &["grpc", "admin"], &log, NOWHERE, &[]).await;
    assert!(process.terminate().await.success());
    assert!(!Path::new(log.tables().strip_prefix("sql.url=sqlite:").unwrap()).exists());
}

/// Waits until a process has filled its history so often, and stored so many records in all.
async fn until_history(admin: SocketAddr, is_enough: fn(u64, u64) -> bool) {
    testkit::eventually(PATIENCE, || async {
        let shown = http::get(admin, "/metrics").await.unwrap().body;
        let value = |name: &str| {
            let line = format!("nuncio_projection_{name}_total{{table=\"history\"}} ");
            shown.lines().find_map(|shown| shown.strip_prefix(&line)?.parse().ok()).unwrap()
        };
        is_enough(value("rebuilds"), value("records")).then_some(())
    })
    .await;
}

/// What is told of the person by the log alone.
async fn in_log(log: &Log) -> Vec<String> {
    let keys = log.keys();
    let shown = run(&["conversation", "show", "1001", PSID, "--output", "json", "--set", &keys[0]]).await;
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["events"].as_array().unwrap().iter().map(|event| event["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_09_a_history_rebuilt_under_load_answers_the_same() {
    let log = Log::embedded();
    let process = standalone(&log, NOWHERE, &[]).await;
    let (webhook, admin) = (process.address("webhook"), process.address("admin"));
    let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
    let mut load = tokio::task::JoinSet::new();
    load.spawn(async move {
        for number in 0..400 {
            deliver(webhook, number).await;
        }
    });
    let mut n_seen = 0;
    for _ in 0..4 {
        let output = run(&["rebuild", "history", "--accept-loss", "--output", "json", "--set", &log.tables()]).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, "{\"dropped\":[\"history\"]}\n", "{}", String::from_utf8_lossy(&output.stderr));
        let (told, in_log) = (told(&clients).await, in_log(&log).await);
        assert!(n_seen <= told.len() && told.len() <= in_log.len());
        for (event, text) in told.iter().zip(&in_log) {
            assert_eq!(&event.text, text);
        }
        n_seen = told.len();
    }
    load.join_all().await;
    until_history(admin, |rebuilds, records| rebuilds >= 2 && records >= 400).await;
    let texts: Vec<_> = told(&clients).await.into_iter().map(|event| event.text).collect();
    assert_eq!((texts.len(), texts), (400, in_log(&log).await));
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_the_log_needs_is_not_dropped_unless_loss_is_accepted() {
    let log = Log::embedded();
    let tables = log.tables();
    let process = standalone(&log, NOWHERE, &[]).await;
    deliver(process.address("webhook"), 1).await;
    until_history(process.address("admin"), |_, records| records == PACKS + 1).await;
    let path = log.keys().remove(0);
    let rebuild = async |words: &[&str], path: &str| {
        run(&[&["rebuild"], words, &["--set", &tables, "--set", path]].concat()).await
    };
    let whole = rebuild(&["history", "due"], &path).await;
    let said = String::from_utf8(whole.stdout).unwrap();
    assert!(whole.status.success() && said.contains("dropped history") && said.contains("dropped due"), "{said}");
    until_history(process.address("admin"), |_, records| records == 2 * (PACKS + 1)).await;
    assert!(process.terminate().await.success());

    // Another log has nothing of what the history holds.
    let other = Log::embedded();
    let process = nuncio(&["standalone"], &["webhook"], &other, NOWHERE, &[]).await;
    assert!(process.terminate().await.success());
    for words in [&["history"][..], &["--all"], &["due", "history"]] {
        for path in [&other.keys()[0], "log.path=/nowhere/log.sqlite"] {
            let output = rebuild(words, path).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success() && said.contains("nothing was dropped"), "{words:?}: {said}");
            assert!(!String::from_utf8(output.stdout).unwrap().contains("dropped"), "{words:?}");
        }
    }
    let output = rebuild(&["--all", "--accept-loss"], &other.keys()[0]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for table in ["history", "snapshots", "outbox", "due"] {
        assert!(said.contains(&format!("dropped {table}")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_ends_before_its_tables_is_refused_until_it_is_said_to_be_restored() {
    let log = Log::embedded();
    let Log::Embedded(folder) = &log else { unreachable!("this log is embedded") };
    let files = ["log.sqlite", "log.sqlite-wal", "log.sqlite-shm"].map(|name| folder.path().join(name));
    // Runs with so many records in the table at its end.
    let run_with = async |numbers: std::ops::Range<usize>, is_enough: fn(u64, u64) -> bool| {
        let process = standalone(&log, NOWHERE, &[]).await;
        let clients = Clients::connect(process.address("grpc"), process.address("grpc")).await;
        for number in numbers {
            deliver(process.address("webhook"), number).await;
        }
        until_history(process.address("admin"), is_enough).await;
        let told = told(&clients).await;
        assert!(process.terminate().await.success());
        told.into_iter().map(|event| event.text).collect::<Vec<_>>()
    };
    assert_eq!(run_with(0..2, |_, records| records == PACKS + 2).await, ["0", "1"]);
    let backup: Vec<_> = files.iter().map(|file| std::fs::read(file).ok()).collect();
    assert_eq!(run_with(2..4, |_, records| records == 2).await, ["0", "1", "2", "3"]);
    for (file, backup) in files.iter().zip(backup) {
        std::fs::remove_file(file).ok();
        if let Some(bytes) = backup {
            std::fs::write(file, bytes).unwrap();
        }
    }

    let tables = log.tables();
    let output = refused(&log, tables.strip_prefix("sql.url=").unwrap()).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nuncio log restored --lost-after"), "{said}");

    let keys = log.keys();
    let restored = run(&["log", "restored", "--lost-after", "2026-01-01T00:00:00Z", "--set", &keys[0]]).await;
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    // The packs and two messages from before, that the log was restored, and one new message.
    let told = run_with(4..5, |rebuilds, records| rebuilds == 1 && records == PACKS + 4).await;
    assert_eq!(told, ["0", "1", "4"]);
}
