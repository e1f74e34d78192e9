//! Messages whose sends have left the state of their conversation: nobody who asks can tell.

use crate::parts::{on_both, patience, table, within};
use crate::sandbox::{ASHA, ECHO, PAGE, Sandbox, reaches};
use crate::tables::{postgres, sqlite};
use crate::words::{judged_only, metadata, reason, recorded, says, stuck};
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::State;
use api::proto::outbound::v1::watch_messages_response::Kind as Told;
use domain::conversation::Conversation;
use domain::send::LEAVE_WITHIN;
use domain::time::Span;
use event_log::{Conversations, EventLog as _};
use outbound_sender::{Hints, OutboxTable};
use service_kit::ManualClock;
use simulator::FaultKind;
use sql::{Database, Derived};
use std::sync::Arc;
use tonic::Code;
use tonic_types::StatusExt;

on_both!(
    a_request_repeated_after_its_send_left_is_the_same_message,
    while_the_table_is_behind_nobody_is_told_that_a_request_is_new,
    an_echo_for_a_send_that_left_unresolved_makes_it_sent,
);

impl Sandbox {
    /// The conversation as the log has it.
    async fn state(&self) -> Arc<Conversation> {
        let conversations = Conversations::new(self.log.clone());
        conversations.load(&self.conversation(ASHA)).await.unwrap().state
    }

    /// Lets that much time pass, and a little more, since the platform's clock goes on; and something be asked for, with
    /// which sends leave.
    async fn lets_go(&self, hands: &ManualClock, days: i64) {
        hands.advance(Span::from_hours(24 * days + 1));
        // The window has closed long ago.
        let later = self.send(recorded(says(ASHA, &format!("after-{days}-days"), "later"))).await;
        assert_eq!(later.state(), State::Blocked);
    }
}

async fn a_request_repeated_after_its_send_left_is_the_same_message(database: Database, _: Database) {
    let (sandbox, hands) = Sandbox::start_by_hand_in(database).await;
    sandbox.hears(ASHA).await;
    let first = sandbox.send(says(ASHA, "1", "yes")).await;
    let refused = sandbox.refused(says("9990999099", "1", "yes")).await;
    sandbox.becomes(&first.name, State::Sent).await;
    sandbox.has_all_webhooks().await;
    let sent = sandbox.get(&first.name).await.unwrap();
    sandbox.lets_go(&hands, 2).await;
    let state = sandbox.state().await;
    assert_eq!((state.floor(), state.sends().count()), (1, 1));

    for asked in [says(ASHA, "1", "yes"), recorded(says(ASHA, "1", "yes"))] {
        let again = sandbox.send(asked).await;
        assert_eq!(pb::Message { revision: sent.revision, ..again }, sent);
    }
    let judged = sandbox.send(judged_only(says(ASHA, "1", "yes"))).await;
    assert_eq!((judged.name.as_str(), judged.state()), ("", State::Sent));
    let got = sandbox.get(&first.name).await.unwrap();
    assert_eq!(pb::Message { revision: sent.revision, ..got }, sent);
    for other in [says(ASHA, "1", "no"), judged_only(says(ASHA, "1", "no"))] {
        let status = sandbox.refused(other).await;
        assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
        assert_eq!(metadata(&status, "message"), first.name);
    }
    let nobody = first.name.replace(&first.name[first.name.len() - 4..], "ffff");
    assert_eq!(sandbox.get(&nobody).await.unwrap_err().code(), Code::NotFound);
    // Others are new, and those of other conversations are not looked for.
    assert_eq!(sandbox.send(recorded(says(ASHA, "2", "yes"))).await.state(), State::Blocked);
    assert_eq!(reason(&refused), reason(&sandbox.refused(says("9990999099", "1", "yes")).await));
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 3);
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}

async fn while_the_table_is_behind_nobody_is_told_that_a_request_is_new(database: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand_in(database).await;
    sandbox.hears(ASHA).await;
    let first = sandbox.send(says(ASHA, "1", "yes")).await;
    sandbox.becomes(&first.name, State::Sent).await;
    sandbox.stop_filling().await;
    sandbox.database.drop_derived(Derived::Outbox).await.unwrap();
    // What is in the state needs no table.
    assert_eq!(sandbox.send(says(ASHA, "1", "yes")).await.name, first.name);
    sandbox.lets_go(&hands, 2).await;
    for asked in [says(ASHA, "1", "yes"), says(ASHA, "2", "new"), judged_only(says(ASHA, "1", "yes"))] {
        let status = sandbox.refused(asked).await;
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "TABLE_BEHIND"));
        assert!(status.get_error_details().retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
    }
    assert_eq!(sandbox.get(&first.name).await.unwrap().state(), State::Sent);
    assert_eq!(sandbox.count_in_conversation(ASHA, "requested").await, 2);

    let log = sandbox.log.identity().clone();
    let outbox = OutboxTable::new(log, patience(&sandbox.setup), Hints::default());
    let filler = table(outbox, sandbox.log.clone(), sandbox.database.clone());
    reaches(&sandbox.database, &sandbox.log).await;
    assert_eq!(sandbox.send(says(ASHA, "1", "yes")).await.name, first.name);
    assert_eq!(sandbox.send(recorded(says(ASHA, "2", "new"))).await.state(), State::Blocked);
    assert_eq!(sandbox.calls().await.len(), 1);
    filler.stop().await;
    sandbox.stop().await;
}

async fn an_echo_for_a_send_that_left_unresolved_makes_it_sent(database: Database, _: Database) {
    let (sandbox, hands) = Sandbox::start_by_hand_in(database).await;
    sandbox.hears(ASHA).await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let message = sandbox.send(stuck(ASHA, "1")).await;
    sandbox.called(1).await;
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unknown).await;
    hands.advance(ECHO);
    sandbox.nudge(ASHA).await;
    sandbox.becomes(&message.name, State::Unresolved).await;
    sandbox.lets_go(&hands, 31).await;
    assert_eq!(sandbox.state().await.floor(), 1);
    assert_eq!(sandbox.get(&message.name).await.unwrap().state(), State::Unresolved);

    let request = pb::WatchMessagesRequest { parent: format!("pages/{PAGE}"), checkpoint: String::new() };
    let mut steps = sandbox.outbound.clone().watch_messages(request).await.unwrap().into_inner();
    sandbox.takes_webhooks.send_replace(true);
    let mut told = Vec::new();
    while told.last() != Some(&State::Sent) {
        if let Some(Told::Step(step)) = within(steps.message()).await.unwrap().unwrap().kind
            && step.name == message.name
        {
            told.push(step.state());
        }
    }
    assert_eq!(told[told.len() - 3..], [State::Unknown, State::Unresolved, State::Sent]);
    let sent = sandbox.get(&message.name).await.unwrap();
    assert_eq!((sent.state(), sent.mid.is_empty()), (State::Sent, false));
    assert_eq!(sandbox.send(stuck(ASHA, "1")).await.state(), State::Sent);
    assert_eq!(sandbox.calls().await.len(), 1);
    sandbox.stop().await;
}
