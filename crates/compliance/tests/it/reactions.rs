//! Words by which people stop and resume messages, and refusals that concern a whole Page.

use crate::sandbox::{NOON, Sandbox, after, at, may};
use api::proto::compliance::v1::{Automation, GetPageHealthRequest, PageStanding, Purpose, Verdict, actor};
use compliance::Deps;
use domain::event::consent::Words;
use domain::event::{
    Concern, Erasing, ErasingKind, Event, InboundKind, Message, Outcome, PageStepKind, Sending, SendingKind,
};
use domain::id::{SendId, StreamId};
use domain::time::Timestamp;
use event_log::{EventLog, Stored};
use sql::Derived;
use std::time::Duration;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

fn words() -> Words {
    Words { stop: vec!["STOP".to_owned()], start: vec!["START".to_owned()] }
}

fn says(text: &str) -> InboundKind {
    InboundKind::Message(Message { text: text.to_owned(), ..Message::default() })
}

impl Sandbox {
    fn conversation(&self) -> StreamId {
        StreamId::Conversation(Self::page(), self.asha())
    }

    async fn consents(&self) -> usize {
        self.events(&self.conversation()).await.iter().filter(|event| matches!(event, Event::Consent(_))).count()
    }

    async fn refusals(&self) -> usize {
        let is_refusal =
            |event: &&Event| matches!(event, Event::Page(step) if matches!(step.kind, PageStepKind::Refused { .. }));
        self.events(&StreamId::Page(Self::page())).await.iter().filter(is_refusal).count()
    }

    async fn events(&self, stream: &StreamId) -> Vec<Event> {
        let stored = self.log.read(stream, 0).await.unwrap();
        stored.into_iter().flat_map(|Stored { record, .. }| record.events).collect()
    }

    /// Whether automation may say something to Asha an hour after noon, once everything that was told is taken up.
    async fn until_automation(&self, may_it: bool) {
        testkit::eventually(PATIENCE, || async {
            let asked = may(actor::Kind::Automation(Automation {}), Purpose::Conversation);
            let decision = self.decision(at(after(1, 0), asked)).await;
            ((decision.verdict() == Verdict::Allowed) == may_it).then_some(())
        })
        .await;
    }

    /// A send of Asha's that the platform refused.
    pub(crate) async fn rejected(&self, n: u128, at: Timestamp, code: i64, subcode: i64) {
        self.settled(n, at, Outcome::Rejected { code, subcode, concern: Concern::Message }).await;
    }

    pub(crate) async fn settled(&self, n: u128, at: Timestamp, outcome: Outcome) {
        let send = SendId::new(Self::page(), self.asha(), Uuid::from_u128(n));
        let kind = SendingKind::Settled { attempt: 1, outcome };
        let step = Event::Sending(Box::new(Sending { send, at, kind }));
        self.happened(self.conversation(), vec![step]).await;
    }

    /// Waits until everything that stands in the log was taken up, as far as a table of that name tells.
    async fn until_stored(&self, derived: Derived) {
        let head = self.log.head().await.unwrap();
        let database = self.deps.database.clone().unwrap();
        testkit::eventually(PATIENCE, || async {
            let reached = database.reached(derived.name()).await.unwrap()?;
            (reached.positions.get(&0).copied() >= head.positions.first().copied()).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_stops_what_nobody_asked_for_and_another_resumes_it() {
    let sandbox = Sandbox::start().await.with_reactions(words());
    sandbox.hears(NOON).await;
    sandbox.until_automation(true).await;
    sandbox.told(after(0, 10), after(0, 10), says("stop!")).await;
    sandbox.until_automation(false).await;
    sandbox.told(after(0, 20), after(0, 20), says("Start")).await;
    sandbox.until_automation(true).await;
    // The time that counts is the person's: one that comes late says nothing new.
    sandbox.told(after(0, 5), after(0, 30), says("Stop.")).await;
    sandbox.told(after(0, 40), after(0, 40), says("please stop calling it a sale")).await;
    sandbox.until_stored(Derived::Reactions).await;
    let consents = sandbox.events(&sandbox.conversation()).await;
    let times: Vec<_> = consents
        .iter()
        .filter_map(|event| if let Event::Consent(consent) = event { Some(consent.at) } else { None })
        .collect();
    assert_eq!(times, [after(0, 10), after(0, 20)]);
    sandbox.until_automation(true).await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_words_nothing_is_a_wish() {
    let sandbox = Sandbox::start().await.with_reactions(Words::default());
    sandbox.told(NOON, NOON, says("stop")).await;
    sandbox.until_stored(Derived::Reactions).await;
    assert_eq!(sandbox.consents().await, 0);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_up_is_not_taken_up_again_by_replicas_nor_from_the_beginning() {
    let sandbox = Sandbox::start().await;
    let without = Deps { database: None, ..sandbox.deps.clone() };
    let (one, other) = (sandbox.deps.clone(), without.clone());
    let sandbox = sandbox.with_reactions_by(one, words()).with_reactions_by(other, words());
    sandbox.told(NOON, NOON, says("stop")).await;
    sandbox.rejected(1, NOON, 368, 0).await;
    sandbox.rejected(2, after(0, 59_999), 10, 1_893_063).await;
    sandbox.until_stored(Derived::Reactions).await;
    // A third one begins anew, and what comes behind shows that it has come so far.
    let sandbox = sandbox.with_reactions_by(without, words());
    sandbox.rejected(3, after(0, 60_000), 368, 0).await;
    sandbox.told(after(0, 3), after(0, 3), says("START")).await;
    testkit::eventually(PATIENCE, || async { (sandbox.consents().await == 2).then_some(()) }).await;
    sandbox.until_stored(Derived::Reactions).await;
    assert_eq!((sandbox.consents().await, sandbox.refusals().await), (2, 2));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_words_grant_nothing() {
    let sandbox = Sandbox::start().await;
    let until = after(0, 10);
    sandbox.told(after(0, 5), after(0, 5), says("START")).await;
    let begun = Event::Erasing(Erasing { at: until, kind: ErasingKind::Begun { until } });
    sandbox.happened(sandbox.conversation(), vec![begun]).await;
    let sandbox = sandbox.with_reactions(words());
    sandbox.told(after(0, 20), after(0, 20), says("stop")).await;
    sandbox.until_automation(false).await;
    sandbox.until_stored(Derived::Reactions).await;
    assert_eq!(sandbox.consents().await, 1);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_whole_page_restricts_it_and_another_refusal_does_not() {
    let sandbox = Sandbox::start().await.with_reactions(Words::default());
    sandbox.rejected(1, NOON, 100, 0).await;
    sandbox.rejected(2, NOON, 551, 0).await;
    sandbox.rejected(3, after(0, 5), 368, 0).await;
    let health = testkit::eventually(PATIENCE, || async {
        let request = GetPageHealthRequest { name: "pages/1001".to_owned(), at_time: None };
        let health = sandbox.compliance.clone().get_page_health(request).await.unwrap().into_inner();
        (health.standing() == PageStanding::Restricted).then_some(health)
    })
    .await;
    assert_eq!(health.start_time, Some(api::convert::timestamp(after(0, 5))));
    assert_eq!(sandbox.refusals().await, 1);
    sandbox.stop().await;
}
