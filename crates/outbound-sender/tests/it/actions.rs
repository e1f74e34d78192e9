//! What a Page does in a thread without saying anything.

use crate::around::action;
use crate::sandbox::{ASHA, PAGE, Sandbox};
use crate::words::{reason, says, wrong_fields};
use api::proto::outbound::v1::send_action_request::Kind;
use api::proto::outbound::v1::{MarkSeen, React, SendActionRequest, State, TypingOff, TypingOn, Unreact};
use domain::event::{Consent, ConsentBy, ConsentKind, Erasing, ErasingKind, Event, PageStepKind};
use domain::id::RecordId;
use event_log::{EventLog, Expected, Record};
use service_kit::Ids;
use simulator::{Deed, Fault, FaultKind};
use tonic::Code;

fn typing() -> Kind {
    Kind::TypingOn(TypingOn {})
}

fn love(mid: &str) -> Kind {
    Kind::React(React { mid: mid.to_owned(), reaction: "love".to_owned() })
}

impl Sandbox {
    /// Records this in Asha's conversation.
    async fn notes(&self, event: Event) {
        let now = self.now();
        let record = Record {
            id: RecordId::new(Ids::random().uuid_v7(now)),
            stream: self.conversation(ASHA),
            recorded_at: now,
            fact: None,
            traceparent: None,
            events: vec![event],
        };
        self.log.append(&record, Expected::Any).await.unwrap();
    }

    /// What the Page's action is refused for, before the platform is asked.
    async fn is_barred(&self, psid: &str, kind: Kind) -> String {
        let n_actions = self.actions().await.len();
        let why = reason(&self.act(action(psid, kind)).await.unwrap_err());
        assert_eq!(self.actions().await.len(), n_actions);
        why
    }

    /// Lets Asha write; answers the message's id.
    async fn hears_of(&self) -> String {
        let deed = Deed::Write {
            text: Some("which one?".to_owned()),
            attachments: Vec::new(),
            sticker_id: None,
            quick_reply: None,
            reply_to: None,
        };
        let mid = self.admin.act(ASHA, PAGE, &deed).await.unwrap().mid.unwrap();
        self.has_all_webhooks().await;
        mid
    }
}

#[tokio::test]
async fn typing_and_seen_reach_the_thread_and_leave_nothing_in_the_log() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let n_records = sandbox.records(ASHA).await.len();
    for kind in [typing(), Kind::TypingOff(TypingOff {}), Kind::MarkSeen(MarkSeen {})] {
        sandbox.act(action(ASHA, kind)).await.unwrap();
    }
    assert_eq!(sandbox.actions().await, ["typing_on", "typing_off", "mark_seen"]);
    assert_eq!(sandbox.records(ASHA).await.len(), n_records);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_reaction_stands_at_a_message_that_the_log_knows() {
    let sandbox = Sandbox::start().await;
    let mid = sandbox.hears_of().await;
    let shown = async || sandbox.admin.thread(ASHA, PAGE, 0).await.unwrap()[0].page_reaction.clone();
    sandbox.act(action(ASHA, love(&mid))).await.unwrap();
    assert!(shown().await.is_some());
    sandbox.act(action(ASHA, Kind::Unreact(Unreact { mid: mid.clone() }))).await.unwrap();
    assert_eq!(shown().await, None);
    assert_eq!(sandbox.is_barred(ASHA, love("m_unknown")).await, "NO_SUCH_MESSAGE");
    sandbox.stop().await;
}

#[tokio::test]
async fn whoever_never_wrote_opted_out_or_was_erased_is_left_alone() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.is_barred("5151515151", typing()).await, "NO_USER_INITIATION");
    let mid = sandbox.hears_of().await;
    let consent = |kind| Event::Consent(Consent { at: sandbox.now(), kind, by: ConsentBy::Caller });
    sandbox.notes(consent(ConsentKind::OptedOut)).await;
    for kind in [typing(), love(&mid)] {
        assert_eq!(sandbox.is_barred(ASHA, kind).await, "OPTED_OUT");
    }
    sandbox.notes(consent(ConsentKind::OptedIn)).await;
    sandbox.act(action(ASHA, typing())).await.unwrap();
    let at = sandbox.now();
    sandbox.notes(Event::Erasing(Erasing { at, kind: ErasingKind::Begun { until: at } })).await;
    assert_eq!(sandbox.is_barred(ASHA, typing()).await, "RECIPIENT_SUPPRESSED");
    // Whoever writes again is there again, and what was erased is not.
    sandbox.hears_of().await;
    sandbox.act(action(ASHA, typing())).await.unwrap();
    assert_eq!(sandbox.is_barred(ASHA, love(&mid)).await, "NO_SUCH_MESSAGE");
    sandbox.stop().await;
}

#[tokio::test]
async fn nothing_is_done_for_a_page_that_is_paused_or_off() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.page_step(PageStepKind::Paused { reason: "stock-taking".to_owned() }).await;
    assert_eq!(sandbox.is_barred(ASHA, typing()).await, "PAGE_PAUSED");
    sandbox.page_step(PageStepKind::Resumed).await;
    sandbox.page_step(PageStepKind::MessagingSwitched { is_on: false }).await;
    assert_eq!(sandbox.is_barred(ASHA, typing()).await, "MESSAGING_DISABLED");
    sandbox.stop().await;
}

#[tokio::test]
async fn actions_are_paced_apart_from_messages() {
    let (sandbox, hands) = Sandbox::start_by_hand_with_long_leases().await;
    sandbox.hears(ASHA).await;
    for _ in 0..20 {
        sandbox.act(action(ASHA, typing())).await.unwrap();
    }
    let status = sandbox.act(action(ASHA, typing())).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "TOO_MANY_ACTIONS"));
    let message = sandbox.send(says(ASHA, "1", "hello")).await;
    sandbox.becomes(&message.name, State::Sent).await;
    hands.advance(domain::time::Span::from_secs(1));
    sandbox.act(action(ASHA, typing())).await.unwrap();
    sandbox.stop().await;
}

#[tokio::test]
async fn an_action_is_tried_once_and_its_error_is_told() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    for (kind, code, why) in [
        (FaultKind::Throttle, Code::FailedPrecondition, "PLATFORM_REFUSED"),
        (FaultKind::ResponseLost, Code::Unavailable, "PLATFORM_SILENT"),
    ] {
        let fault = Fault { endpoint: Some("sender_action".to_owned()), ..Fault::next(kind, 1) };
        sandbox.admin.inject_fault(&fault).await.unwrap();
        let status = sandbox.act(action(ASHA, typing())).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (code, why));
    }
    assert_eq!(sandbox.actions().await.len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_check_alone_does_nothing_and_every_wrong_field_is_named() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    sandbox.act(SendActionRequest { validate_only: true, ..action(ASHA, typing()) }).await.unwrap();
    assert_eq!(sandbox.actions().await.len(), 0);
    let status = sandbox.act(SendActionRequest::default()).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["parent", "actor", "kind"]);
    let wrong = Kind::React(React { mid: String::new(), reaction: "x".repeat(33) });
    let status = sandbox.act(action(ASHA, wrong)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["react.reaction", "react.mid"]);
    sandbox.stop().await;
}
