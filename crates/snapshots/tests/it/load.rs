//! Tables are dropped while everything runs.

use crate::sandbox::{Process, Sandbox, on_both, stream};
use domain::conversation::Conversation;
use event_log::{EventLog, Stored};
use sql::Derived;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

on_both!(invariant_09_snapshots_dropped_under_load_change_no_state);

const CONVERSATIONS: u8 = 4;
const ROUNDS: usize = 12;

async fn invariant_09_snapshots_dropped_under_load_change_no_state(sandbox: Sandbox) {
    let sandbox = Arc::new(sandbox);
    let process = Arc::new(sandbox.process());
    let mut loads = JoinSet::new();
    for number in 0..CONVERSATIONS {
        let (sandbox, process) = (Arc::clone(&sandbox), Arc::clone(&process));
        loads.spawn(async move {
            for _ in 0..ROUNDS {
                sandbox.log.grow(&stream(number), 25).await;
                // One that has it in memory, and one that has just started.
                check(&sandbox, &process, number).await;
                check(&sandbox, &sandbox.process(), number).await;
            }
        });
    }
    let stop = CancellationToken::new();
    let mut drops = JoinSet::new();
    drops.spawn({
        let (sandbox, stop) = (Arc::clone(&sandbox), stop.clone());
        async move {
            let mut n_drops = 0;
            while !stop.is_cancelled() {
                // Not before there is something to drop.
                if n_rows(&sandbox).await > 0 {
                    sandbox.database.drop_derived(Derived::Snapshots).await.unwrap();
                    n_drops += 1;
                }
            }
            n_drops
        }
    });
    loads.join_all().await;
    stop.cancel();
    let n_drops: Vec<u32> = drops.join_all().await;
    assert!(n_drops[0] > 0, "nothing was dropped");
    for number in 0..CONVERSATIONS {
        check(&sandbox, &sandbox.process(), number).await;
    }
}

/// How many of the conversations have a snapshot.
async fn n_rows(sandbox: &Sandbox) -> usize {
    let mut rows = 0;
    for number in 0..CONVERSATIONS {
        rows += usize::from(sandbox.row(&stream(number)).await.is_some());
    }
    rows
}

/// What the process answers is what the log says of the records up to there.
async fn check(sandbox: &Sandbox, process: &Process, number: u8) {
    let stream = stream(number);
    let loaded = process.conversations.load(&stream).await.unwrap();
    let records = sandbox.log.read(&stream, 0).await.unwrap();
    let known = records.iter().take_while(|stored| stored.position <= loaded.revision);
    assert_eq!(*loaded.state, Conversation::fold(known.flat_map(Stored::events)));
}
