//! Rule packs that callers activate, retire, pin and change for single Pages.

use crate::sandbox::{NOON, Sandbox, after, at, may_bot};
use api::proto::compliance::v1::activate_rule_pack_request::Pack as Chosen;
use api::proto::compliance::v1::{
    ActivateRulePackRequest, ListRulePacksRequest, OverrideRulePackRequest, PageRules, PinRulePackRequest,
    RetireRulePackRequest, RulePack, Verdict,
};
use domain::id::StreamId;
use domain::pack::BUILT_IN;
use event_log::EventLog;
use tokio::task::JoinSet;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

/// The newest pack under another name, in force from the beginning of 2026, with this window.
fn own_text(window: &str) -> String {
    let text = BUILT_IN[4].1.replace("name = \"messenger-2026-09\"", "name = \"own\"");
    let text = text.replace("in_force_from = \"2026-09-28T00:00:00Z\"", "in_force_from = \"2026-01-01T00:00:00Z\"");
    text.replace("standard = \"24h\"", &format!("standard = \"{window}\""))
}

fn by_text(window: &str) -> ActivateRulePackRequest {
    ActivateRulePackRequest { pack: Some(Chosen::Text(own_text(window))), ..Default::default() }
}

fn by_name(name: &str) -> ActivateRulePackRequest {
    ActivateRulePackRequest { pack: Some(Chosen::Name(name.to_owned())), ..Default::default() }
}

fn named(id: &str, request: ActivateRulePackRequest) -> ActivateRulePackRequest {
    ActivateRulePackRequest { request_id: id.to_owned(), ..request }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_error_details().error_info().unwrap().reason.clone())
}

fn violations(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let found = details.bad_request().unwrap().field_violations.clone();
    found.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

impl Sandbox {
    async fn activate(&self, request: ActivateRulePackRequest) -> Result<RulePack, Status> {
        self.compliance.clone().activate_rule_pack(request).await.map(Response::into_inner)
    }

    async fn retire(&self, name: &str) -> Result<RulePack, Status> {
        let request = RetireRulePackRequest { name: name.to_owned(), ..Default::default() };
        self.compliance.clone().retire_rule_pack(request).await.map(Response::into_inner)
    }

    async fn pin(&self, rule_pack: &str) -> Result<PageRules, Status> {
        let (name, rule_pack) = ("pages/1001".to_owned(), rule_pack.to_owned());
        let request = PinRulePackRequest { name, rule_pack, ..Default::default() };
        self.compliance.clone().pin_rule_pack(request).await.map(Response::into_inner)
    }

    async fn overrides(&self, overrides: &str) -> Result<PageRules, Status> {
        let (name, overrides) = ("pages/1001".to_owned(), overrides.to_owned());
        let request = OverrideRulePackRequest { name, overrides, ..Default::default() };
        self.compliance.clone().override_rule_pack(request).await.map(Response::into_inner)
    }

    async fn n_records(&self) -> usize {
        self.log.read(&StreamId::packs(), 0).await.unwrap().len()
    }

    /// Whether a bot may answer Asha this many hours after noon.
    async fn may(&self, hours: i64) -> bool {
        self.decision(at(after(hours, 0), may_bot())).await.verdict() == Verdict::Allowed
    }
}

#[tokio::test]
async fn a_pack_that_is_activated_is_judged_by_and_one_that_is_retired_is_not() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    assert!(sandbox.may(5).await);
    let own = sandbox.activate(by_text("4h")).await.unwrap();
    assert!(own.active && own.in_force && own.text == own_text("4h"));
    assert_eq!((sandbox.may(3).await, sandbox.may(5).await), (true, false));
    // By its name now, and as often as anybody likes.
    assert_eq!(sandbox.activate(by_name(&own.name)).await.unwrap(), own);
    assert_eq!(sandbox.activate(by_name(&own.name[.."rulePacks/own@".len() + 8])).await.unwrap(), own);
    let retired = sandbox.retire(&own.name).await.unwrap();
    assert!(!retired.active && !retired.in_force);
    assert_eq!(sandbox.retire(&own.name).await.unwrap(), retired);
    assert!(sandbox.may(5).await);
    assert_eq!(sandbox.n_records().await, 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn everything_wrong_with_a_text_is_answered_at_once_with_lines_and_keys() {
    let sandbox = Sandbox::start().await;
    let text = own_text("long").replace("control = \"24h\"", "control = \"24h\"\ncontrol_too = 1");
    let request = ActivateRulePackRequest { pack: Some(Chosen::Text(text)), ..Default::default() };
    let request = ActivateRulePackRequest { request_id: "with blanks".to_owned(), ..request };
    let found = violations(&sandbox.activate(request).await.unwrap_err());
    let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["request_id", "text.windows.standard", "text.thread.control_too"]);
    assert!(found[1].1.starts_with("line 9: is \"long\"; it must be a span"), "{}", found[1].1);
    let nothing = violations(&sandbox.activate(ActivateRulePackRequest::default()).await.unwrap_err());
    assert_eq!(nothing[0].0, "pack");
    let own = violations(&sandbox.overrides("[windows]\nstandard = 1\nstandart = \"1h\"\n").await.unwrap_err());
    let fields: Vec<_> = own.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["overrides.windows.standard", "overrides.windows.standart"]);
    assert_eq!(violations(&sandbox.pin("rulePacks/own").await.unwrap_err())[0].0, "rule_pack");
    assert_eq!(sandbox.n_records().await, 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_not_known_and_the_last_pack_are_refused() {
    let sandbox = Sandbox::start().await;
    let unknown = format!("rulePacks/own@{}", "0".repeat(64));
    for status in [
        sandbox.activate(by_name(&unknown)).await.unwrap_err(),
        sandbox.retire(&unknown).await.unwrap_err(),
        sandbox.pin(&unknown).await.unwrap_err(),
    ] {
        assert_eq!(reason(&status), (Code::NotFound, "NO_SUCH_RULE_PACK".to_owned()));
    }
    let listed = sandbox.compliance.clone().list_rule_packs(ListRulePacksRequest::default()).await;
    let names: Vec<_> = listed.unwrap().into_inner().rule_packs.into_iter().map(|pack| pack.name).collect();
    for name in &names[..4] {
        sandbox.retire(name).await.unwrap();
    }
    let status = sandbox.retire(&names[4]).await.unwrap_err();
    assert_eq!(reason(&status), (Code::FailedPrecondition, "LAST_RULE_PACK".to_owned()));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_call_that_is_repeated_under_its_name_changes_nothing_again() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.activate(named("call-1", by_text("4h"))).await.unwrap();
    assert_eq!(sandbox.activate(named("call-1", by_text("4h"))).await.unwrap(), first);
    assert_eq!(sandbox.n_records().await, 1);
    // Also when what it asked for was undone meanwhile, and when it asked for nothing new.
    sandbox.retire(&first.name).await.unwrap();
    let again = sandbox.activate(named("call-1", by_text("4h"))).await.unwrap();
    assert!(!again.active && again.name == first.name);
    let status = sandbox.activate(named("call-1", by_text("5h"))).await.unwrap_err();
    assert_eq!(reason(&status), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    // The same content by another call is another call.
    let request = RetireRulePackRequest { name: first.name, request_id: "call-1".to_owned(), ..Default::default() };
    let status = sandbox.compliance.clone().retire_rule_pack(request).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(sandbox.n_records().await, 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_call_that_names_an_etag_is_made_only_if_nothing_was_changed_since() {
    let sandbox = Sandbox::start().await;
    let seen = sandbox.compliance.clone().list_rule_packs(ListRulePacksRequest::default()).await.unwrap();
    let etag = seen.into_inner().etag;
    let with = |etag: &str, request| ActivateRulePackRequest { etag: etag.to_owned(), ..request };
    let own = sandbox.activate(with(&etag, named("call-1", by_text("4h")))).await.unwrap();
    assert_ne!(own.etag, etag);
    // The answer got lost: the same call again is no conflict with itself.
    assert_eq!(sandbox.activate(with(&etag, named("call-1", by_text("4h")))).await.unwrap(), own);
    let status = sandbox.activate(with(&etag, by_text("5h"))).await.unwrap_err();
    assert_eq!(reason(&status), (Code::Aborted, "REVISION_CONFLICT".to_owned()));
    assert_eq!(status.get_error_details().error_info().unwrap().metadata["etag"], own.etag);
    sandbox.activate(with(&own.etag, by_text("5h"))).await.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn a_call_that_only_validates_answers_the_same_and_records_nothing() {
    let sandbox = Sandbox::start().await;
    let dry = ActivateRulePackRequest { validate_only: true, ..named("call-1", by_text("4h")) };
    let told = sandbox.activate(dry).await.unwrap();
    assert!(told.active && told.in_force);
    assert_eq!(sandbox.n_records().await, 0);
    let made = sandbox.activate(named("call-1", by_text("4h"))).await.unwrap();
    assert_eq!(RulePack { etag: String::new(), ..made }, RulePack { etag: String::new(), ..told });
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_is_pinned_and_freed_and_has_values_of_its_own_until_they_are_taken_away() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let own = sandbox.overrides("[windows]\nstandard = \"4h\"\n").await.unwrap();
    assert!(own.rule_pack.starts_with("rulePacks/messenger-2025@") && own.pinned_rule_pack.is_empty());
    assert!(!sandbox.may(5).await);
    let request = ListRulePacksRequest { page_size: 1, ..Default::default() };
    let first =
        sandbox.compliance.clone().list_rule_packs(request).await.unwrap().into_inner().rule_packs.remove(0).name;
    let pinned = sandbox.pin(&first).await.unwrap();
    assert_eq!((&pinned.rule_pack, &pinned.pinned_rule_pack), (&first, &first));
    assert_eq!(sandbox.decision(may_bot()).await.pack, "messenger-2020");
    let free = sandbox.pin("").await.unwrap();
    assert_eq!((free.rule_pack, free.pinned_rule_pack.as_str()), (own.rule_pack, ""));
    assert_eq!(sandbox.overrides("").await.unwrap().overrides, "");
    assert!(sandbox.may(5).await);
    sandbox.stop().await;
}

#[tokio::test]
async fn of_calls_at_one_time_none_is_lost() {
    let sandbox = Sandbox::start().await;
    let mut calls = JoinSet::new();
    for hours in 1..=6 {
        let mut compliance = sandbox.compliance.clone();
        calls.spawn(async move { compliance.activate_rule_pack(by_text(&format!("{hours}h"))).await.map(drop) });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    let all = sandbox.compliance.clone().list_rule_packs(ListRulePacksRequest::default()).await.unwrap().into_inner();
    assert_eq!(all.rule_packs.iter().filter(|pack| pack.display_name == "own" && pack.active).count(), 6);
    sandbox.stop().await;
}
