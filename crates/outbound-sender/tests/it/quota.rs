//! The calls that the platform gives a Page in 24 hours: who stops first, who is refused, and that nobody counts anew.

use crate::around::action;
use crate::sandbox::{PAGE, SOON, Sandbox, Setup};
use crate::words::{judged_only, metadata, reason, recorded, says, staff_says};
use api::convert;
use api::proto::compliance::v1::{Actor, Broadcast, actor};
use api::proto::outbound::v1::batch_send_result::Result as Outcome;
use api::proto::outbound::v1::send_action_request::Kind as Action;
use api::proto::outbound::v1::{SendMessageRequest, State, TypingOn};
use domain::id::PageId;
use domain::quota::CALLS;
use domain::time::{Span, Timestamp};
use service_kit::{Clock, ManualClock};
use simulator::{Fault, FaultKind, Limits};
use sql::calls;
use std::ops::Range;
use std::time::Duration;
use testkit::eventually;
use tonic::Code;
use tonic_types::{RpcStatusExt, StatusExt};

/// How many people there are where many messages are under way at a time.
const DOZEN: usize = 12;

/// One of a message to many.
fn casts(psid: &str, request_id: &str) -> SendMessageRequest {
    let actor = Actor { kind: Some(actor::Kind::Broadcast(Broadcast {})) };
    SendMessageRequest { actor: Some(actor), ..says(psid, request_id, "to many") }
}

impl Sandbox {
    /// The codes with which the platform refused calls.
    async fn refusals(&self) -> Vec<u32> {
        self.calls().await.iter().filter_map(|call| call.code).collect()
    }

    /// Waits until so many calls were told to whoever reads.
    async fn told(&self, n: u64) {
        let (page, beginning) = (PageId::parse(PAGE).unwrap(), Timestamp::from_millis(0));
        eventually(SOON, async || {
            let told = calls::of_others(&self.database, &page, "nobody", (beginning, beginning)).await.unwrap();
            (told.iter().map(|count| count.n).sum::<u64>() == n).then_some(())
        })
        .await;
    }

    /// Waits until this is among what is counted.
    async fn counts(&self, line: &str) {
        eventually(SOON, async || self.setup.metrics.render().lines().any(|shown| shown == line).then_some(())).await;
    }

    /// Asks for messages that are taken. Answers their names.
    async fn names_of(&self, requests: Vec<SendMessageRequest>) -> Vec<String> {
        let name = |result| match result {
            Outcome::Message(message) => message.name,
            Outcome::Error(status) => panic!("{status:?}"),
        };
        self.batch(requests).await.unwrap().into_iter().map(name).collect()
    }

    /// Asks for a message, and waits until it is sent.
    async fn gets_out(&self, request: SendMessageRequest) {
        let name = self.send(request).await.name;
        self.becomes(&name, State::Sent).await;
        // Else it might be thought to be still ahead of the next.
        self.has_its_table().await;
    }
}

fn psid(n: usize) -> String {
    format!("77700777{n:02}")
}

/// These people wrote to a Page that has so many calls for each of them.
async fn with_people(people: Range<usize>, per_person: u32, change: impl FnOnce(&mut Setup)) -> Sandbox {
    let sandbox = Sandbox::start_with(|setup| {
        setup.is_shaped = true;
        change(setup);
    })
    .await;
    sandbox.is_limited_by(&format!("app_calls_per_engaged_person = {per_person}")).await;
    for n in people {
        sandbox.hears(&psid(n)).await;
    }
    sandbox.has_its_table().await;
    sandbox
}

/// Two people wrote, the clock stands, and leases outlast whatever it is moved by.
async fn by_hand(per_person: u32) -> (Sandbox, ManualClock) {
    let (clock, hands) = Clock::manual(Clock::system().now());
    let lease_term = Duration::from_secs(1_000_000);
    let sandbox = with_people(0..2, per_person, |setup| (setup.clock, setup.lease_term) = (clock, lease_term)).await;
    (sandbox, hands)
}

#[tokio::test]
async fn broadcasts_stop_first_and_people_go_on_until_all_is_used() {
    let (sandbox, _hands) = by_hand(10).await;
    let mut n = 0;
    let mut next = || {
        n += 1;
        n.to_string()
    };
    for _ in 0..16 {
        sandbox.gets_out(casts(&psid(0), &next())).await;
    }
    assert_eq!(reason(&sandbox.refused(casts(&psid(0), &next())).await), "APP_QUOTA");
    for _ in 0..3 {
        sandbox.gets_out(says(&psid(1), &next(), "by a bot")).await;
    }
    assert_eq!(reason(&sandbox.refused(says(&psid(1), &next(), "by a bot")).await), "APP_QUOTA");
    let typing = action(&psid(1), Action::TypingOn(TypingOn {}));
    assert_eq!(reason(&sandbox.act(typing).await.unwrap_err()), "APP_QUOTA");
    sandbox.gets_out(staff_says(&psid(0), &next(), "by a person")).await;
    // A person of the staff has days to answer, so this can wait.
    assert_eq!(sandbox.send(staff_says(&psid(0), &next(), "tomorrow")).await.state(), State::Accepted);
    sandbox.counts(r#"nuncio_send_quota_stops_total{change="stopped",class="person"} 1"#).await;
    assert_eq!(sandbox.calls().await.len(), 20);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_finds_no_call_in_its_time_is_refused_with_all_that_lifts_it() {
    let (sandbox, _hands) = by_hand(1).await;
    sandbox.gets_out(says(&psid(0), "0", "by a bot")).await;
    let free = CALLS.end(CALLS.bucket(sandbox.now()));
    let request = says(&psid(1), "late", "too late");
    let refused = sandbox.refused(request.clone()).await;
    let check = |refused: &tonic::Status| {
        assert_eq!((refused.code(), reason(refused).as_str()), (Code::ResourceExhausted, "APP_QUOTA"));
        let details = refused.get_error_details();
        let wait = details.retry_info().unwrap().retry_delay.unwrap();
        assert_eq!(i64::try_from(wait.as_millis()).unwrap(), free.since(sandbox.now()).as_millis());
        assert_eq!(metadata(refused, "turn"), convert::rfc3339(free));
        let violation = &details.quota_failure().unwrap().violations[0];
        assert_eq!(violation.subject, "pages/1001");
        assert!(violation.description.starts_with("2 calls in 24 hours, 1 for each of the 2 people"), "{violation:?}");
    };
    check(&refused);
    // The same request has the same answer, and the message can be looked at.
    let again = sandbox.refused(request.clone()).await;
    check(&again);
    assert_eq!(metadata(&again, "message"), metadata(&refused, "message"));
    assert_eq!(sandbox.get(&metadata(&refused, "message")).await.unwrap().state(), State::Expired);
    check(&sandbox.refused(judged_only(says(&psid(1), "judged", "too late"))).await);
    let results = sandbox.batch(vec![says(&psid(1), "batched", "too late")]).await.unwrap();
    let [Outcome::Error(in_batch)] = &results[..] else { panic!("{results:?}") };
    assert_eq!(in_batch.get_details_error_info().unwrap().reason, "APP_QUOTA");
    assert!(in_batch.get_details_retry_info().is_some() && in_batch.get_details_quota_failure().is_some());
    assert_eq!(sandbox.send(recorded(says(&psid(1), "kept", "too late"))).await.state(), State::Expired);
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_waits_for_calls_leaves_when_the_oldest_are_over_also_from_another_sender() {
    let (mut sandbox, hands) = by_hand(1).await;
    let first_at = sandbox.now();
    for n in 0..2 {
        sandbox.gets_out(staff_says(&psid(0), &format!("{n}"), "by a person")).await;
    }
    sandbox.stop_senders().await;
    sandbox.told(2).await;
    sandbox.start_sender();
    // The staff may answer for days, so this can wait for the calls of tomorrow.
    hands.advance(Span::from_hours(24));
    let waits = sandbox.send(staff_says(&psid(1), "waits", "tomorrow")).await;
    assert_eq!(waits.state(), State::Accepted);
    sandbox.counts(r#"nuncio_send_quota_stops_total{change="stopped",class="person"} 1"#).await;
    sandbox.counts(r#"nuncio_send_waiting{class="person",for="quota"} 1"#).await;
    sandbox.counts("nuncio_send_quota_used 200").await;
    assert_eq!(sandbox.calls().await.len(), 2);
    hands.set(CALLS.end(CALLS.bucket(first_at)));
    sandbox.becomes(&waits.name, State::Sent).await;
    sandbox.counts(r#"nuncio_send_quota_stops_total{change="went_on",class="person"} 1"#).await;
    assert_eq!(sandbox.calls().await.len(), 3);
    sandbox.stop().await;
}

#[tokio::test]
async fn whoever_follows_a_killed_sender_counts_on_from_what_it_told() {
    let mut sandbox = with_people(0..2, 1, |_| ()).await;
    for n in 0..2 {
        sandbox.gets_out(staff_says(&psid(0), &format!("{n}"), "by a person")).await;
    }
    sandbox.told(2).await;
    sandbox.kill_senders().await;
    sandbox.start_sender();
    let waits = sandbox.send(staff_says(&psid(1), "waits", "tomorrow")).await;
    assert_eq!(waits.state(), State::Accepted);
    sandbox.counts(r#"nuncio_send_quota_stops_total{change="stopped",class="person"} 1"#).await;
    assert_eq!(sandbox.calls().await.len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_platform_never_refuses_for_the_rate_while_the_quota_is_kept() {
    let sandbox = with_people(0..DOZEN, 1, |_| ()).await;
    let limits = Limits { calls_per_person_per_day: Some(1), ..Limits::none() };
    sandbox.admin.set_limits(&limits).await.unwrap();
    // It answers slowly, so that many are under way when it has taken all that it takes.
    let slowly = Fault { delay_ms: Some(2_000), ..Fault::next(FaultKind::Slow, 100) };
    sandbox.admin.inject_fault(&slowly).await.unwrap();
    let requests = (0..2 * DOZEN).map(|n| staff_says(&psid(n % DOZEN), &n.to_string(), "by a person")).collect();
    let firsts: Vec<_> = sandbox.names_of(requests).await.into_iter().take(DOZEN).collect();
    // Only when the first of each are answered, it is the others' turn.
    for message in firsts {
        sandbox.becomes(&message, State::Sent).await;
    }
    sandbox.counts(r#"nuncio_send_waiting{class="person",for="quota"} 12"#).await;
    assert_eq!((sandbox.calls().await.len(), sandbox.refusals().await), (DOZEN, vec![]));
    sandbox.admin.clear_faults().await.unwrap();
    sandbox.stop().await;
}

/// Half of a Page's calls are used, and as many messages as there are calls in all come at once. The platform answers slowly:
/// what it says of its limits comes too late for them.
async fn more_than_is_left(is_shaped: bool) -> Sandbox {
    let sandbox = with_people(0..DOZEN, 1, |setup| setup.is_shaped = is_shaped).await;
    let limits = Limits { calls_per_person_per_day: Some(1), ..Limits::none() };
    sandbox.admin.set_limits(&limits).await.unwrap();
    for n in 0..DOZEN / 2 {
        sandbox.gets_out(staff_says(&psid(n), "1", "by a person")).await;
    }
    let slowly = Fault { delay_ms: Some(2_000), ..Fault::next(FaultKind::Slow, 100) };
    sandbox.admin.inject_fault(&slowly).await.unwrap();
    sandbox.names_of((0..DOZEN).map(|n| staff_says(&psid(n), "2", "at once")).collect()).await;
    sandbox
}

#[tokio::test]
async fn what_the_quota_leaves_is_taken_and_the_rest_waits() {
    let sandbox = more_than_is_left(true).await;
    sandbox.counts(r#"nuncio_send_waiting{class="person",for="quota"} 6"#).await;
    eventually(SOON, async || (sandbox.texts().await.len() == DOZEN).then_some(())).await;
    assert_eq!((sandbox.calls().await.len(), sandbox.refusals().await), (DOZEN, vec![]));
    sandbox.admin.clear_faults().await.unwrap();
    sandbox.stop().await;
}

/// Else the test before this one could not fail.
#[tokio::test]
async fn a_sender_that_keeps_no_quota_is_refused_by_the_platform() {
    let sandbox = more_than_is_left(false).await;
    let refused = async || Some(sandbox.refusals().await).filter(|codes: &Vec<u32>| !codes.is_empty());
    let codes = eventually(SOON, refused).await;
    assert!(codes.iter().all(|code| *code == 80_006), "{codes:?}");
    sandbox.admin.clear_faults().await.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn broadcasts_that_are_under_way_together_stop_at_their_share() {
    let mut sandbox = with_people(0..16, 10, |_| ()).await;
    sandbox.stop_senders().await;
    sandbox.names_of((0..16).map(|n| casts(&psid(n), "1")).collect()).await;
    // Of sixteen calls; and as many can be under way at a time.
    sandbox.is_limited_by("app_calls_per_engaged_person = 1").await;
    let slowly = Fault { delay_ms: Some(2_000), ..Fault::next(FaultKind::Slow, 100) };
    sandbox.admin.inject_fault(&slowly).await.unwrap();
    sandbox.start_sender();
    sandbox.counts(r#"nuncio_send_waiting{class="broadcast",for="quota"} 4"#).await;
    assert_eq!(sandbox.calls().await.len(), 12);
    sandbox.admin.clear_faults().await.unwrap();
    sandbox.stop().await;
}
