//! Registering Pages, and looking after them, against the platform.

use crate::sandbox::{PAGE, reason, wrong_fields};
use api::proto::page::v1 as pb;
use api::proto::page::v1::ProblemKind;
use domain::event::{Event, PageStep, PageStepKind};
use domain::id::{PageId, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{EventLog, Expected, Record, Stored};
use messenger::client::As;
use service_kit::Ids;

mod world;

use world::{NAME, NEXT, OTHER_APP_TOKEN, TOKEN, World, names, register, rotate};

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::World::start(None).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::World::start(Some(testkit::postgres().database())).await).await;
            })+
        }
    };
}

on_both!(
    a_page_is_registered_without_its_token_being_told,
    whatever_the_token_is_not_good_for_is_told_at_once,
    what_is_only_checked_is_not_kept,
    a_repeated_call_changes_nothing_and_a_reused_request_id_is_refused,
    a_token_is_rotated_and_its_death_forgotten,
    a_lost_subscription_is_told_once_and_mended,
    a_dead_token_is_found_in_the_background,
    a_lost_permission_is_told_until_it_is_well,
    a_page_is_paused_and_resumed_for_a_reason,
    a_capability_and_the_toggle_are_told,
    pages_are_listed_by_id,
    of_an_unknown_page_nothing_is_known,
);

/// The kinds of the problems.
fn kinds(page: &pb::Page) -> Vec<ProblemKind> {
    page.problems.iter().map(pb::Problem::kind).collect()
}

/// Something happens to the Page.
async fn happens(world: &World, kind: PageStepKind) {
    let at = Timestamp::from_millis(0);
    let record = Record {
        id: RecordId::new(Ids::random().uuid_v7(at)),
        stream: StreamId::Page(PageId::parse(PAGE).unwrap()),
        recorded_at: at,
        fact: None,
        traceparent: None,
        events: vec![Event::Page(PageStep { at, kind })],
    };
    world.log.append(&record, Expected::Any).await.unwrap();
}

async fn steps(world: &World) -> Vec<&'static str> {
    let stream = StreamId::Page(PageId::parse(PAGE).unwrap());
    let records = world.log.read(&stream, 0).await.unwrap();
    let name = |recorded: domain::event::Recorded<'_>| {
        let Event::Page(step) = recorded.event else { return None };
        (!matches!(step.kind, PageStepKind::Asked { .. })).then_some(step.kind.as_str())
    };
    records.iter().flat_map(Stored::events).filter_map(name).collect()
}

async fn a_page_is_registered_without_its_token_being_told(world: World) {
    let page = world.pages.clone().register_page(register("r-1", TOKEN)).await.unwrap().into_inner();
    assert_eq!((page.name.as_str(), page.display_name.as_str(), page.app.as_str()), (NAME, "Harbour Shoes", "4004"));
    assert_eq!((page.state(), page.problems.len(), page.messaging_enabled), (pb::PageState::Active, 0, true));
    assert!(page.create_time.is_some() && page.token_time == page.create_time);
    assert_eq!(world.get().await, page);
    assert_eq!(steps(&world).await, ["connected", "registered"]);
    let kept = world.everything_kept().await;
    assert!(!kept.windows(TOKEN.len()).any(|bytes| bytes == TOKEN.as_bytes()), "the token is readable somewhere");
    world.stop().await;
}

async fn whatever_the_token_is_not_good_for_is_told_at_once(world: World) {
    let refused = world.refused(register("r-1", "EAAnobody")).await;
    assert_eq!((reason(&refused).as_str(), names(&refused)), ("PAGE_NOT_READY", vec!["TOKEN_REFUSED".to_owned()]));
    // Another app's token for another Page.
    let refused = world.refused(register("r-2", OTHER_APP_TOKEN)).await;
    let both = vec!["TOKEN_OF_ANOTHER_PAGE".to_owned(), "TOKEN_OF_ANOTHER_APP".to_owned()];
    assert_eq!((reason(&refused).as_str(), names(&refused)), ("PAGE_NOT_READY", both));
    let bad = pb::RegisterPageRequest { name: "pages/-".to_owned(), ..pb::RegisterPageRequest::default() };
    assert_eq!(wrong_fields(&world.refused(bad).await), ["access_token", "name", "request_id"]);
    assert_eq!(reason(&world.unknown().await), "NO_SUCH_PAGE");
    world.stop().await;
}

async fn what_is_only_checked_is_not_kept(world: World) {
    let only = pb::RegisterPageRequest { validate_only: true, ..register("r-1", TOKEN) };
    let page = world.pages.clone().register_page(only).await.unwrap().into_inner();
    assert!(page.problems.is_empty() && page.create_time.is_none());
    assert_eq!(reason(&world.unknown().await), "NO_SUCH_PAGE");
    world.register().await;
    let only = pb::RotatePageTokenRequest { validate_only: true, ..rotate("r-2", "EAAnobody") };
    assert_eq!(reason(&world.pages.clone().rotate_page_token(only).await.unwrap_err()), "PAGE_NOT_READY");
    assert_eq!(world.token().await, TOKEN);
    world.stop().await;
}

async fn a_repeated_call_changes_nothing_and_a_reused_request_id_is_refused(world: World) {
    let first = world.pages.clone().register_page(register("r-1", TOKEN)).await.unwrap().into_inner();
    let again = world.pages.clone().register_page(register("r-1", TOKEN)).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(reason(&world.refused(register("r-1", "EAAother")).await), "REQUEST_ID_REUSED");
    let renamed = pb::RegisterPageRequest { display_name: "Other".to_owned(), ..register("r-1", TOKEN) };
    assert_eq!(reason(&world.refused(renamed).await), "REQUEST_ID_REUSED");
    assert_eq!(reason(&world.refused(register("r-2", "EAAother")).await), "PAGE_EXISTS");
    assert_eq!(steps(&world).await, ["connected", "registered"]);
    world.stop().await;
}

async fn a_token_is_rotated_and_its_death_forgotten(world: World) {
    world.register().await;
    // The platform takes the new token alone from here on.
    world.admin.add_page(PAGE, NEXT).await.unwrap();
    let checked = world.check().await;
    assert_eq!(kinds(&checked), [ProblemKind::TokenRefused]);
    assert_eq!(kinds(&world.get().await), [ProblemKind::TokenRefused]);
    world.check().await;
    let rotated = world.pages.clone().rotate_page_token(rotate("r-2", NEXT)).await.unwrap().into_inner();
    assert!(rotated.problems.is_empty() && rotated.token_time.is_some());
    assert_eq!(world.token().await, NEXT);
    assert_eq!(steps(&world).await, ["connected", "registered", "token_dead", "token_rotated"]);
    world.stop().await;
}

async fn a_lost_subscription_is_told_once_and_mended(world: World) {
    world.register().await;
    let (page, token) = (PageId::parse(PAGE).unwrap(), TOKEN.into());
    world.client.subscribe(As { page: &page, token: &token }, &["messages", "standby"]).await.answer.unwrap();
    for _ in 0..2 {
        let checked = world.check().await;
        assert_eq!(kinds(&checked), [ProblemKind::FieldsMissing]);
        assert!(checked.problems[0].what.contains("message_echoes"), "{checked:?}");
    }
    let subscribe = pb::SubscribePageRequest { name: NAME.to_owned() };
    let mended = world.pages.clone().subscribe_page(subscribe).await.unwrap().into_inner();
    assert!(mended.problems.is_empty(), "{mended:?}");
    let apps = world.client.subscribed_apps(As { page: &page, token: &token }).await.answer.unwrap();
    let ours = apps.iter().find(|app| app.app.as_str() == "4004").unwrap();
    assert!(ours.fields.iter().any(|field| field == "standby"), "what was heard before is heard still");
    assert_eq!(steps(&world).await, ["connected", "registered", "subscription_lost", "subscription_well"]);
    world.stop().await;
}

async fn a_dead_token_is_found_in_the_background(world: World) {
    world.register().await;
    world.admin.add_page(PAGE, NEXT).await.unwrap();
    let watching = world.watch();
    watching.until(|overview| overview.token_dead == 1 && overview.all == 1).await;
    world.pages.clone().rotate_page_token(rotate("r-2", NEXT)).await.unwrap();
    watching.until(|overview| overview.trouble().is_none()).await;
    assert_eq!(steps(&world).await, ["connected", "registered", "token_dead", "token_rotated"]);
    watching.stop().await;
    assert!(world.metrics.render().contains("nuncio_pages{state=\"all\"} 1"), "{}", world.metrics.render());
    world.stop().await;
}

async fn a_lost_permission_is_told_until_it_is_well(world: World) {
    world.register().await;
    let watching = world.watch();
    happens(&world, PageStepKind::PermissionLost { code: 10, subcode: 0 }).await;
    watching.until(|overview| overview.permission_lost == 1 && overview.trouble().is_some()).await;
    assert_eq!(kinds(&world.get().await), [ProblemKind::PermissionLost]);
    // No check finds this out, so none makes it well.
    assert_eq!(kinds(&world.check().await), [ProblemKind::PermissionLost]);
    happens(&world, PageStepKind::PermissionWell).await;
    watching.until(|overview| overview.trouble().is_none()).await;
    assert!(world.get().await.problems.is_empty());
    watching.stop().await;
    world.stop().await;
}

async fn a_page_is_paused_and_resumed_for_a_reason(world: World) {
    world.register().await;
    let pause = |request: &str, reason: &str| pb::PausePageRequest {
        name: NAME.to_owned(),
        reason: reason.to_owned(),
        request_id: request.to_owned(),
    };
    let refused = world.pages.clone().pause_page(pause("r-2", "")).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["reason"]);
    for request in ["r-2", "r-2", "r-3"] {
        let paused = world.pages.clone().pause_page(pause(request, "the shop moves")).await.unwrap().into_inner();
        assert_eq!((paused.state(), paused.pause_reason.as_str()), (pb::PageState::Paused, "the shop moves"));
    }
    let reused = world.pages.clone().pause_page(pause("r-2", "another")).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    let resume = pb::ResumePageRequest { name: NAME.to_owned(), request_id: "r-4".to_owned() };
    for _ in 0..2 {
        let resumed = world.pages.clone().resume_page(resume.clone()).await.unwrap().into_inner();
        assert_eq!((resumed.state(), resumed.pause_reason.as_str()), (pb::PageState::Active, ""));
    }
    assert_eq!(steps(&world).await, ["connected", "registered", "paused", "resumed"]);
    world.stop().await;
}

async fn a_capability_and_the_toggle_are_told(world: World) {
    world.register().await;
    let grant = |word: &str| pb::SetCapabilityRequest {
        name: NAME.to_owned(),
        capability: word.to_owned(),
        granted: true,
        request_id: "r-2".to_owned(),
    };
    assert_eq!(wrong_fields(&world.pages.clone().set_capability(grant("flying")).await.unwrap_err()), ["capability"]);
    let page = world.pages.clone().set_capability(grant("human_agent")).await.unwrap().into_inner();
    assert_eq!(page.capabilities, [pb::PageCapability { capability: "human_agent".to_owned(), granted: true }]);
    let off = pb::SetMessagingRequest { name: NAME.to_owned(), enabled: false, request_id: "r-3".to_owned() };
    assert!(!world.pages.clone().set_messaging(off).await.unwrap().into_inner().messaging_enabled);
    assert_eq!(steps(&world).await, ["connected", "registered", "capability_changed", "messaging_switched"]);
    world.stop().await;
}

async fn pages_are_listed_by_id(world: World) {
    world.register().await;
    world.admin.add_page("1000", "EAAthird").await.unwrap();
    let other = pb::RegisterPageRequest { name: "pages/1000".to_owned(), ..register("r-1", "EAAthird") };
    world.pages.clone().register_page(other).await.unwrap();
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let asked = pb::ListPagesRequest { page_size: 1, page_token };
        let answer = world.pages.clone().list_pages(asked).await.unwrap().into_inner();
        listed.extend(answer.pages.into_iter().map(|page| page.name));
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, ["pages/1000", NAME]);
    let wrong = pb::ListPagesRequest { page_size: -1, page_token: "?".to_owned() };
    let refused = world.pages.clone().list_pages(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["page_size", "page_token"]);
    world.stop().await;
}

async fn of_an_unknown_page_nothing_is_known(world: World) {
    let check = pb::CheckPageRequest { name: NAME.to_owned() };
    assert_eq!(reason(&world.pages.clone().check_page(check).await.unwrap_err()), "NO_SUCH_PAGE");
    let refused = world.pages.clone().rotate_page_token(rotate("r-1", TOKEN)).await.unwrap_err();
    assert_eq!(reason(&refused), "NO_SUCH_PAGE");
    let resume = pb::ResumePageRequest { name: NAME.to_owned(), request_id: "r-2".to_owned() };
    assert_eq!(reason(&world.pages.clone().resume_page(resume).await.unwrap_err()), "NO_SUCH_PAGE");
    assert!(steps(&world).await.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_no_token_is_taken() {
    let world = World::start_without_keys().await;
    let refused = world.refused(register("r-1", TOKEN)).await;
    assert_eq!(reason(&refused), "NO_SECRETS_KEY");
    assert!(refused.message().contains("secrets.key_file"), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_away_is_not_taken_for_a_refusal() {
    let world = World::start(None).await;
    world.register().await;
    let world = world.without_platform().await;
    assert_eq!(kinds(&world.check().await), [ProblemKind::PlatformSilent]);
    let refused = world.pages.clone().rotate_page_token(rotate("r-2", NEXT)).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), refused.code()), ("PLATFORM_SILENT", tonic::Code::Unavailable));
    assert_eq!(steps(&world).await, ["connected", "registered"]);
    world.stop().await;
}
