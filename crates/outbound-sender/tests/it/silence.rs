//! What stands in the logs: that something went wrong, and nothing of people, texts or secrets.

use crate::faults::Fault;
use crate::sandbox::{ASHA, BILAL, SOON, Sandbox, TOKEN};
use crate::words::{recorded, says};
use api::proto::outbound::v1::State;
use domain::time::Span;
use simulator::FaultKind;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use testkit::eventually;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Everything that was logged at any level: a line for each event and each span.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<String>>>);

impl Logs {
    fn line_with(&self, words: &str) -> Option<String> {
        self.0.lock().unwrap().iter().find(|line| line.contains(words)).cloned()
    }

    fn contain(&self, words: &str) -> bool {
        self.line_with(words).is_some()
    }

    fn add(&self, source: &str, write_fields: impl FnOnce(&mut Line)) {
        let mut line = Line(source.to_owned());
        write_fields(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    // An error's causes are shown as the real subscriber shows them.
    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            write!(self.0, " {field}={error} {error:?}").unwrap();
            next = error.source();
        }
    }
}

impl Subscriber for Logs {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add(span.metadata().name(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.add("span", |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add(event.metadata().target(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn logs_hold_no_text_no_psid_and_no_token_whatever_goes_wrong() {
    let logs = Logs::default();
    tracing::subscriber::set_global_default(logs.clone()).unwrap();

    let text = "the blue one, size 42";
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    sandbox.hears(ASHA).await;
    for fault in [FaultKind::ResponseLost, FaultKind::Error500, FaultKind::SentButError] {
        sandbox.admin.inject(fault, 1).await.unwrap();
        let message = sandbox.send(says(ASHA, &format!("{fault:?}"), text)).await;
        sandbox.becomes(&message.name, State::Sent).await;
    }
    sandbox.admin.inject(FaultKind::Refuse, 1).await.unwrap();
    let message = sandbox.send(says(ASHA, "refuse", text)).await;
    sandbox.becomes(&message.name, State::Rejected).await;
    sandbox.log.inject("requested", Fault::Refuse);
    sandbox.refused(says(ASHA, "log", text)).await;
    for (step, fault) in [
        ("requested", Fault::LoseAnswer),
        ("dispatched", Fault::Refuse),
        ("dispatched", Fault::LoseRequest),
        ("dispatched", Fault::AnswerAfter(hands.clone(), Span::from_secs(4))),
    ] {
        sandbox.log.inject(step, fault);
    }
    let message = sandbox.send(says(ASHA, "claims", text)).await;
    let has_failed = || async { logs.contain("a send could not go on").then_some(()) };
    eventually(SOON, has_failed).await;
    hands.advance(Span::from_secs(1));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Sent).await;
    sandbox.send(recorded(says(BILAL, "blocked", text))).await;
    sandbox.refused(says(BILAL, "blocked too", text)).await;
    sandbox.is_lawful().await;
    sandbox.stop_platform().await;
    let message = sandbox.send(says(ASHA, "away", text)).await;
    let count = || async { (sandbox.count(&message.name, "not_sent").await == 1).then_some(()) };
    eventually(SOON, count).await;
    sandbox.stop().await;

    for told in [
        "it is not known whether a message went out",
        "the platform refused a message",
        "the log did not answer an append",
        "a claim was held too long",
        "a message could not leave",
        "a call failed: the event log does not answer",
    ] {
        assert!(logs.contain(told), "the logs do not tell that {told}");
    }
    for secret in [text, ASHA, BILAL, TOKEN, "test-app-secret-0001"] {
        if let Some(line) = logs.line_with(secret) {
            panic!("`{secret}` stands in the logs: {line}");
        }
    }
}
