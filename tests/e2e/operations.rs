//! What whoever runs Nuncio does with a log: takes it out, reads old bodies again, goes on after a restore.

use crate::http;
use crate::process::run;
use crate::world::{Log, PACKS, SECRET, nuncio};
use api::proto::log::v1 as wire;
use domain::event::{Erasing, ErasingKind, Event};
use domain::id::{PageId, Psid, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::sqlite::{Config, SqliteLog};
use event_log::{EventLog, Expected, Record};
use prost::Message as _;
use serde_json::Value;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use uuid::Uuid;

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// A webhook in which a person writes `text`.
fn webhook(number: u32, text: &str) -> Vec<u8> {
    format!(
        r#"{{"object":"page","entry":[{{"id":"1001","time":1767225600123,"messaging":[{{"sender":{{"id":"2002"}},"recipient":{{"id":"1001"}},"timestamp":{},"message":{{"mid":"m_{number}","text":"{text}"}}}}]}}]}}"#,
        1_767_225_600_000_i64 + i64::from(number)
    )
    .into_bytes()
}

/// Runs an ingress, delivers these bodies to it, and ends it.
async fn deliver(log: &Log, bodies: &[Vec<u8>]) {
    let (words, listeners): (&[&str], &[&str]) = match log {
        Log::Embedded(_) => (&["standalone"], &["webhook", "grpc"]),
        Log::JetStream(_) => (&["run", "ingress"], &["webhook"]),
    };
    let process = nuncio(words, listeners, log, NOWHERE, &[]).await;
    for body in bodies {
        assert_eq!(http::deliver(process.address("webhook"), SECRET, body).await.unwrap().status, 200);
    }
    assert!(process.terminate().await.success());
}

/// How many texts of rule packs stand first in a log to which something was delivered so: an ingress alone keeps none.
const fn packs(log: &Log) -> usize {
    match log {
        Log::Embedded(_) => PACKS,
        Log::JetStream(_) => 0,
    }
}

/// Runs a command on this log.
async fn command(log: &Log, words: &[&str]) -> Output {
    let keys = log.keys();
    let sets = keys.iter().flat_map(|key| ["--set", key]);
    run(&words.iter().copied().chain(sets).collect::<Vec<_>>()).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What is exported, but for the texts of rule packs.
async fn exported(log: &Log, more: &[&str]) -> Vec<Value> {
    let lines = everything(log, more).await;
    lines.into_iter().filter(|line| line["stream"] != "system/packs").collect()
}

async fn everything(log: &Log, more: &[&str]) -> Vec<Value> {
    let output = command(log, &[&["log", "export"], more].concat()).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn records(lines: &[Value]) -> Vec<wire::Record> {
    let bytes = lines.iter().filter_map(|line| line["bytes"].as_str());
    bytes.map(|bytes| wire::Record::decode(hex::decode(bytes).unwrap().as_slice()).unwrap()).collect()
}

/// The checkpoint at which an export ended.
fn end(lines: &[Value]) -> String {
    lines.last().unwrap()["checkpoint"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_every_record_as_stored_and_goes_on_where_the_last_one_ended() {
    for log in [Log::embedded(), Log::jetstream()] {
        deliver(&log, &[webhook(1, "the first"), webhook(2, "the second")]).await;
        let first = exported(&log, &[]).await;
        let texts = |lines: &[Value]| {
            let text = |record: &wire::Record| {
                let Some(wire::event::Kind::Inbound(inbound)) = &record.events[0].kind else { panic!("no fact") };
                let Some(wire::inbound::Kind::Message(message)) = &inbound.kind else { panic!("no message") };
                message.text.clone()
            };
            records(lines).iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(texts(&first), ["the first", "the second"]);
        let header = first.iter().find(|line| line["bytes"].is_string()).unwrap();
        assert_eq!((&header["position"], &header["events"][0]), (&(packs(&log) + 1).into(), &"message".into()));

        deliver(&log, &[webhook(3, "the third")]).await;
        let rest = exported(&log, &["--from", &end(&first)]).await;
        assert_eq!(texts(&rest), ["the third"]);
        assert_eq!(texts(&exported(&log, &["--from", &end(&rest)]).await), [""; 0]);
        assert_eq!(texts(&exported(&log, &["--page", "1002"]).await), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_file_is_its_owners_alone_and_never_overwritten() {
    let (log, folder) = (Log::embedded(), tempfile::tempdir().unwrap());
    deliver(&log, &[webhook(1, "hello")]).await;
    let file = folder.path().join("export.bin");
    let words = ["log", "export", "--output", "binary", "--to", file.to_str().unwrap()];
    let output = command(&log, &words).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let bytes = std::fs::read(&file).unwrap();
    let (mut rest, mut items) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        items.push(wire::Exported::decode_length_delimited(&mut rest).unwrap().item.unwrap());
    }
    let [wire::exported::Item::Record(record), .., wire::exported::Item::Checkpoint(checkpoint)] = &items[PACKS..]
    else {
        panic!("{items:?}")
    };
    assert_eq!((record.shard, record.position), (0, PACKS as u64 + 1));
    assert!(wire::Record::decode(record.record.as_slice()).unwrap().stream.starts_with("conversation/1001/"));
    let told = format!("exported {} records; go on from here with --from {checkpoint}", PACKS + 1);
    assert!(text(&output.stderr).contains(&told));

    let again = command(&log, &words).await;
    assert!(!again.status.success());
    assert!(text(&again.stderr).contains("cannot make the file"), "{}", text(&again.stderr));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

/// Makes the record in which somebody wrote `text` unreadable, in the embedded log's file.
fn damage(log: &Log, text: &str) {
    let Log::Embedded(folder) = log else { panic!("only a file can be damaged") };
    let path = folder.path().join("log.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    // Its length, which from then on reaches beyond the record's end.
    bytes[at - 1] = 0x7f;
    std::fs::write(&path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_told_of_and_takes_nothing_else_with_it() {
    let log = Log::embedded();
    deliver(&log, &[webhook(1, "the first"), webhook(2, "the second"), webhook(3, "the third")]).await;
    let before = exported(&log, &[]).await;
    damage(&log, "the second");

    let output = command(&log, &["log", "export"]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stderr);
    let second = format!("0/{}", PACKS + 2);
    assert!(told.contains(&format!("{second} is unreadable (not a record: ")), "{told}");
    assert!(told.contains(&format!("exported {} records, 1 of which cannot be read", PACKS + 3)), "{told}");
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_wanted = |line: &&Value| line["bytes"].is_string() && line["stream"] != "system/packs";
    let of = |lines: &[Value]| lines.iter().filter(is_wanted).cloned().collect::<Vec<_>>();
    let (before, after) = (of(&before), of(&lines));
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    assert_eq!(after[1]["stream"], before[1]["stream"]);
    assert!(after[1]["unreadable"].as_str().unwrap().starts_with("not a record"), "{}", after[1]);
    let bytes = |line: &Value| hex::decode(line["bytes"].as_str().unwrap()).unwrap();
    let changed = bytes(&after[1]).iter().zip(bytes(&before[1])).filter(|(one, other)| *one != other).count();
    assert_eq!((changed, bytes(&after[1]).len()), (1, bytes(&before[1]).len()));

    let tail = command(&log, &["log", "tail", "--until-caught-up"]).await;
    assert!(tail.status.success(), "{}", text(&tail.stderr));
    let tail = text(&tail.stdout);
    let lines: Vec<_> = tail.lines().filter(|line| !line.contains("system/packs")).collect();
    let begins = format!("{second}  unreadable (not a record: ");
    assert!(lines.len() == 3 && lines[1].trim_start().starts_with(&begins), "{tail}");
    assert!(lines[1].contains(", in conversation/1001/"), "{tail}");
    let tail = text(&command(&log, &["log", "tail", "--until-caught-up", "--output", "json"]).await.stdout);
    assert_eq!(tail.lines().filter(|line| line.contains(r#""unreadable":"not a record"#)).count(), 1, "{tail}");
}

/// Brings the history in a database up to the log's end, as a role does.
async fn keep_history(log: &Log, url: &str) {
    let database = sql::Database::open(&url.into(), &sql::Options::default()).await.unwrap();
    let lines = everything(log, &[]).await;
    let incarnation = end(&lines).split('@').next().unwrap().to_owned();
    let mut transaction = database.begin().await.unwrap();
    let mut to = 0;
    for line in lines.iter().filter(|line| line["bytes"].is_string()) {
        let stored = hex::decode(line["bytes"].as_str().unwrap()).unwrap();
        let record = event_log::decode(&stored).unwrap();
        let (stream, record, position) = (&record.stream, record.id, line["position"].as_u64().unwrap());
        let entry = sql::history::NewEntry { stream, position, shard: 0, record, body: &stored };
        sql::history::insert(&mut transaction, &incarnation, entry).await.unwrap();
        to = position;
    }
    let (name, incarnation) = (sql::Derived::History.name(), incarnation.as_str());
    transaction.advance(sql::Advance { name, incarnation, shard: 0, from: 0, to }).await.unwrap();
    transaction.commit().await.unwrap();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_held_against_its_history_and_each_finding_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (log, tables) in [
        (Log::embedded(), format!("sqlite:{}", folder.path().join("tables.sqlite").display())),
        (Log::jetstream(), testkit::postgres().database()),
    ] {
        let key = format!("sql.url={tables}");
        let verify = async |words: &[&str]| {
            let words = [&["log", "verify", "--set", &key], words].concat();
            let output = command(&log, &words).await;
            (output.status.code(), text(&output.stdout), text(&output.stderr))
        };
        deliver(&log, &[webhook(1, "the first"), webhook(2, "the second"), webhook(3, "the third")]).await;
        let (code, _, stderr) = verify(&[]).await;
        assert!(code == Some(1) && stderr.contains("sql.url names the database with the history"), "{stderr}");
        assert!(command(&log, &["migrate", "--set", &key]).await.status.success());
        keep_history(&log, &tables).await;
        deliver(&log, &[webhook(4, "not kept yet")]).await;
        let (code, stdout, stderr) = verify(&[]).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        let (all, kept) = (packs(&log) + 4, packs(&log) + 3);
        assert_eq!(stdout, format!("{all} records, {kept} compared with the history; 0 erased; 0 findings\n"));
        let (code, stdout, _) = verify(&["--without-history", "--output", "json"]).await;
        let nothing = serde_json::json!({ "records": all, "compared": 0, "erased": 0, "findings": {} });
        assert_eq!((code, serde_json::from_str::<Value>(&stdout).unwrap()), (Some(0), nothing));

        if matches!(log, Log::JetStream(_)) {
            continue;
        }
        damage(&log, "the second");
        let (code, stdout, stderr) = verify(&["--output", "json"]).await;
        assert_eq!((code, stderr.as_str()), (Some(1), "error: 1 findings that no erasure explains\n"));
        let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [finding, summary] = &lines[..] else { panic!("{stdout}") };
        let second = PACKS + 2;
        assert_eq!((&finding["finding"], &finding["position"]), (&"log_altered".into(), &second.into()));
        assert!(finding["stream"].as_str().unwrap().starts_with("conversation/1001/"), "{finding}");
        assert_eq!(summary["findings"], serde_json::json!({ "log_altered": 1 }));
        let (_, stdout, _) = verify(&[]).await;
        assert!(stdout.starts_with(&format!("log_altered  0/{second}  conversation/1001/")), "{stdout}");
        assert!(stdout.contains("restore the log from a backup; the history has the record as it was"), "{stdout}");
        let (code, stdout, _) = verify(&["--without-history"]).await;
        assert!(
            code == Some(1) && stdout.starts_with(&format!("unreadable  0/{second}  conversation/1001/")),
            "{stdout}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_from_another_log_or_from_nonsense_is_refused() {
    let log = Log::embedded();
    deliver(&log, &[]).await;
    let other = command(&log, &["log", "export", "--from", "0011223344556677@1"]).await;
    assert!(text(&other.stderr).contains("another incarnation"), "{}", text(&other.stderr));
    let nonsense = command(&log, &["log", "export", "--from", "yesterday"]).await;
    assert!(text(&nonsense.stderr).contains("a checkpoint is what an earlier answer gave"));
    assert!(!other.status.success() && !nonsense.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_refuses_checkpoints_from_before_and_is_taken_up_again() {
    for log in [Log::embedded(), Log::jetstream()] {
        deliver(&log, &[webhook(1, "kept")]).await;
        let before = end(&exported(&log, &[]).await);
        let restored = ["log", "restored", "--lost-after", "2026-01-01T00:00:00Z", "--output", "json"];
        let output = command(&log, &restored).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(before.starts_with(told["previous_incarnation"].as_str().unwrap()));

        let refused = command(&log, &["log", "export", "--from", &before]).await;
        assert!(text(&refused.stderr).contains("before it was restored"), "{}", text(&refused.stderr));
        let everything = exported(&log, &[]).await;
        let streams: Vec<_> = records(&everything).into_iter().map(|record| record.stream).collect();
        assert!(streams.len() == 2 && streams.contains(&"system/log".to_owned()), "{streams:?}");
        assert!(end(&everything).starts_with(told["incarnation"].as_str().unwrap()));
        deliver(&log, &[webhook(2, "new")]).await;
        assert!(command(&log, &restored).await.status.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_into_a_log_that_is_not_there_says_so_and_does_not_make_it() {
    let restored = ["log", "restored", "--lost-after", "2026-01-01T00:00:00Z"];
    for log in [Log::embedded(), Log::jetstream()] {
        for _ in 0..2 {
            let show = ["conversation", "show", "1001", "2002"];
            let replay = ["log", "replay-quarantine"];
            for words in [&["log", "tail"][..], &["log", "export"], &show, &replay, &restored] {
                let output = command(&log, words).await;
                assert!(!output.status.success() && output.stdout.is_empty());
                assert!(text(&output.stderr).contains("there is no log "), "{}", text(&output.stderr));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_erasure_has_yet_to_remove_is_not_shown() {
    let log = Log::embedded();
    deliver(&log, &[webhook(1, "a secret")]).await;
    let show = ["conversation", "show", "1001", "2002"];
    assert!(text(&command(&log, &show).await.stdout).contains("a secret"));
    let path = log.keys()[0].replace("log.path=", "");
    let opened = SqliteLog::open(Path::new(&path), Config::default()).unwrap();
    let (page, psid) = (PageId::parse("1001").unwrap(), Psid::parse("2002").unwrap());
    let now = Timestamp::from_millis(1_767_225_700_000);
    let begun = Erasing { at: now, kind: ErasingKind::Begun { until: now } };
    let record = Record {
        id: RecordId::new(Uuid::from_u128(7)),
        stream: StreamId::Conversation(page.clone(), opened.identity().person_key(&page, &psid)),
        recorded_at: now,
        fact: None,
        traceparent: None,
        events: vec![Event::Erasing(begun)],
    };
    opened.append(&record, Expected::Any).await.unwrap();
    drop(opened);
    let shown = text(&command(&log, &show).await.stdout);
    assert!(!shown.contains("a secret"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_refused_while_a_process_runs_or_without_a_log_or_with_a_time_to_come() {
    let log = Log::embedded();
    let missing = command(&log, &["log", "restored", "--lost-after", "2026-01-01T00:00:00Z"]).await;
    assert!(text(&missing.stderr).contains("there is no log at"), "{}", text(&missing.stderr));
    deliver(&log, &[]).await;
    let to_come = command(&log, &["log", "restored", "--lost-after", "2999-01-01T00:00:00Z"]).await;
    assert!(text(&to_come.stderr).contains("yet to come"), "{}", text(&to_come.stderr));
    let nonsense = command(&log, &["log", "restored", "--lost-after", "noon"]).await;
    assert!(text(&nonsense.stderr).contains("a time looks like"), "{}", text(&nonsense.stderr));
    let process = nuncio(&["standalone"], &["webhook"], &log, NOWHERE, &[]).await;
    let running = command(&log, &["log", "restored", "--lost-after", "2026-01-01T00:00:00Z"]).await;
    assert!(text(&running.stderr).contains("another process has the log"), "{}", text(&running.stderr));
    assert!(process.terminate().await.success());
    for output in [missing, to_come, nonsense, running] {
        assert!(!output.status.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quarantine_is_read_again_and_what_is_known_stays_as_it_is() {
    for log in [Log::embedded(), Log::jetstream()] {
        let instagram = webhook(1, "x");
        let instagram = text(&instagram).replace(r#""object":"page""#, r#""object":"instagram""#).into_bytes();
        let half = text(&webhook(2, "good")).replace(r#""entry":["#, r#""entry":[7,"#).into_bytes();
        deliver(&log, &[b"hello".to_vec(), instagram, half]).await;
        let before = records(&exported(&log, &[]).await);
        assert_eq!(before.len(), 4);
        for words in [&["--dry-run"][..], &["--since", "2026-01-01T00:00:00Z"], &[]] {
            let output = command(&log, &[&["log", "replay-quarantine", "--output", "json"], words].concat()).await;
            assert!(output.status.success(), "{}", text(&output.stderr));
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            let bodies = serde_json::json!({ "passed_over": 0, "unreadable": 2, "read": 1 });
            let facts = serde_json::json!({ "new": 0, "known": 1, "erased": 0, "unplaced": 1 });
            assert_eq!(told, serde_json::json!({ "bodies": bodies, "facts": facts }));
        }
        assert_eq!(records(&exported(&log, &[]).await), before);
        let told = text(&command(&log, &["log", "replay-quarantine"]).await.stdout);
        assert!(told.contains("1 understood, 2 still unreadable"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quarantine_of_a_running_process_can_be_looked_at_and_not_replayed() {
    let log = Log::embedded();
    let process = nuncio(&["standalone"], &["webhook"], &log, NOWHERE, &[]).await;
    let dry = command(&log, &["log", "replay-quarantine", "--dry-run"]).await;
    assert!(dry.status.success(), "{}", text(&dry.stderr));
    let wet = command(&log, &["log", "replay-quarantine"]).await;
    assert!(!wet.status.success() && text(&wet.stderr).contains("another process has the log"));
    assert!(process.terminate().await.success());
}
