//! `kill -9` in the middle of deliveries: what was answered 200 is there afterwards, once.

use crate::http;
use crate::process::run;
use crate::world::{Log, SECRET, standalone};
use domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

const WEBHOOKS: usize = 300;
/// Deliveries under way at a time, as the platform would have them.
const AT_A_TIME: usize = 16;
/// After how many answers the process is killed.
const KILL_AFTER: [usize; 3] = [40, 140, 230];

/// One webhook of one message, and the fact that it states.
pub(crate) fn webhook(number: usize) -> (Vec<u8>, String) {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1001","time":1767225600123,"messaging":[{{"sender":{{"id":"{}"}},"recipient":{{"id":"1001"}},"timestamp":{},"message":{{"mid":"m_{number}","text":"message {number}"}}}}]}}]}}"#,
        2_000 + number % 40,
        1_767_225_600_000_i64 + i64::try_from(number).unwrap(),
    );
    let batch = messenger::webhook::parse(body.as_bytes(), Timestamp::from_millis(1_767_225_700_000)).unwrap();
    (body.into_bytes(), batch.facts[0].fact.fact.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_01_what_was_answered_200_survives_three_kills_in_300_webhooks() {
    let log = Log::embedded();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let webhooks: Vec<_> = (0..WEBHOOKS).map(webhook).collect();
    let mut open: BTreeSet<usize> = (0..WEBHOOKS).collect();
    let mut answered = BTreeSet::new();
    for kill_after in KILL_AFTER {
        let process = standalone(&log, nowhere, &[]).await;
        let before = answered.len();
        assert!(before < kill_after, "the kill comes in the middle");
        let address = process.address("webhook");
        let fresh = deliver(&webhooks, &open, address, Some(kill_after - before), process).await;
        open.retain(|number| !fresh.contains(number));
        answered.extend(fresh);
        assert!(answered.len() < WEBHOOKS, "the kill came in the middle");
        check(&log, &webhooks, &answered).await;
    }
    // The platform delivers again whatever was not answered 200, also what had reached the log all the same.
    let process = standalone(&log, nowhere, &[]).await;
    let address = process.address("webhook");
    let fresh = deliver(&webhooks, &open, address, None, process).await;
    answered.extend(fresh);
    assert_eq!(answered.len(), WEBHOOKS);
    check(&log, &webhooks, &answered).await;
}

/// Delivers all that is open, and kills the process after so many answers. Answers which were answered 200.
async fn deliver(
    webhooks: &[(Vec<u8>, String)],
    open: &BTreeSet<usize>,
    address: SocketAddr,
    kill_after: Option<usize>,
    process: crate::process::Process,
) -> BTreeSet<usize> {
    let process = Arc::new(Mutex::new(Some(process)));
    let answered = Arc::new(Mutex::new(BTreeSet::new()));
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut deliveries = JoinSet::new();
    for number in open.iter().copied() {
        let (body, places) = (webhooks[number].0.clone(), Arc::clone(&places));
        let (process, answered) = (Arc::clone(&process), Arc::clone(&answered));
        deliveries.spawn(async move {
            let _place = places.acquire().await.unwrap();
            // After the kill there is nobody left to answer.
            let Ok(answer) = http::deliver(address, SECRET, &body).await else { return };
            if answer.status != 200 {
                return;
            }
            let count = {
                let mut answered = answered.lock().await;
                answered.insert(number);
                answered.len()
            };
            if kill_after.is_some_and(|limit| count >= limit)
                && let Some(process) = process.lock().await.take()
            {
                process.kill().await;
            }
        });
    }
    deliveries.join_all().await;
    let remaining = process.lock().await.take();
    if let Some(process) = remaining {
        assert_eq!(kill_after, None, "the process was to be killed");
        assert!(process.terminate().await.success());
    }
    Arc::into_inner(answered).unwrap().into_inner()
}

/// Every webhook answered 200 is in the log exactly once, and nothing is there twice.
pub(crate) async fn check(log: &Log, webhooks: &[(Vec<u8>, String)], answered: &BTreeSet<usize>) {
    let keys = log.keys();
    let mut args = vec!["log", "tail", "--until-caught-up", "--output", "json"];
    args.extend(keys.iter().flat_map(|key| ["--set", key]));
    let output = run(&args).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        // What we did ourselves states no fact.
        let Some(fact) = record["fact"].as_str() else { continue };
        *stored.entry(fact.to_owned()).or_default() += 1;
    }
    for number in answered {
        let fact = &webhooks[*number].1;
        assert_eq!(stored.get(fact), Some(&1), "webhook {number} was answered 200");
    }
    assert!(stored.values().all(|count| *count == 1), "something is there twice");
}
