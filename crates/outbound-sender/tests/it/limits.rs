//! A Page's limits are known before anything leaves it.

use crate::sandbox::{ASHA, BILAL, PAGE, SOON, Sandbox};
use crate::words::says;
use api::proto::outbound::v1::State;
use domain::event::{Event, System, SystemKind};
use domain::id::{PageId, RecordId, StreamId};
use event_log::{EventLog as _, Expected, Record};
use service_kit::Ids;
use testkit::eventually;

impl Sandbox {
    /// From now on these limits are the Page's.
    pub(crate) async fn is_limited_by(&self, limits: &str) {
        let at = self.now();
        let overrides = Some(format!("[limits]\n{limits}\n"));
        let kind = SystemKind::PackOverridden { page: PageId::parse(PAGE).unwrap(), overrides };
        let record = Record {
            id: RecordId::new(Ids::random().uuid_v7(at)),
            stream: StreamId::packs(),
            recorded_at: at,
            fact: None,
            traceparent: None,
            events: vec![Event::System(System { at, kind })],
        };
        self.log.append(&record, Expected::Any).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_leaves_a_page_until_its_limits_can_be_read() {
    let mut sandbox = Sandbox::start_with(|setup| setup.is_shaped = true).await;
    sandbox.is_limited_by("sends_per_second = 1").await;
    sandbox.stop_senders().await;
    let mut names = Vec::new();
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
        names.push(sandbox.send(says(psid, "1", "hello")).await.name);
    }
    sandbox.has_its_table().await;
    // The desk asks first. Whatever left before it had an answer would leave without any limit.
    sandbox.log.hide_packs(1);
    sandbox.start_sender();
    eventually(SOON, async || sandbox.log.has_no_fault_left().then_some(())).await;
    for name in &names {
        sandbox.becomes(name, State::Sent).await;
    }
    let calls = sandbox.calls().await;
    assert_eq!(calls.len(), 2);
    assert!(calls[1].at_ms - calls[0].at_ms >= 1_000, "{calls:?}");
    sandbox.stop().await;
}

#[tokio::test]
async fn whoever_is_handed_a_page_keeps_what_is_left_of_its_second() {
    let mut sandbox = Sandbox::start_with(|setup| setup.is_shaped = true).await;
    sandbox.is_limited_by("sends_per_second = 1").await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    let first = sandbox.send(says(ASHA, "1", "hello")).await;
    sandbox.becomes(&first.name, State::Sent).await;
    sandbox.stop_senders().await;
    sandbox.start_sender();
    let second = sandbox.send(says(BILAL, "1", "hello")).await;
    sandbox.becomes(&second.name, State::Sent).await;
    let calls = sandbox.calls().await;
    assert_eq!(calls.len(), 2);
    assert!(calls[1].at_ms - calls[0].at_ms >= 1_000, "{calls:?}");
    sandbox.stop().await;
}
