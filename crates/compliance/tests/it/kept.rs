//! The texts of the packs that a process knows, kept in the log.

use crate::sandbox::Sandbox;
use compliance::{Proposed, keep_packs};
use domain::id::StreamId;
use domain::pack::{BUILT_IN, Packs};
use domain::time::Timestamp;
use event_log::EventLog;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

fn proposed() -> Vec<Proposed> {
    let text = BUILT_IN[4].1.replace("name = \"messenger-2026-09\"", "name = \"own\"");
    vec![Proposed { file: "own.toml".to_owned(), text }]
}

#[tokio::test]
async fn of_several_replicas_that_start_at_once_each_text_is_kept_once_and_none_is_activated() {
    let sandbox = Sandbox::start().await;
    let mut replicas = JoinSet::new();
    for _ in 0..4 {
        let deps = sandbox.deps.clone();
        replicas.spawn(async move { keep_packs(deps, &proposed(), &CancellationToken::new()).await });
    }
    while let Some(replica) = replicas.join_next().await {
        replica.unwrap().unwrap();
    }
    let stored = sandbox.log.read(&StreamId::packs(), 0).await.unwrap();
    assert_eq!(stored.len(), BUILT_IN.len() + 1);
    let mut packs = Packs::built_in();
    stored.iter().flat_map(|stored| &stored.record.events).for_each(|event| packs.evolve(event));
    assert!(packs.keep_known(Timestamp::default()).is_empty());
    let active: Vec<_> = packs.all().map(|(pack, is_active)| (pack.reference().name.as_str(), is_active)).collect();
    assert!(active.contains(&("own", false)) && active.contains(&("messenger-2020", true)));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_start_that_finds_all_texts_appends_nothing() {
    let sandbox = Sandbox::start().await;
    for _ in 0..2 {
        keep_packs(sandbox.deps.clone(), &[], &CancellationToken::new()).await.unwrap();
        assert_eq!(sandbox.log.read(&StreamId::packs(), 0).await.unwrap().len(), BUILT_IN.len());
    }
    sandbox.stop().await;
}
