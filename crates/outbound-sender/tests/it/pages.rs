//! Pages while they send: paused, switched off, with another token, and with one that is dead.

use crate::parts::{open, within};
use crate::sandbox::{ASHA, BILAL, PAGE, SOON, Sandbox};
use crate::words::{reason, says};
use api::proto::outbound::v1::State;
use api::proto::page::v1 as pb;
use domain::event::Event;
use domain::id::{PageId, StreamId};
use domain::time::Span;
use event_log::EventLog as _;
use simulator::{Fault, FaultKind};
use sql::Database;
use sql::pages::Registry;
use std::sync::Arc;
use std::time::Duration;
use testkit::eventually;

const NAME: &str = "pages/1001";
/// Another token of the same Page.
const NEXT: &str = "EAAnexttoken456";

fn pause(request: &str) -> pb::PausePageRequest {
    pb::PausePageRequest { name: NAME.to_owned(), reason: "stocktaking".to_owned(), request_id: request.to_owned() }
}

fn resume(request: &str) -> pb::ResumePageRequest {
    pb::ResumePageRequest { name: NAME.to_owned(), request_id: request.to_owned() }
}

fn messaging(enabled: bool, request: &str) -> pb::SetMessagingRequest {
    pb::SetMessagingRequest { name: NAME.to_owned(), enabled, request_id: request.to_owned() }
}

async fn on_postgres() -> Database {
    open(testkit::postgres().database()).await
}

/// Many messages are on their way; from the answer on, none leaves, and afterwards all of them do.
async fn nothing_leaves_after(database: Option<Database>) {
    const N: usize = 60;
    let sandbox = Sandbox::start_with(|setup| (setup.database, setup.n_senders) = (database, 3)).await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    let mut names = Vec::new();
    for n in 0..N {
        let psid = if n % 2 == 0 { ASHA } else { BILAL };
        names.push(sandbox.send(says(psid, &format!("r-{n}"), &format!("number {n}"))).await.name);
        if n == N / 2 {
            let paused = within(sandbox.pages.clone().pause_page(pause("p-1"))).await.unwrap().into_inner();
            assert_eq!((paused.state(), paused.pause_reason.as_str()), (pb::PageState::Paused, "stocktaking"));
            let n_left = sandbox.rows().await.len();
            // Long enough that whoever would go on had gone on: what came after is in every sender's table.
            let later = sandbox.send(says(ASHA, "r-later", "later")).await;
            sandbox.has_its_table().await;
            sandbox.nudge(ASHA).await;
            sandbox.has_its_table().await;
            assert_eq!(sandbox.get(&later.name).await.unwrap().state(), State::Accepted);
            assert_eq!(sandbox.rows().await.len(), n_left);
            names.push(later.name);
        }
    }
    assert!(sandbox.rows().await.len() <= N / 2 + 1);
    within(sandbox.pages.clone().resume_page(resume("p-2"))).await.unwrap();
    for name in &names {
        sandbox.becomes(name, State::Sent).await;
    }
    assert_eq!(sandbox.rows().await.len(), N + 1);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_pause_was_answered_nothing_leaves_until_the_page_is_resumed() {
    nothing_leaves_after(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_pause_was_answered_nothing_leaves_until_the_page_is_resumed_on_postgres() {
    nothing_leaves_after(Some(on_postgres().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_waits_for_what_is_on_its_way() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    // Its echo must not settle it before its answer does.
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(simulator::FaultKind::Slow, 1).await.unwrap();
    let sent = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.becomes(&sent.name, State::Dispatched).await;
    within(sandbox.pages.clone().pause_page(pause("p-1"))).await.unwrap();
    assert_eq!(sandbox.get(&sent.name).await.unwrap().state(), State::Sent);
    sandbox.takes_webhooks.send_replace(true);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_answered_though_whoever_sent_was_killed() {
    let mut sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let sent = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.becomes(&sent.name, State::Sent).await;
    sandbox.kill_senders().await;
    within(sandbox.pages.clone().pause_page(pause("p-1"))).await.unwrap();
    // Whoever comes next goes by it from the beginning.
    let waits = sandbox.send(says(ASHA, "r-2", "two")).await;
    sandbox.start_sender();
    let lease = format!("sender/{PAGE}");
    eventually(SOON, async || {
        let noted = sandbox.database.noted(&lease).await.unwrap();
        matches!(noted, sql::Noted::At(revision) if revision > 0).then_some(())
    })
    .await;
    assert_eq!(sandbox.get(&waits.name).await.unwrap().state(), State::Accepted);
    within(sandbox.pages.clone().resume_page(resume("p-2"))).await.unwrap();
    sandbox.becomes(&waits.name, State::Sent).await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_messaging_was_switched_off_everything_is_refused() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let sent = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.becomes(&sent.name, State::Sent).await;
    let off = within(sandbox.pages.clone().set_messaging(messaging(false, "p-1"))).await.unwrap().into_inner();
    assert!(!off.messaging_enabled);
    assert_eq!(reason(&sandbox.refused(says(ASHA, "r-2", "two")).await), "MESSAGING_DISABLED");
    within(sandbox.pages.clone().set_messaging(messaging(true, "p-2"))).await.unwrap();
    // What was refused stays refused; a new request is judged by what is so now.
    let n_asked = std::sync::atomic::AtomicU32::new(0);
    eventually(SOON, async || {
        let n = n_asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        sandbox.ask(says(ASHA, &format!("r-on-{n}"), "three")).await.ok()
    })
    .await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_holds_messages_until_there_is_another() {
    let (sandbox, hands) = Sandbox::start_by_hand_with_long_leases().await;
    sandbox.hears(ASHA).await;
    // The token of the configuration ends.
    sandbox.admin.add_page(PAGE, NEXT).await.unwrap();
    let waits = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.becomes(&waits.name, State::Retrying).await;
    let shown = pb::GetPageRequest { name: NAME.to_owned() };
    let page = within(sandbox.pages.clone().get_page(shown.clone())).await.unwrap().into_inner();
    assert_eq!(page.problems[0].kind(), pb::ProblemKind::TokenRefused);
    let register = pb::RegisterPageRequest {
        name: NAME.to_owned(),
        access_token: NEXT.to_owned(),
        request_id: "p-1".to_owned(),
        ..pb::RegisterPageRequest::default()
    };
    let page = within(sandbox.pages.clone().register_page(register)).await.unwrap().into_inner();
    assert_eq!((page.problems.len(), page.app.as_str()), (0, "4004"));
    eventually(Duration::from_secs(30), async || {
        hands.advance(Span::from_secs(5));
        sandbox.nudge(ASHA).await;
        (sandbox.get(&waits.name).await.unwrap().state() == State::Sent).then_some(())
    })
    .await;
    sandbox.stop().await;
}

/// How late an answer is that a new token is to come before.
const LATE_MS: u32 = 3_000;

impl Sandbox {
    /// The Page is registered with this token, or it takes the place of the one before.
    pub(crate) async fn takes_token(&self, token: &str) {
        let register = pb::RegisterPageRequest {
            name: NAME.to_owned(),
            access_token: token.to_owned(),
            request_id: format!("register-{token}"),
            ..pb::RegisterPageRequest::default()
        };
        within(self.pages.clone().register_page(register)).await.unwrap();
    }

    /// Waits until a message is on the wire.
    pub(crate) async fn was_written(&self) {
        eventually(SOON, async || {
            let calls = self.calls().await;
            calls.iter().any(|call| call.endpoint == "messages").then_some(())
        })
        .await;
    }

    /// What happened to the Page, in order, beside what calls were made.
    pub(crate) async fn page_steps(&self) -> Vec<&'static str> {
        let stream = StreamId::Page(PageId::parse(PAGE).unwrap());
        let records = self.log.read(&stream, 0).await.unwrap();
        let steps = records.iter().flat_map(|stored| &stored.record.events).filter_map(|event| {
            let Event::Page(step) = event else { return None };
            Some(step.kind.as_str()).filter(|step| *step != "asked")
        });
        steps.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_late_to_an_old_token_says_nothing_of_the_one_in_its_place() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.takes_token(crate::sandbox::TOKEN).await;
    let late = Fault { delay_ms: Some(LATE_MS), ..Fault::next(FaultKind::TokenExpired, 1) };
    sandbox.admin.inject_fault(&late).await.unwrap();
    let message = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.was_written().await;
    sandbox.admin.add_page(PAGE, NEXT).await.unwrap();
    let rotate = pb::RotatePageTokenRequest {
        name: NAME.to_owned(),
        access_token: NEXT.to_owned(),
        request_id: "p-1".to_owned(),
        ..pb::RotatePageTokenRequest::default()
    };
    within(sandbox.pages.clone().rotate_page_token(rotate)).await.unwrap();
    let sent = sandbox.becomes(&message.name, State::Sent).await;
    assert_eq!(sent.attempts, 2);
    assert_eq!(sandbox.page_steps().await, ["connected", "registered", "token_rotated"]);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_taken_after_all_is_told_of() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let kind = domain::event::PageStepKind::TokenDead { code: 190, subcode: 0 };
    sandbox.page_step(kind).await;
    let sent = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.becomes(&sent.name, State::Sent).await;
    let shown = pb::GetPageRequest { name: NAME.to_owned() };
    let page = within(sandbox.pages.clone().get_page(shown)).await.unwrap().into_inner();
    assert!(page.problems.is_empty(), "{:?}", page.problems);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_token_is_taken_up_without_a_restart() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let sent = sandbox.send(says(ASHA, "r-1", "one")).await;
    sandbox.becomes(&sent.name, State::Sent).await;
    let registry = Registry::new(sandbox.database.clone(), Some(Arc::new(crate::parts::keys())));
    let page = PageId::parse(PAGE).unwrap();
    registry.put(&page, &NEXT.into(), sandbox.now()).await.unwrap();
    sandbox.admin.add_page(PAGE, NEXT).await.unwrap();
    // Within a second the old token is not used any more; what it was refused by is tried again.
    let next = sandbox.send(says(ASHA, "r-2", "two")).await;
    eventually(Duration::from_secs(30), async || {
        (sandbox.get(&next.name).await.unwrap().state() == State::Sent).then_some(())
    })
    .await;
    sandbox.stop().await;
}
