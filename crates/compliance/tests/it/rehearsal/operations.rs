//! Rehearsals as operations: asked for over gRPC, worked on under a lease, kept, and forgotten.

use super::by_hand::{Counts, counts};
use super::engine::changed;
use super::past::{PacksOnTheWay, Past};
use crate::sandbox::{NOON, SOON, Sandbox, tables};
use api::proto::compliance::v1::replay_with_rule_pack_request::Pack as Asked;
use api::proto::compliance::v1::{
    CancelRehearsalRequest, GetRehearsalRequest, ListRehearsalsRequest, PacksInForce, Rehearsal, RehearsalState,
    ReplayWithRulePackRequest, ResumeRehearsalRequest,
};
use compliance::rehearsal::{self, KEPT, Pace, Rehearsals, Scope, Wanted};
use domain::id::StreamId;
use domain::pack::Pack;
use domain::rehearsal::{Outcome, Proposed};
use domain::time::Span;
use event_log::EventLog;
use event_log::sqlite::{self, SqliteLog};
use service_kit::{Clock, Ids};
use sql::rehearsals::State;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt;

impl Sandbox {
    async fn replay(&self, request: ReplayWithRulePackRequest) -> Result<Rehearsal, Status> {
        self.compliance.clone().replay_with_rule_pack(request).await.map(tonic::Response::into_inner)
    }

    async fn rehearsal(&self, name: &str) -> Result<Rehearsal, Status> {
        let request = GetRehearsalRequest { name: name.to_owned() };
        self.compliance.clone().get_rehearsal(request).await.map(tonic::Response::into_inner)
    }

    async fn until(&self, name: &str, state: RehearsalState) -> Rehearsal {
        testkit::eventually(SOON, || async {
            let rehearsal = self.rehearsal(name).await.unwrap();
            (rehearsal.state() == state).then_some(rehearsal)
        })
        .await
    }

    async fn past(&self, seed: u64) -> Past {
        let past = Past::new(self.log.identity(), seed, 300, PacksOnTheWay::Stay);
        past.keep(&*self.log).await;
        past
    }
}

fn proposed() -> Pack {
    changed(3, "standard = \"24h\"", "standard = \"7h\"")
}

fn asked(request_id: &str, pack: Asked) -> ReplayWithRulePackRequest {
    ReplayWithRulePackRequest {
        parent: "pages/-".to_owned(),
        request_id: request_id.to_owned(),
        pack: Some(pack),
        ..Default::default()
    }
}

fn own(request_id: &str) -> ReplayWithRulePackRequest {
    asked(request_id, Asked::PackText(proposed().text().to_owned()))
}

/// The flips among counts: how many, by direction.
fn flips(counts: &Counts) -> (u64, u64, u64) {
    let of = |is: fn(Outcome) -> bool| counts.iter().filter(|(key, _)| is(key.3)).map(|(_, n)| n).sum();
    (of(|_| true), of(|it| matches!(it, Outcome::ToBlock(_))), of(|it| matches!(it, Outcome::ToAllow(_))))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_is_asked_for_and_its_result_is_what_is_counted_by_hand() {
    let sandbox = Sandbox::start().await;
    let past = sandbox.past(1).await;
    let begun = sandbox.replay(own("r-1")).await.unwrap();
    assert_eq!((begun.pack.as_str(), begun.parent.as_str(), begun.durable), ("messenger-2026", "pages/-", true));
    let done = sandbox.until(&begun.name, RehearsalState::Succeeded).await;
    let expected = past.by_hand(&proposed(), &Scope::default());
    let result = done.result.clone().unwrap();
    assert_eq!((result.sends, result.to_block, result.to_allow), flips(&expected));
    assert!(result.to_block > 3, "{}", result.to_block);
    let n_rows = expected.keys().filter(|key| key.3 != Outcome::Same).count();
    assert_eq!((result.counts.len(), result.left_off_counts), (n_rows, 0));
    assert_eq!(result.counts.iter().map(|row| row.sends).sum::<u64>(), result.to_block + result.to_allow);
    assert_eq!((done.passed_records, done.judged_sends), (done.total_records, result.sends));
    // A sample leads to its message, where it is explained.
    let sample = &result.samples[0];
    assert!(sample.message.starts_with("pages/100"), "{sample:?}");
    assert_eq!((done.error.as_str(), done.end_time.is_some(), done.expire_time.is_some()), ("", true, true));

    // The same request is the same rehearsal; another one under the same id is refused.
    assert_eq!(sandbox.replay(own("r-1")).await.unwrap().name, begun.name);
    let status = sandbox.replay(asked("r-1", Asked::InForce(PacksInForce {}))).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(status.get_error_details().error_info().unwrap().metadata["rehearsal"], begun.name);

    // One that has ended is answered as it is.
    let cancel = CancelRehearsalRequest { name: begun.name.clone() };
    let cancelled = sandbox.compliance.clone().cancel_rehearsal(cancel).await.unwrap().into_inner();
    assert_eq!(cancelled, done);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_pack_and_the_packs_in_force_are_rehearsed_by_name() {
    let sandbox = Sandbox::start().await;
    sandbox.past(2).await;
    let in_force = sandbox.replay(asked("r-1", Asked::InForce(PacksInForce {}))).await.unwrap();
    let known = sandbox.replay(asked("r-2", Asked::RulePack("rulePacks/messenger-2025".to_owned()))).await.unwrap();
    let in_force = sandbox.until(&in_force.name, RehearsalState::Succeeded).await.result.unwrap();
    assert_eq!((in_force.sends > 50, in_force.to_block, in_force.to_allow), (true, 0, 0));
    let known = sandbox.until(&known.name, RehearsalState::Succeeded).await;
    assert_eq!(known.pack, "messenger-2025");
    assert!(known.result.unwrap().to_allow > 0);
    // They are listed without results, the latest first.
    let list = async |page_size, page_token: String| {
        let request = ListRehearsalsRequest { page_size, page_token };
        sandbox.compliance.clone().list_rehearsals(request).await.unwrap().into_inner()
    };
    let all = list(0, String::new()).await;
    assert_eq!(all.rehearsals.len(), 2);
    assert!(all.rehearsals.iter().all(|one| one.result.is_none()));
    assert!(all.rehearsals[0].name > all.rehearsals[1].name && all.next_page_token.is_empty());
    let first = list(1, String::new()).await;
    let second = list(1, first.next_page_token.clone()).await;
    assert_eq!([first.rehearsals, second.rehearsals].concat(), all.rehearsals);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_validated_is_not_begun_and_everything_wrong_is_named_at_once() {
    let sandbox = Sandbox::start().await;
    let planned = sandbox.replay(ReplayWithRulePackRequest { validate_only: true, ..own("") }).await.unwrap();
    assert_eq!((planned.name.as_str(), planned.pack.as_str()), ("", "messenger-2026"));
    let listed = sandbox.compliance.clone().list_rehearsals(ListRehearsalsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().rehearsals, []);
    let (early, late) = (api::convert::timestamp(NOON), api::convert::timestamp(NOON.plus(Span::from_secs(1))));
    let wrong = ReplayWithRulePackRequest {
        parent: "page/1".to_owned(),
        pack: Some(Asked::PackText("name = 1".to_owned())),
        from_time: Some(late),
        to_time: Some(early),
        ..Default::default()
    };
    let status = sandbox.replay(wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "wrong or missing: parent, request_id, to_time, pack_text");
    let status = sandbox.replay(ReplayWithRulePackRequest { pack: None, ..own("r-1") }).await.unwrap_err();
    assert_eq!(status.message(), "wrong or missing: pack");
    let status = sandbox.replay(asked("r-1", Asked::RulePack("rulePacks/none".to_owned()))).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let unknown = "rehearsals/00000000-0000-7000-8000-000000000000";
    let status = sandbox.rehearsal(unknown).await.unwrap_err();
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "NO_SUCH_REHEARSAL");
    assert_eq!(sandbox.rehearsal("rehearsals/1").await.unwrap_err().code(), Code::InvalidArgument);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_cancelled_stays_so_until_it_is_resumed() {
    let sandbox = Sandbox::start_idle().await;
    sandbox.past(3).await;
    let begun = sandbox.replay(own("r-1")).await.unwrap();
    assert_eq!(begun.state(), RehearsalState::Pending);
    let name = begun.name.clone();
    let cancel = CancelRehearsalRequest { name: name.clone() };
    let cancelled = sandbox.compliance.clone().cancel_rehearsal(cancel.clone()).await.unwrap().into_inner();
    assert_eq!((cancelled.state(), cancelled.end_time.is_some()), (RehearsalState::Cancelled, true));
    assert_eq!(sandbox.compliance.clone().cancel_rehearsal(cancel).await.unwrap().into_inner(), cancelled);
    let (stop, mut working) = (CancellationToken::new(), JoinSet::new());
    working.spawn(sandbox.rehearsals.clone().work(stop.clone()));
    // Whoever works passes it over: a second one, asked for later, is done and the first is as it was.
    let second = sandbox.replay(own("r-2")).await.unwrap();
    let second = sandbox.until(&second.name, RehearsalState::Succeeded).await;
    assert_eq!(sandbox.rehearsal(&name).await.unwrap(), cancelled);
    let resume = ResumeRehearsalRequest { name: name.clone() };
    sandbox.compliance.clone().resume_rehearsal(resume).await.unwrap();
    assert_eq!(sandbox.until(&name, RehearsalState::Succeeded).await.result, second.result);
    stop.cancel();
    working.join_all().await;
    sandbox.stop().await;
}

/// Rehearsals in small parts, by a replica that looks often and whose lease soon ends.
fn replica(sandbox: &Sandbox) -> Rehearsals {
    let (term, look) = (Duration::from_millis(400), Duration::from_millis(20));
    sandbox.rehearsals.clone().at_pace(Pace { term, look, parts: 64, ..Pace::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_replica_died_is_taken_up_by_another_behind_what_is_done() {
    let sandbox = Sandbox::start_idle().await;
    let past = sandbox.past(4).await;
    let (one, other) = (replica(&sandbox), replica(&sandbox));
    let wanted = Wanted {
        scope: Scope::default(),
        proposed: Proposed::Pack(Box::new(proposed())),
        request: "r-1".to_owned(),
        request_digest: [7; 32],
    };
    let begun = one.begin(&wanted).await.unwrap();
    // Aborted in the middle, as by a kill: nothing is given back.
    let mut dying = JoinSet::new();
    dying.spawn(one.clone().work(CancellationToken::new()));
    let some = testkit::eventually(SOON, || async {
        let judged = one.report(&begun.id).await.unwrap().tally.totals().0;
        (judged > 0).then_some(judged)
    })
    .await;
    dying.shutdown().await;
    let (stop, mut working) = (CancellationToken::new(), JoinSet::new());
    working.spawn(other.clone().work(stop.clone()));
    testkit::eventually(SOON, || async {
        // Leases are measured by the clock of this sandbox, which somebody has to move.
        sandbox.hands.advance(Span::from_millis(20));
        let row = other.get(&begun.id).await.unwrap().unwrap();
        (row.state == State::Succeeded).then_some(())
    })
    .await;
    let report = other.report(&begun.id).await.unwrap();
    assert_eq!(counts(&report.tally), past.by_hand(&proposed(), &Scope::default()));
    assert!(some <= report.tally.totals().0);
    stop.cancel();
    working.join_all().await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_do_not_count_anything_twice() {
    let sandbox = Sandbox::start_idle().await;
    let past = sandbox.past(5).await;
    let (stop, mut working) = (CancellationToken::new(), JoinSet::new());
    for _ in 0..3 {
        working.spawn(replica(&sandbox).work(stop.clone()));
    }
    let expected = flips(&past.by_hand(&proposed(), &Scope::default()));
    for number in 0..3 {
        let begun = sandbox.replay(own(&format!("r-{number}"))).await.unwrap();
        let result = sandbox.until(&begun.name, RehearsalState::Succeeded).await.result.unwrap();
        assert_eq!((result.sends, result.to_block, result.to_allow), expected);
    }
    stop.cancel();
    working.join_all().await;
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ended_is_forgotten_after_30_days() {
    let sandbox = Sandbox::start().await;
    let begun = sandbox.replay(own("r-1")).await.unwrap();
    let done = sandbox.until(&begun.name, RehearsalState::Succeeded).await;
    assert_eq!(done.expire_time, Some(api::convert::timestamp(NOON.plus(KEPT))));
    sandbox.hands.advance(Span::from_millis(KEPT.as_millis() + 1));
    // Whoever works forgets what is due, before anything else.
    let second = sandbox.replay(own("r-2")).await.unwrap();
    sandbox.until(&second.name, RehearsalState::Succeeded).await;
    assert_eq!(sandbox.rehearsal(&begun.name).await.unwrap_err().code(), Code::NotFound);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_takes_the_samples_out_that_tell_of_the_person() {
    let sandbox = Sandbox::start().await;
    sandbox.past(6).await;
    let begun = sandbox.replay(own("r-1")).await.unwrap();
    let done = sandbox.until(&begun.name, RehearsalState::Succeeded).await.result.unwrap();
    let id = begun.name.strip_prefix("rehearsals/").unwrap();
    let found = sandbox.rehearsals.report(id).await.unwrap().samples().next().unwrap();
    let (stream, incarnation) = (found.stream.clone(), sandbox.log.identity().incarnation());
    let tombstone = sql::erasure::Tombstone { stream: &stream, incarnation, position: 1_000_000 };
    sql::erasure::bury(&sandbox.database, tombstone).await.unwrap();
    let of_person = |stream: &StreamId| *stream == found.stream;
    let left: Vec<_> = sandbox.rehearsals.report(id).await.unwrap().samples().map(|found| found.stream).collect();
    assert!(!left.iter().any(of_person) && left.len() < done.samples.len());
    // Nor is anything of them kept later.
    let again = sandbox.replay(own("r-2")).await.unwrap();
    let again = sandbox.until(&again.name, RehearsalState::Succeeded).await;
    let id = again.name.strip_prefix("rehearsals/").unwrap();
    assert!(!sandbox.rehearsals.report(id).await.unwrap().samples().any(|found| of_person(&found.stream)));
    assert_eq!(again.result.unwrap().to_block, done.to_block);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_log_that_was_restored_since_fails_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let (path, database) = (folder.path().join("log.db"), tables(&folder).await);
    let open = || SqliteLog::open(&path, sqlite::Config::default()).unwrap();
    let of = |log| {
        let (database, clock, ids) = (database.clone(), Clock::manual(NOON).0, Ids::random());
        Rehearsals::new(rehearsal::Deps { log: Arc::new(log), database, is_durable: true, clock, ids })
    };
    let wanted = Wanted {
        scope: Scope::default(),
        proposed: Proposed::Pack(Box::new(proposed())),
        request: "r-1".to_owned(),
        request_digest: [7; 32],
    };
    let begun = of(open()).begin(&wanted).await.unwrap();
    open().begin_incarnation().await.unwrap();
    let rehearsals = of(open());
    let (stop, mut working) = (CancellationToken::new(), JoinSet::new());
    working.spawn(rehearsals.clone().work(stop.clone()));
    let failed = testkit::eventually(SOON, || async {
        let row = rehearsals.get(&begun.id).await.unwrap().unwrap();
        (row.state == State::Failed).then_some(row)
    })
    .await;
    assert!(failed.error.contains("ask for another"), "{}", failed.error);
    stop.cancel();
    working.join_all().await;
}
