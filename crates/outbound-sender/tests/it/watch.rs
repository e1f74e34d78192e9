//! Watching messages: nothing is missed, whoever stops and resumes.

use crate::parts::within;
use crate::sandbox::{ASHA, BILAL, PAGE, Sandbox};
use crate::words::{reason, recorded, says, wrong_fields};
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::State;
use api::proto::outbound::v1::watch_messages_response::Kind as Told;
use event_log::partition_of;
use std::time::Duration;
use tonic::{Code, Status, Streaming};

/// A stream of steps, with the last checkpoint that it told.
struct Watch {
    steps: Streaming<pb::WatchMessagesResponse>,
    checkpoint: String,
}

/// A message's name and its state.
type Seen = (String, State);

impl Watch {
    async fn next(&mut self) -> Told {
        let told = within(self.steps.message()).await.unwrap().expect("the stream goes on").kind.unwrap();
        if let Told::Checkpoint(checkpoint) | Told::CaughtUp(checkpoint) = &told {
            self.checkpoint.clone_from(checkpoint);
        }
        told
    }

    /// All steps until the word that everything that was has been told.
    async fn past(&mut self) -> Vec<Seen> {
        within(async {
            let mut seen = Vec::new();
            loop {
                match self.next().await {
                    Told::Step(step) => seen.push((step.name.clone(), step.state())),
                    Told::Checkpoint(_) => (),
                    Told::CaughtUp(_) => return seen,
                    Told::Reset(_) => panic!("the checkpoint is good"),
                }
            }
        })
        .await
    }

    /// All steps until the message is out, and then the checkpoint behind them.
    async fn until_sent(&mut self, name: &str) -> Vec<Seen> {
        within(async {
            let mut seen = Vec::new();
            loop {
                match self.next().await {
                    Told::Step(step) => seen.push((step.name.clone(), step.state())),
                    Told::Checkpoint(_) if seen.contains(&(name.to_owned(), State::Sent)) => return seen,
                    Told::Checkpoint(_) => (),
                    Told::CaughtUp(_) | Told::Reset(_) => panic!("it is told at the beginning, and once"),
                }
            }
        })
        .await
    }
}

impl Sandbox {
    async fn try_watch(&self, parent: &str, checkpoint: &str) -> Result<Watch, Status> {
        let request = pb::WatchMessagesRequest { parent: parent.to_owned(), checkpoint: checkpoint.to_owned() };
        let mut outbound = self.outbound.clone();
        let steps = within(outbound.watch_messages(request)).await?.into_inner();
        Ok(Watch { steps, checkpoint: checkpoint.to_owned() })
    }

    async fn watch(&self, checkpoint: &str) -> Watch {
        self.try_watch("pages/-", checkpoint).await.unwrap()
    }

    /// A message that is out.
    async fn sends(&self, psid: &str, id: &str) -> String {
        let name = self.send(says(psid, id, id)).await.name;
        self.becomes(&name, State::Sent).await;
        name
    }
}

/// The states of one message, each once: the answer and the echo both say that it is out.
fn states(seen: &[Seen], name: &str) -> Vec<State> {
    let mut states: Vec<_> = seen.iter().filter(|(of, _)| of == name).map(|(_, state)| *state).collect();
    states.dedup();
    states
}

const WHOLE_LIFE: [State; 3] = [State::Accepted, State::Dispatched, State::Sent];

#[tokio::test]
async fn watching_tells_what_was_then_that_it_has_caught_up_then_what_comes() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let first = sandbox.sends(ASHA, "1").await;
    let blocked = sandbox.refused(says(BILAL, "1", "hello")).await;
    let blocked = crate::words::metadata(&blocked, "message");
    let mut watch = sandbox.watch("").await;
    let past = watch.past().await;
    assert_eq!(states(&past, &first), WHOLE_LIFE);
    assert_eq!(states(&past, &blocked), [State::Blocked]);
    let second = sandbox.sends(ASHA, "2").await;
    let live = watch.until_sent(&second).await;
    assert_eq!(states(&live, &second), WHOLE_LIFE);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_step_tells_revision_time_and_mid() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let name = sandbox.sends(ASHA, "1").await;
    let message = sandbox.get(&name).await.unwrap();
    let mut watch = sandbox.watch("").await;
    let mut last_revision = 0;
    loop {
        let Told::Step(step) = watch.next().await else { break };
        assert!(step.revision > last_revision && step.time.is_some());
        last_revision = step.revision;
        let mid = if step.state() == State::Sent { message.mid.as_str() } else { "" };
        assert_eq!(step.mid, mid);
    }
    assert!(last_revision > 0 && last_revision <= sandbox.get(&name).await.unwrap().revision);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_watch_that_resumes_from_a_checkpoint_misses_nothing_and_tells_nothing_twice() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let first = sandbox.sends(ASHA, "1").await;
    sandbox.has_all_webhooks().await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    let checkpoint = watch.checkpoint.clone();
    drop(watch);
    let second = sandbox.sends(ASHA, "2").await;
    let mut watch = sandbox.watch(&checkpoint).await;
    let past = watch.past().await;
    assert_eq!(states(&past, &first), []);
    assert_eq!(states(&past, &second), WHOLE_LIFE);
    let third = sandbox.sends(ASHA, "3").await;
    watch.until_sent(&third).await;
    // A checkpoint in the middle of the live part is as good.
    let fourth = sandbox.sends(ASHA, "4").await;
    let mut resumed = sandbox.watch(&watch.checkpoint).await;
    let past = resumed.past().await;
    assert_eq!(states(&past, &fourth), WHOLE_LIFE);
    assert_eq!(states(&past, &second), []);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_step_of_an_old_message_is_told_right_also_without_its_past() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.admin.inject(simulator::FaultKind::ResponseLost, 1).await.unwrap();
    sandbox.takes_webhooks.send_replace(false);
    let name = sandbox.send(says(ASHA, "1", "yes")).await.name;
    sandbox.becomes(&name, State::Dispatched).await;
    sandbox.called(1).await;
    let mut watch = sandbox.watch("").await;
    assert_eq!(states(&watch.past().await, &name), [State::Accepted, State::Dispatched]);
    sandbox.takes_webhooks.send_replace(true);
    sandbox.becomes(&name, State::Sent).await;
    let mut resumed = sandbox.watch(&watch.checkpoint).await;
    assert_eq!(states(&resumed.past().await, &name), [State::Sent]);
    sandbox.stop().await;
}

#[tokio::test]
async fn watching_one_page_tells_nothing_of_another() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let name = sandbox.sends(ASHA, "1").await;
    let mut own = sandbox.try_watch(&format!("pages/{PAGE}"), "").await.unwrap();
    assert_eq!(states(&own.past().await, &name), WHOLE_LIFE);
    let mut other = sandbox.try_watch("pages/1002", "").await.unwrap();
    assert_eq!(other.past().await, []);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_checkpoint_that_is_none_or_lies_ahead_of_the_log_is_refused() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    let (incarnation, _) = watch.checkpoint.split_once('@').unwrap();
    let status = sandbox.try_watch("pages/-", &format!("{incarnation}@999999")).await.err().unwrap();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "CHECKPOINT_UNKNOWN"));
    let status = sandbox.try_watch("1001", "yesterday").await.err().unwrap();
    assert_eq!(wrong_fields(&status), ["parent", "checkpoint"]);
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
async fn watching_ends_when_the_server_stops() {
    let sandbox = Sandbox::start().await;
    let mut watch = sandbox.watch("").await;
    watch.past().await;
    sandbox.begin_to_stop_the_server();
    within(async { while watch.steps.message().await.unwrap().is_some() {} }).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_checkpoint_of_another_incarnation_resets_the_watch_and_all_is_told() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let name = sandbox.sends(ASHA, "1").await;
    let mut watch = sandbox.watch("0011223344556677@1").await;
    let reason = pb::ResetReason::OtherIncarnation.into();
    assert_eq!(watch.next().await, Told::Reset(pb::Reset { reason }));
    assert_eq!(states(&watch.past().await, &name), WHOLE_LIFE);
    sandbox.stop().await;
}

#[tokio::test]
async fn watching_one_conversation_tells_nothing_of_another() {
    let sandbox = Sandbox::start().await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    // Only somebody in her partition could be taken for her: others are passed over before.
    let partition = partition_of(&sandbox.conversation(ASHA));
    let near = (1..).map(|n| format!("7070{n}")).find(|psid| partition_of(&sandbox.conversation(psid)) == partition);
    let near = near.unwrap();
    let (own, other) = (sandbox.sends(ASHA, "1").await, sandbox.sends(BILAL, "1").await);
    let beside = sandbox.send(recorded(says(&near, "1", "to a stranger"))).await.name;
    let mut watch = sandbox.try_watch(&format!("pages/{PAGE}/conversations/{ASHA}"), "").await.unwrap();
    let past = watch.past().await;
    assert_eq!((states(&past, &own), states(&past, &other)), (WHOLE_LIFE.to_vec(), Vec::new()));
    assert_eq!(states(&past, &beside), []);
    let next = sandbox.sends(ASHA, "2").await;
    sandbox.sends(BILAL, "2").await;
    let live = watch.until_sent(&next).await;
    assert!(live.iter().all(|(name, _)| *name == next), "{live:?}");
    sandbox.stop().await;
}
