//! A private reply lives with the comment that it answers, and its echo comes in the person's conversation.

use crate::faults::Fault;
use crate::sandbox::{ASHA, ECHO, PAGE, SOON, Sandbox};
use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose, To};
use domain::evaluate::Facts;
use domain::event::{Content, Event, Outcome, SendingKind, Witness};
use domain::id::{CommentId, PageId, PostId, Psid, RecordId, RequestId, SendId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Handling, LEAVE_WITHIN, Request, request};
use domain::time::Span;
use event_log::{EventLog, Expected, Record, Stored};
use service_kit::Ids;
use simulator::{Deed, EchoSetting, EchoTiming, FaultKind};
use sql::{Derived, echoes};
use testkit::eventually;
use uuid::Uuid;

/// A post of the Page's.
const POST: &str = "1001_5";

impl Sandbox {
    /// Asha comments on a post.
    async fn hears_a_comment(&self) {
        let deed = Deed::Comment { text: "still there?".to_owned(), post_id: Some(POST.to_owned()) };
        self.admin.act(ASHA, PAGE, &deed).await.unwrap();
        self.has_all_webhooks().await;
    }

    /// A bot is to answer her in private. The calls do not take that yet, so the log does.
    async fn answers_the_comment(&self) -> SendId {
        let (page, psid) = (PageId::parse(PAGE).unwrap(), Psid::parse(ASHA).unwrap());
        let person = self.log.identity().person_key(&page, &psid);
        let send = SendId::to_commenter(page.clone(), PostId::parse(POST).unwrap(), person, Uuid::from_u128(7));
        let state = self.at_home(&send).await;
        let home = Conversation::default();
        let command = Request {
            send: send.clone(),
            recipient: psid,
            request: RequestId::parse("1").unwrap(),
            request_digest: [1; 16],
            intent: Intent {
                to: To::Comment(self.comment(&send).await),
                ..Intent::new(Actor::Bot, Purpose::Conversation)
            },
            content: Content::text("yes, it is"),
            handling: Handling::default(),
            turn: None,
        };
        let nothing_known = Page::default();
        let facts = Facts::new(&page, &nothing_known, &state).with_home(&home);
        let events = request(&facts, &Packs::built_in(), &command, self.now()).unwrap();
        let record = Record {
            id: RecordId::new(Ids::random().uuid_v7(self.now())),
            stream: send.stream(),
            recorded_at: self.now(),
            fact: None,
            traceparent: None,
            events,
        };
        self.log.append(&record, Expected::Any).await.unwrap();
        send
    }

    async fn history(&self, stream: &StreamId) -> Vec<Stored> {
        self.log.read(stream, 0).await.unwrap()
    }

    async fn at_home(&self, send: &SendId) -> Conversation {
        Conversation::fold(self.history(&send.stream()).await.iter().flat_map(Stored::events))
    }

    async fn comment(&self, send: &SendId) -> CommentId {
        let history = self.history(&send.stream()).await;
        let events = history.iter().flat_map(|stored| &stored.record.events);
        let comment = |event: &Event| {
            let Event::Inbound(inbound) = event else { return None };
            Some(inbound.kind.comment()?.comment.clone())
        };
        events.filter_map(comment).last().unwrap()
    }

    async fn is(&self, send: &SendId, status: &str) {
        eventually(SOON, async || {
            let state = self.at_home(send).await;
            (state.send(send)?.status.as_str() == status).then_some(())
        })
        .await;
    }

    /// What the home says of how the send was settled: the stream of its echo, and the message's id.
    async fn found_by(&self, send: &SendId) -> Vec<(StreamId, String)> {
        let history = self.history(&send.stream()).await;
        let events = history.iter().flat_map(|stored| &stored.record.events);
        let found = |event: &Event| {
            let Event::Sending(step) = event else { return None };
            let SendingKind::Settled { outcome, .. } = &step.kind else { return None };
            let Outcome::Found { mid, by: Witness::Echo(stream), .. } = outcome else { return None };
            Some((stream.clone(), mid.as_str().to_owned()))
        };
        events.filter_map(found).collect()
    }

    /// The send is out by its echo in the conversation, once, and nothing is left of that in the table.
    async fn is_settled_by_its_echo(&self, send: &SendId) {
        self.is(send, "sent").await;
        let rows = self.rows().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(self.found_by(send).await, [(self.conversation(ASHA), rows[0].mid.clone())]);
        let conversation = self.records(ASHA).await;
        let names_it = conversation.iter().flat_map(|stored| &stored.record.events).any(|event| {
            let Event::Inbound(inbound) = event else { return false };
            let Some(echo) = inbound.kind.echo() else { return false };
            echo.send.as_ref() == Some(send) && echo.mid.as_str() == rows[0].mid
        });
        assert!(names_it, "the conversation's echo names the send");
        self.has_no_echo_left().await;
    }

    async fn has_no_echo_left(&self) {
        self.has_its_table().await;
        let page = PageId::parse(PAGE).unwrap();
        let left = async || echoes::of_page(&self.database, &page, 10).await.unwrap().is_empty().then_some(());
        eventually(SOON, left).await;
    }
}

#[tokio::test]
async fn a_private_reply_that_was_answered_is_settled_once_and_its_echo_tells_nothing_new() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_a_comment().await;
    let send = sandbox.answers_the_comment().await;
    sandbox.is(&send, "sent").await;
    sandbox.has_all_webhooks().await;
    sandbox.has_no_echo_left().await;
    assert_eq!((sandbox.found_by(&send).await, sandbox.rows().await.len()), (Vec::new(), 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn an_echo_in_the_conversation_settles_a_private_reply_whose_answer_was_lost() {
    let (sandbox, _hands) = Sandbox::start_by_hand().await;
    sandbox.hears_a_comment().await;
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let send = sandbox.answers_the_comment().await;
    sandbox.is_settled_by_its_echo(&send).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn an_echo_before_the_answer_and_in_another_stream_is_right_too() {
    let sandbox = Sandbox::start().await;
    sandbox.hears_a_comment().await;
    sandbox.admin.set_echo(EchoSetting { timing: EchoTiming::BeforeResponse, delay_ms: None }).await.unwrap();
    let send = sandbox.answers_the_comment().await;
    sandbox.is(&send, "sent").await;
    sandbox.has_all_webhooks().await;
    sandbox.has_no_echo_left().await;
    let state = sandbox.at_home(&send).await;
    let (mid, _) = state.send(&send).unwrap().status.sent().unwrap();
    assert_eq!(mid.as_str(), sandbox.rows().await[0].mid);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_echo_in_another_stream_settles_what_was_given_up() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_a_comment().await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let send = sandbox.answers_the_comment().await;
    sandbox.called(1).await;
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.is(&send, "unknown").await;
    hands.advance(ECHO);
    sandbox.is(&send, "unresolved").await;
    assert_eq!(sandbox.n_look_ups().await, 0, "no list tells of it");
    sandbox.takes_webhooks.send_replace(true);
    sandbox.is_settled_by_its_echo(&send).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_13_an_echo_in_another_stream_waits_for_whoever_sends_next() {
    let (mut sandbox, _hands) = Sandbox::start_by_hand().await;
    sandbox.hears_a_comment().await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let send = sandbox.answers_the_comment().await;
    sandbox.called(1).await;
    sandbox.kill_senders().await;
    sandbox.takes_webhooks.send_replace(true);
    sandbox.has_all_webhooks().await;
    sandbox.has_its_table().await;
    sandbox.is(&send, "dispatched").await;
    sandbox.start_sender();
    sandbox.is_settled_by_its_echo(&send).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_13_a_sender_that_dies_between_settling_and_forgetting_settles_nothing_twice() {
    let (mut sandbox, _hands) = Sandbox::start_by_hand().await;
    sandbox.hears_a_comment().await;
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    // It is in the log, and whoever wrote it dies before it learns of that.
    sandbox.log.inject("found", Fault::Hang);
    let send = sandbox.answers_the_comment().await;
    eventually(SOON, async || (sandbox.log.n_hanging() == 1).then_some(())).await;
    sandbox.kill_senders().await;
    sandbox.start_sender();
    sandbox.is_settled_by_its_echo(&send).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_09_a_dropped_table_of_echoes_is_filled_again_and_changes_nothing() {
    let (sandbox, _hands) = Sandbox::start_by_hand().await;
    sandbox.hears_a_comment().await;
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let send = sandbox.answers_the_comment().await;
    sandbox.is_settled_by_its_echo(&send).await;
    let before = sandbox.log.head().await.unwrap();
    sandbox.database.drop_derived(Derived::Outbox).await.unwrap();
    sandbox.has_no_echo_left().await;
    assert_eq!(sandbox.log.head().await.unwrap(), before);
    sandbox.stop().await;
}
