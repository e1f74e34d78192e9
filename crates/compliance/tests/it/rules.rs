//! What the Page is, what the log says of packs, and what is said: all of it decides.

use crate::sandbox::{NOON, Sandbox, after, at, may, may_bot, may_staff};
use api::proto::compliance::v1::{
    Automation, EvaluateSendRequest, GetPageHealthRequest, Matter, PageHealth, PageStanding, Purpose, RemedyKind,
    Route, Verdict, actor, matter,
};
use domain::decision::Capability;
use domain::event::{Event, PageStep, PageStepKind};
use domain::id::StreamId;
use domain::pack::{Change, Packs};
use tonic::Code;

impl Sandbox {
    /// Something happens to the Page.
    async fn page_step(&self, kind: PageStepKind) {
        self.happened(StreamId::Page(Self::page()), vec![Event::Page(PageStep { at: NOON, kind })]).await;
    }

    /// An operator changes the packs.
    async fn change(&self, change: &Change) {
        let events = Packs::built_in().decide(change, NOON).unwrap();
        self.happened(StreamId::packs(), events).await;
    }

    async fn health(&self) -> PageHealth {
        let request = GetPageHealthRequest { name: "pages/1001".to_owned(), at_time: None };
        self.compliance.clone().get_page_health(request).await.unwrap().into_inner()
    }
}

/// An automation tells of an order, at a moment.
fn order(reference: Option<&str>) -> EvaluateSendRequest {
    let reference = reference.map(|id| matter::Reference::OrderId(id.to_owned()));
    let matter = Some(Matter { reference, ..Matter::default() });
    let asked = may(actor::Kind::Automation(Automation {}), Purpose::PostPurchaseUpdate);
    at(after(30, 0), EvaluateSendRequest { matter, ..asked })
}

#[tokio::test]
async fn an_order_is_told_of_by_its_tag_when_it_is_named() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let told = sandbox.decision(order(Some("42"))).await;
    assert_eq!((told.verdict(), told.route()), (Verdict::Allowed, Route::PostPurchaseUpdate));
    assert_eq!(told.findings[0].about, "POST_PURCHASE_UPDATE");
    let refused = sandbox.decision(order(None)).await;
    assert_eq!(refused.verdict(), Verdict::Blocked);
    assert!(refused.findings.iter().any(|finding| finding.rule == "REFERENCE_MISSING"));
    assert!(refused.remedies.iter().any(|remedy| remedy.kind() == RemedyKind::Named));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_whose_messaging_is_off_may_say_nothing() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    sandbox.page_step(PageStepKind::MessagingSwitched { is_on: false }).await;
    assert_eq!(sandbox.decision(may_bot()).await.findings[0].rule, "MESSAGING_DISABLED");
    assert!(!sandbox.health().await.messaging_on);
    sandbox.page_step(PageStepKind::MessagingSwitched { is_on: true }).await;
    assert_eq!(sandbox.decision(may_bot()).await.verdict(), Verdict::Allowed);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_pages_health_says_how_it_stands_and_what_it_has() {
    let sandbox = Sandbox::start().await;
    let well = sandbox.health().await;
    assert_eq!((well.standing(), well.messaging_on, well.pack.as_str()), (PageStanding::Well, true, "messenger-2025"));
    assert!(well.capabilities.contains(&"human_agent".to_owned()));
    sandbox.page_step(PageStepKind::Refused { code: 10, subcode: 1_893_063 }).await;
    let (capability, is_granted) = (Capability::HumanAgent, false);
    sandbox.page_step(PageStepKind::CapabilityChanged { capability, is_granted }).await;
    let restricted = sandbox.health().await;
    assert_eq!(restricted.standing(), PageStanding::Restricted);
    assert_eq!(restricted.end_time, Some(api::convert::timestamp(after(24, 0))));
    assert!(!restricted.capabilities.contains(&"human_agent".to_owned()));
    let nowhere = GetPageHealthRequest { name: "pages/-".to_owned(), at_time: None };
    let status = sandbox.compliance.clone().get_page_health(nowhere).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_page_is_judged_by_the_pack_it_is_pinned_to_with_its_own_numbers() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(NOON).await;
    let packs = Packs::built_in();
    let first = packs.in_force(domain::time::Timestamp::default()).reference().clone();
    sandbox.change(&Change::Pin(Sandbox::page(), Some(first))).await;
    let own = "[windows]\nstandard = \"2h\"\n".to_owned();
    sandbox.change(&Change::Override(Sandbox::page(), Some(own))).await;
    let decision = sandbox.decision(at(after(2, 0), may_staff())).await;
    assert_eq!((decision.pack.as_str(), decision.overridden), ("messenger-2020", true));
    assert_eq!(decision.route(), Route::HumanAgent);
    let health = sandbox.health().await;
    assert_eq!((health.pack.as_str(), health.pinned, health.overridden), ("messenger-2020", true, true));
    sandbox.stop().await;
}
