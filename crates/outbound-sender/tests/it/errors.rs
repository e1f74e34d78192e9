//! What follows from each class of the platform's errors: for the message, and for everything else that it speaks of.

use crate::parts::within;
use crate::sandbox::{ASHA, BILAL, OTHER_PAGE, PAGE, SOON, Sandbox};
use crate::words::{reason, says};
use api::convert;
use api::proto::outbound::v1::{SendMessageRequest, State};
use api::proto::page::v1::{GetPageRequest, Problem, ProblemKind};
use domain::content::{Body, Content, Media, Source, Template};
use domain::decision::{Actor, Intent, Purpose, To};
use domain::evaluate::Facts;
use domain::event::{Event, RightStepKind, SendingKind};
use domain::id::{PageId, Psid, RecordId, RequestId, SendId};
use domain::page::Page;
use domain::right::Right;
use domain::send::{Handling, Request};
use domain::time::Span;
use event_log::{Conversations, EventLog as _, Expected, JudgedBy, Record};
use service_kit::Ids;
use simulator::{Deed, Fault, FaultKind};
use testkit::eventually;
use uuid::Uuid;

/// How long a pause lasts that a test waits out.
const TOLD: u32 = 2;

/// How late an answer is that something else is to come before.
const LATE_MS: u32 = 3_000;

/// A message to this person of the other Page.
fn elsewhere(psid: &str, request_id: &str) -> SendMessageRequest {
    let parent = format!("pages/{OTHER_PAGE}/conversations/{psid}");
    SendMessageRequest { parent, ..says(psid, request_id, "elsewhere") }
}

/// The next message of the Page is refused like this, and told how long to wait.
fn told(kind: FaultKind, seconds: u32) -> Fault {
    Fault { page: Some(PAGE.to_owned()), remaining_seconds: Some(seconds), ..Fault::next(kind, 1) }
}

/// The next message is refused by an error of the catalogue.
fn error(name: &str) -> Fault {
    Fault { error: Some(name.to_owned()), ..Fault::next(FaultKind::Refuse, 1) }
}

impl Sandbox {
    /// Everybody has written to both Pages.
    pub(crate) async fn hears_all(&self) {
        for psid in [ASHA, BILAL] {
            self.hears(psid).await;
            self.admin.write(psid, OTHER_PAGE, "hello").await.unwrap();
        }
        self.has_all_webhooks().await;
    }

    /// When each call of a Page arrived, in milliseconds, with its error code.
    async fn calls_to(&self, page: &str) -> Vec<(i64, Option<u32>)> {
        let calls = self.calls().await.into_iter().filter(|call| call.page.as_deref() == Some(page));
        calls.map(|call| (call.at_ms, call.code)).collect()
    }

    /// The clock moves on, and everybody looks at it.
    pub(crate) async fn later(&self, hands: &service_kit::ManualClock, seconds: i64) {
        hands.advance(Span::from_secs(seconds));
        for psid in [ASHA, BILAL] {
            self.nudge(psid).await;
        }
    }
}

#[tokio::test]
async fn when_the_app_pauses_no_page_of_any_process_writes_until_the_told_time() {
    let mut sandbox = Sandbox::start().await;
    sandbox.hears_all().await;
    sandbox.admin.inject_fault(&told(FaultKind::ThrottleApp, TOLD)).await.unwrap();
    let mut names = vec![sandbox.send(says(ASHA, "1", "first")).await.name];
    sandbox.becomes(&names[0], State::Retrying).await;
    // The pause is in the database when whoever was told has gone.
    sandbox.stop_senders().await;
    sandbox.start_sender();
    names.push(sandbox.send(says(BILAL, "2", "second")).await.name);
    names.push(sandbox.send(elsewhere(BILAL, "3")).await.name);
    for name in &names {
        sandbox.becomes(name, State::Sent).await;
    }
    let (here, there) = (sandbox.calls_to(PAGE).await, sandbox.calls_to(OTHER_PAGE).await);
    assert_eq!((here[0].1, here.len(), there.len()), (Some(4), 3, 1));
    let end = here[0].0 + i64::from(TOLD) * 1_000;
    // Its clock and ours begin a pause some milliseconds apart.
    assert!(here[1..].iter().chain(&there).all(|(at, _)| at + 50 >= end), "{here:?} {there:?}");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_that_is_refused_as_a_whole_writes_no_more_for_a_minute_also_from_elsewhere() {
    let mut sandbox = Sandbox::start().await;
    sandbox.hears_all().await;
    sandbox.admin.inject(FaultKind::PageRestricted, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    let refused = sandbox.becomes(&first.name, State::Rejected).await;
    assert_eq!(refused.platform_error.unwrap().code, 10);
    let counted = sandbox.setup.metrics.render();
    assert!(counted.contains("nuncio_send_refused_pages_total"), "{counted}");
    let waits = sandbox.send(says(BILAL, "2", "second")).await;
    for _ in 0..2 {
        let goes_on = sandbox.send(elsewhere(ASHA, &Ids::random().uuid_v7(sandbox.now()).to_string())).await;
        sandbox.becomes(&goes_on.name, State::Sent).await;
        assert_eq!(sandbox.get(&waits.name).await.unwrap().state(), State::Accepted);
        assert_eq!(sandbox.calls_to(PAGE).await.len(), 1);
        sandbox.stop_senders().await;
        sandbox.start_sender();
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn after_its_minute_a_page_that_was_refused_tries_again() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_all().await;
    sandbox.admin.inject(FaultKind::PageRestricted, 1).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    sandbox.becomes(&first.name, State::Rejected).await;
    let second = sandbox.send(says(BILAL, "2", "second")).await;
    sandbox.later(&hands, 61).await;
    sandbox.becomes(&second.name, State::Sent).await;
    sandbox.stop().await;
}

/// What is wrong with the Page, as its callers see it.
pub(crate) async fn problems(sandbox: &Sandbox) -> Vec<ProblemKind> {
    let shown = GetPageRequest { name: format!("pages/{PAGE}") };
    let page = within(sandbox.pages.clone().get_page(shown)).await.unwrap().into_inner();
    page.problems.iter().map(Problem::kind).collect()
}

#[tokio::test]
async fn a_lost_permission_holds_the_pages_messages_and_is_told_until_one_leaves() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_all().await;
    sandbox.admin.inject_fault(&error("Permission")).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    sandbox.becomes(&first.name, State::Retrying).await;
    assert_eq!(problems(&sandbox).await, [ProblemKind::PermissionLost]);
    let counted = sandbox.setup.metrics.render();
    assert!(counted.contains("nuncio_send_refused_pages_total"), "{counted}");
    let second = sandbox.send(says(BILAL, "2", "second")).await;
    sandbox.later(&hands, 50).await;
    let elsewhere = sandbox.send(elsewhere(ASHA, "3")).await;
    sandbox.becomes(&elsewhere.name, State::Sent).await;
    assert_eq!(sandbox.calls_to(PAGE).await.len(), 1);
    sandbox.later(&hands, 11).await;
    for name in [&first.name, &second.name] {
        sandbox.becomes(name, State::Sent).await;
    }
    eventually(SOON, || async { problems(&sandbox).await.is_empty().then_some(()) }).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn whom_an_app_without_review_may_not_reach_costs_the_message_and_is_told_of_the_page() {
    for name in ["NoRole", "NotApproved"] {
        let sandbox = Sandbox::start().await;
        sandbox.hears(ASHA).await;
        sandbox.admin.inject_fault(&error(name)).await.unwrap();
        let message = sandbox.send(says(ASHA, "1", "first")).await;
        sandbox.becomes(&message.name, State::Rejected).await;
        assert_eq!(problems(&sandbox).await, [ProblemKind::PermissionLost], "{name}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_for_the_permission_says_nothing_of_a_page_whose_token_was_replaced() {
    let (sandbox, _hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    let late = Fault { delay_ms: Some(LATE_MS), ..error("Permission") };
    sandbox.admin.inject_fault(&late).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "first")).await;
    sandbox.was_written().await;
    sandbox.admin.add_page(PAGE, "EAAnexttoken456").await.unwrap();
    sandbox.takes_token("EAAnexttoken456").await;
    // It is tried again by the other token at once, though the clock stands still.
    sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sandbox.page_steps().await, ["connected", "registered"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_pages_limit_pauses_that_page_until_the_told_time_and_no_other() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_all().await;
    sandbox.admin.inject_fault(&told(FaultKind::ThrottlePage, 90)).await.unwrap();
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    sandbox.becomes(&first.name, State::Retrying).await;
    let second = sandbox.send(says(BILAL, "2", "second")).await;
    sandbox.later(&hands, 80).await;
    let other = sandbox.send(elsewhere(ASHA, "3")).await;
    sandbox.becomes(&other.name, State::Sent).await;
    assert_eq!(sandbox.calls_to(PAGE).await.len(), 1);
    sandbox.later(&hands, 11).await;
    for name in [&first.name, &second.name] {
        sandbox.becomes(name, State::Sent).await;
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn too_much_audio_pauses_audio_and_video_alone() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears_all().await;
    let audio = || {
        Content::new(Body::Attachment { media: Media::Audio, source: Source::Url("https://a.example/a.mp3".into()) })
    };
    let asks = |psid, id| SendMessageRequest { content: Some(convert::content(&audio())), ..says(psid, id, "") };
    sandbox.admin.inject_fault(&told(FaultKind::Throttle, 90)).await.unwrap();
    let first = sandbox.send(asks(ASHA, "1")).await;
    sandbox.becomes(&first.name, State::Retrying).await;
    let text = sandbox.send(says(BILAL, "2", "a text")).await;
    sandbox.becomes(&text.name, State::Sent).await;
    let second = sandbox.send(asks(BILAL, "3")).await;
    sandbox.later(&hands, 80).await;
    let codes: Vec<_> = sandbox.calls_to(PAGE).await.into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [Some(613), None]);
    sandbox.later(&hands, 11).await;
    for name in [&first.name, &second.name] {
        sandbox.becomes(name, State::Sent).await;
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn whoever_cannot_be_reached_gets_nothing_more_until_they_act() {
    let sandbox = Sandbox::start().await;
    for (n, name) in ["NotReceiving", "CannotReceive", "NoMatchingUser"].into_iter().enumerate() {
        sandbox.hears(ASHA).await;
        sandbox.admin.inject_fault(&error(name)).await.unwrap();
        let asks = |what: &str| says(ASHA, &format!("{what}-{n}"), "hello");
        let first = sandbox.send(asks("first")).await;
        sandbox.becomes(&first.name, State::Rejected).await;
        assert_eq!(reason(&sandbox.refused(asks("second")).await), "RECIPIENT_UNAVAILABLE", "{name}");
        sandbox.hears(ASHA).await;
        let third = sandbox.send(asks("third")).await;
        sandbox.becomes(&third.name, State::Sent).await;
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn every_other_refusal_ends_its_message_alone() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    // For this message, for its attachment, and for its kind.
    for name in ["OutsideWindow", "NoSuchAttachment", "Capability"] {
        sandbox.admin.inject_fault(&error(name)).await.unwrap();
        let refused = sandbox.send(says(ASHA, &format!("{name}-1"), "hello")).await;
        sandbox.becomes(&refused.name, State::Rejected).await;
        let next = sandbox.send(says(ASHA, &format!("{name}-2"), "hello")).await;
        sandbox.becomes(&next.name, State::Sent).await;
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_another_app_holds_is_held() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    for name in ["TemporaryFailure", "FlowRunning", "NotThreadOwner"] {
        sandbox.admin.inject_fault(&error(name)).await.unwrap();
        let message = sandbox.send(says(ASHA, name, "hello")).await;
        sandbox.becomes(&message.name, State::Retrying).await;
        sandbox.later(&hands, 61).await;
        let sent = sandbox.becomes(&message.name, State::Sent).await;
        assert_eq!(sent.attempts, 2, "{name}");
    }
    sandbox.stop().await;
}

/// A message by a right, as the log tells of it: callers cannot name one yet.
async fn asks_by(sandbox: &Sandbox, id: u128, right: &Right) -> Vec<Event> {
    let (page_id, stream) = (PageId::parse(PAGE).unwrap(), sandbox.conversation(ASHA));
    let loaded = Conversations::new(sandbox.log.clone()).load(&stream).await.unwrap();
    let packs = JudgedBy::new(sandbox.log.clone()).packs().await.unwrap();
    let request = Request {
        send: SendId::new(
            page_id.clone(),
            sandbox.log.identity().person_key(&page_id, &Psid::parse(ASHA).unwrap()),
            Uuid::from_u128(id),
        ),
        recipient: Psid::parse(ASHA).unwrap(),
        request: RequestId::parse(&format!("by-right-{id}")).unwrap(),
        request_digest: [0; 16],
        intent: Intent {
            to: To::Right(right.clone()),
            topic: Some("SHOES".to_owned()),
            ..Intent::new(Actor::Bot, Purpose::Conversation)
        },
        content: Content::text("shoes are here"),
        handling: Handling::default(),
        turn: None,
    };
    let (page, now) = (Page::default(), sandbox.now());
    let facts = Facts::new(&page_id, &page, &loaded.state);
    let events = domain::send::request(&facts, &packs, &request, now).unwrap();
    let id = RecordId::new(Ids::random().uuid_v7(now));
    let record = Record { id, stream, recorded_at: now, fact: None, traceparent: None, events: events.clone() };
    sandbox.log.append(&record, Expected::revision(loaded.revision)).await.unwrap();
    events
}

#[tokio::test]
async fn a_token_that_the_platform_refuses_serves_no_other_message() {
    let (sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    let template = Template::OneTimeRequest { title: "News of shoes".into(), payload: "SHOES".into() };
    let asked = Content::new(Body::Template(Box::new(template)));
    let asked = SendMessageRequest { content: Some(convert::content(&asked)), ..says(ASHA, "ask", "") };
    let asked = sandbox.send(asked).await;
    sandbox.becomes(&asked.name, State::Sent).await;
    sandbox.admin.act(ASHA, PAGE, &Deed::Accept { title: None }).await.unwrap();
    sandbox.has_all_webhooks().await;
    let stream = sandbox.conversation(ASHA);
    let loaded = Conversations::new(sandbox.log.clone()).load(&stream).await.unwrap();
    let (token, _) = loaded.state.rights().all_one_time().next().expect("she agreed");
    let right = Right::OneTime(token);
    // While the window is open no token is needed.
    hands.advance(Span::from_hours(25));
    sandbox.admin.inject_fault(&error("NotificationToken")).await.unwrap();
    asks_by(&sandbox, 1, &right).await;
    let name = format!("pages/{PAGE}/conversations/{ASHA}/messages/{}", Uuid::from_u128(1));
    sandbox.becomes(&name, State::Rejected).await;
    let records = sandbox.log.read(&stream, 0).await.unwrap();
    let dropped = records
        .iter()
        .flat_map(|stored| &stored.record.events)
        .any(|event| matches!(event, Event::Right(step) if step.right == right && step.kind == RightStepKind::Dropped));
    assert!(dropped);
    let second = asks_by(&sandbox, 2, &right).await;
    let is_blocked =
        |event: &Event| matches!(event, Event::Sending(step) if matches!(step.kind, SendingKind::Blocked { .. }));
    assert!(second.iter().any(is_blocked), "{second:?}");
    assert_eq!(sandbox.rows().await.len(), 1);
    sandbox.stop().await;
}
