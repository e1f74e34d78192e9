//! Watching what people do: nothing is missed, whoever stops and resumes.

use crate::sandbox::{ASHA, BILAL, NOON, OTHER_PAGE, PAGE, Sandbox, after, reason, with, within, wrong_fields};
use api::proto::conversation::v1 as pb;
use api::proto::conversation::v1::watch_inbound_response::Kind as Told;
use std::time::Duration;
use tonic::{Code, Status, Streaming};

/// A stream of what people do, with the last checkpoint that it told.
struct Watch {
    told: Streaming<pb::WatchInboundResponse>,
    checkpoint: String,
}

/// A conversation's name, and the text or the kind of what happened there.
type Seen = (String, String);

impl Watch {
    async fn next(&mut self) -> Told {
        let told = within(self.told.message()).await.unwrap().expect("the stream goes on").kind.unwrap();
        if let Told::Checkpoint(checkpoint) | Told::CaughtUp(checkpoint) = &told {
            self.checkpoint.clone_from(checkpoint);
        }
        told
    }

    /// Everything until the word that all that was has been told.
    async fn past(&mut self) -> Vec<Seen> {
        within(async {
            let mut seen = Vec::new();
            loop {
                match self.next().await {
                    Told::Event(event) => seen.push(shown(event)),
                    Told::Checkpoint(_) => (),
                    Told::CaughtUp(_) => return seen,
                }
            }
        })
        .await
    }

    /// The next thing that happens.
    async fn live(&mut self) -> Seen {
        within(async {
            loop {
                match self.next().await {
                    Told::Event(event) => return shown(event),
                    Told::Checkpoint(_) => (),
                    Told::CaughtUp(_) => panic!("it is told once"),
                }
            }
        })
        .await
    }
}

fn shown(told: pb::InboundEvent) -> Seen {
    let event = told.event.unwrap();
    assert!(event.revision > 0 && !event.record.is_empty() && event.time.is_some());
    (told.conversation, if event.text.is_empty() { event.kind } else { event.text })
}

fn seen(page: &str, psid: &str, text: &str) -> Seen {
    (with(page, psid), text.to_owned())
}

impl Sandbox {
    async fn try_watch(&self, parent: &str, checkpoint: &str) -> Result<Watch, Status> {
        let request = pb::WatchInboundRequest { parent: parent.to_owned(), checkpoint: checkpoint.to_owned() };
        let told = within(self.conversations.clone().watch_inbound(request)).await?.into_inner();
        Ok(Watch { told, checkpoint: checkpoint.to_owned() })
    }

    async fn watch(&self, checkpoint: &str) -> Watch {
        self.try_watch("pages/-", checkpoint).await.unwrap()
    }
}

#[tokio::test]
async fn watching_tells_what_was_then_that_it_has_caught_up_then_what_comes() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "one", NOON).await;
    sandbox.writes(OTHER_PAGE, BILAL, "two", after(1)).await;
    let mut watch = sandbox.watch("").await;
    assert_eq!(watch.past().await, [seen(PAGE, ASHA, "one"), seen(OTHER_PAGE, BILAL, "two")]);
    sandbox.writes(PAGE, ASHA, "three", after(2)).await;
    assert_eq!(watch.live().await, seen(PAGE, ASHA, "three"));
    sandbox.stop().await;
}

#[tokio::test]
async fn what_we_do_ourselves_is_not_told_and_its_echo_is() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "one", NOON).await;
    let message = sandbox.answers("yes", after(1)).await;
    sandbox.echoes(&message, "yes", after(2)).await;
    let mut watch = sandbox.watch("").await;
    assert_eq!(watch.past().await, [seen(PAGE, ASHA, "one"), seen(PAGE, ASHA, "yes")]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_watch_that_resumes_from_a_checkpoint_misses_nothing_and_tells_nothing_twice() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "one", NOON).await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    let checkpoint = watch.checkpoint.clone();
    drop(watch);
    sandbox.writes(PAGE, ASHA, "two", after(1)).await;
    let mut watch = sandbox.watch(&checkpoint).await;
    assert_eq!(watch.past().await, [seen(PAGE, ASHA, "two")]);
    // A live checkpoint is as good.
    sandbox.writes(PAGE, BILAL, "three", after(2)).await;
    assert_eq!(watch.live().await, seen(PAGE, BILAL, "three"));
    while !matches!(watch.next().await, Told::Checkpoint(_)) {}
    sandbox.writes(PAGE, ASHA, "four", after(3)).await;
    let mut resumed = sandbox.watch(&watch.checkpoint).await;
    assert_eq!(resumed.past().await, [seen(PAGE, ASHA, "four")]);
    sandbox.stop().await;
}

#[tokio::test]
async fn watching_one_page_tells_nothing_of_another_and_still_moves_on() {
    let sandbox = Sandbox::start().await;
    sandbox.writes(PAGE, ASHA, "one", NOON).await;
    sandbox.writes(OTHER_PAGE, ASHA, "two", after(1)).await;
    let mut watch = sandbox.try_watch(&format!("pages/{PAGE}"), "").await.unwrap();
    assert_eq!(watch.past().await, [seen(PAGE, ASHA, "one")]);
    let before = watch.checkpoint.clone();
    sandbox.writes(OTHER_PAGE, ASHA, "three", after(2)).await;
    // The checkpoint passes what was not told, so nobody reads it again.
    while watch.checkpoint == before {
        assert!(matches!(watch.next().await, Told::Checkpoint(_)));
    }
    sandbox.writes(PAGE, ASHA, "four", after(3)).await;
    assert_eq!(watch.live().await, seen(PAGE, ASHA, "four"));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_checkpoint_comes_at_least_every_second_when_nothing_happens() {
    let sandbox = Sandbox::start().await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    let three = async {
        for _ in 0..3 {
            assert!(matches!(watch.next().await, Told::Checkpoint(_)));
        }
    };
    tokio::time::timeout(Duration::from_secs(3), three).await.expect("one a second");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_checkpoint_that_is_none_or_belongs_to_another_log_is_refused() {
    let sandbox = Sandbox::start().await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    let (incarnation, _) = watch.checkpoint.split_once('@').unwrap();
    for checkpoint in ["0011223344556677@1".to_owned(), format!("{incarnation}@999999")] {
        let status = sandbox.try_watch("pages/-", &checkpoint).await.err().unwrap();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "CHECKPOINT_UNKNOWN"));
    }
    let status = sandbox.try_watch("1001", "yesterday").await.err().unwrap();
    assert_eq!(
        (status.code(), wrong_fields(&status).join(" ")),
        (Code::InvalidArgument, "parent checkpoint".to_owned())
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn watching_ends_when_the_service_stops() {
    let sandbox = Sandbox::start().await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    sandbox.begin_to_stop();
    within(async { while watch.told.message().await.unwrap().is_some() {} }).await;
    sandbox.stop().await;
}
