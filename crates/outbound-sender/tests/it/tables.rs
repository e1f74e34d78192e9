//! The sender's table: what it says, and that senders go on from it as the log has it.

use crate::parts::{Part, on_both, open, patience, table};
use crate::sandbox::{ASHA, BILAL, LOOK, PAGE, SOON, Sandbox, reaches};
use crate::words::{says, staff_says};
use api::proto::outbound::v1::State;
use domain::event::{Consent, ConsentBy, ConsentKind, Erasing, ErasingKind, Event, SendingKind};
use domain::id::{PageId, RecordId};
use domain::send::{Class, LEAVE_WITHIN};
use domain::time::{Span, Timestamp};
use event_log::{EventLog as _, Expected, Record};
use outbound_sender::{Hints, OutboxTable};
use service_kit::Ids;
use simulator::FaultKind;
use sql::engaged;
use sql::outbox::{self, Waiting};
use sql::{Database, Derived};
use std::time::Duration;
use tempfile::TempDir;
use testkit::eventually;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

on_both!(
    a_row_says_what_its_send_waits_for,
    nothing_of_an_erased_conversation_is_left_in_the_table,
    invariant_09_who_can_be_written_to_is_the_same_filled_at_once_and_as_it_happened,
    invariant_09_an_outbox_dropped_under_load_is_filled_with_the_same_rows,
    invariant_07_a_sender_that_starts_with_a_table_far_behind_repeats_nothing,
);

const FOREVER: Timestamp = Timestamp::from_millis(i64::MAX);

pub(crate) async fn sqlite(folder: &TempDir, name: &str) -> Database {
    open(format!("sqlite:{}", folder.path().join(name).display())).await
}

pub(crate) async fn postgres() -> Database {
    open(testkit::postgres().database()).await
}

async fn rows(database: &Database) -> Vec<Waiting> {
    let page = PageId::parse(PAGE).unwrap();
    outbox::ready(database, (&page, Class::Broadcast), FOREVER, 1_000).await.unwrap()
}

/// When each send is to be looked at next.
async fn moments(sandbox: &Sandbox) -> Vec<(String, Timestamp)> {
    sandbox.has_its_table().await;
    rows(&sandbox.database).await.into_iter().map(|row| (row.send.to_string(), row.not_before)).collect()
}

async fn a_row_says_what_its_send_waits_for(database: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand_in(database).await;
    sandbox.hears(ASHA).await;
    sandbox.kill_senders().await;
    let bot = sandbox.send(says(ASHA, "1", "by a bot")).await;
    let asked_at = sandbox.now();
    hands.advance(Span::from_millis(7));
    let person = sandbox.send(staff_says(ASHA, "2", "by a person")).await;
    sandbox.has_its_table().await;
    let waiting = rows(&sandbox.database).await;
    let names: Vec<_> = [&person, &bot].map(|message| sandbox.send_id(&message.name)).into();
    assert_eq!(waiting.iter().map(|waiting| waiting.send.clone()).collect::<Vec<_>>(), names);
    let records = sandbox.records(ASHA).await;
    let row = &waiting[1];
    let expected = Waiting {
        send: names[1].clone(),
        page: PageId::parse(PAGE).unwrap(),
        class: Class::Automation,
        deadline: sandbox.judged_until(&bot.name).await,
        not_before: asked_at,
        is_held: false,
        stream: sandbox.conversation(ASHA),
        position: records[records.len() - 2].position,
    };
    assert_eq!((row, waiting[0].class), (&expected, Class::Person));

    // The person's goes first, hangs, and nobody learns what became of it.
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::Hang, 1).await.unwrap();
    sandbox.start_sender();
    sandbox.called(1).await;
    sandbox.kill_senders().await;
    let overdue = sandbox.now().plus(LEAVE_WITHIN).plus(sandbox.benefit());
    assert!(moments(&sandbox).await.contains(&(names[0].to_string(), overdue)));

    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.start_sender();
    sandbox.becomes(&person.name, State::Unknown).await;
    assert!(moments(&sandbox).await.contains(&(names[0].to_string(), sandbox.now().plus(LOOK))));

    sandbox.takes_webhooks.send_replace(true);
    for message in [&bot, &person] {
        sandbox.becomes(&message.name, State::Sent).await;
    }
    sandbox.has_all_webhooks().await;
    assert_eq!(moments(&sandbox).await, []);
    sandbox.stop().await;
}

async fn nothing_of_an_erased_conversation_is_left_in_the_table(database: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand_in(database).await;
    sandbox.hears(ASHA).await;
    sandbox.hears(BILAL).await;
    // Refused for the moment, and to be tried again; until then the Page writes nothing.
    sandbox.admin.inject(FaultKind::Throttle, 1).await.unwrap();
    let message = sandbox.send(says(ASHA, "1", "yes")).await;
    eventually(SOON, async || (sandbox.count(&message.name, "retrying").await == 1).then_some(())).await;
    sandbox.send(says(BILAL, "2", "yes")).await;
    let before = moments(&sandbox).await;
    assert_eq!(before.iter().map(|(_, at)| *at > sandbox.now()).filter(|is_later| *is_later).count(), 1);
    assert_eq!(before.len(), 2);

    sandbox.kill_senders().await;
    let at = sandbox.now();
    let tombstone = Record {
        id: RecordId::new(Ids::random().uuid_v7(at)),
        stream: sandbox.conversation(ASHA),
        recorded_at: at,
        fact: None,
        traceparent: None,
        events: vec![Event::Erasing(Erasing { at, kind: ErasingKind::Begun { until: at } })],
    };
    sandbox.log.append(&tombstone, Expected::Any).await.unwrap();
    sandbox.has_its_table().await;
    let waiting = rows(&sandbox.database).await;
    assert_eq!(waiting.iter().map(|row| &row.stream).collect::<Vec<_>>(), [&sandbox.conversation(BILAL)]);
    drop(hands);
    sandbox.stop().await;
}

async fn invariant_09_who_can_be_written_to_is_the_same_filled_at_once_and_as_it_happened(
    database: Database,
    spare: Database,
) {
    let tables_of = database.clone();
    let sandbox = Sandbox::start_with(|setup| setup.database = Some(tables_of)).await;
    let [stays, opts_out, is_erased, comes_back] = [ASHA, BILAL, "7770077701", "7770077702"];
    let ends = |psid, event| {
        let record = Record {
            id: RecordId::new(Ids::random().uuid_v7(sandbox.now())),
            stream: sandbox.conversation(psid),
            recorded_at: sandbox.now(),
            fact: None,
            traceparent: None,
            events: vec![event],
        };
        let log = sandbox.log.clone();
        async move {
            log.append(&record, Expected::Any).await.unwrap();
        }
    };
    let at = sandbox.now();
    let opting_out = || Event::Consent(Consent { at, kind: ConsentKind::OptedOut, by: ConsentBy::Caller });
    for psid in [stays, opts_out, is_erased, comes_back] {
        sandbox.hears(psid).await;
    }
    ends(opts_out, opting_out()).await;
    ends(is_erased, Event::Erasing(Erasing { at, kind: ErasingKind::Begun { until: at } })).await;
    ends(comes_back, opting_out()).await;
    sandbox.hears(comes_back).await;
    sandbox.has_its_table().await;
    let people = engaged::all(&database).await.unwrap();
    let mut expected: Vec<_> = [stays, comes_back].map(|psid| sandbox.conversation(psid).to_string()).into();
    expected.sort();
    assert_eq!(people.iter().map(|(stream, ..)| stream.to_string()).collect::<Vec<_>>(), expected);
    let anew = filled(&sandbox, &spare).await;
    assert_eq!(engaged::all(&spare).await.unwrap(), people);
    anew.stop().await;
    sandbox.stop().await;
}

async fn invariant_09_an_outbox_dropped_under_load_is_filled_with_the_same_rows(database: Database, spare: Database) {
    let tables_of = database.clone();
    let mut sandbox = Sandbox::start_with(|setup| (setup.database, setup.n_senders) = (Some(tables_of), 2)).await;
    let stop = CancellationToken::new();
    let mut drops = JoinSet::new();
    drops.spawn({
        let (database, stop) = (database.clone(), stop.clone());
        async move {
            let mut n_drops = 0;
            // Often, and not all the time: a table that is never there tells nobody anything.
            let mut often = tokio::time::interval(Duration::from_millis(300));
            while !stop.is_cancelled() {
                often.tick().await;
                if database.reached(Derived::Outbox.name()).await.unwrap().is_some() {
                    database.drop_derived(Derived::Outbox).await.unwrap();
                    n_drops += 1;
                }
            }
            n_drops
        }
    });
    let mut messages = Vec::new();
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    for number in 0..60 {
        for psid in [ASHA, BILAL] {
            messages.push(sandbox.send(says(psid, &format!("{psid}/{number}"), &format!("no {number}"))).await);
        }
        if number == 30 {
            sandbox.kill_senders().await;
            sandbox.start_sender();
        }
    }
    for message in &messages {
        sandbox.becomes(&message.name, State::Sent).await;
    }
    sandbox.has_all_webhooks().await;
    sandbox.stop_senders().await;
    for psid in [ASHA, BILAL] {
        sandbox.send(says(psid, &format!("{psid}/last"), "waits")).await;
    }
    stop.cancel();
    let n_drops: Vec<u32> = drops.join_all().await;
    assert!(n_drops[0] >= 3, "only {} drops", n_drops[0]);
    sandbox.has_its_table().await;
    let found = rows(&database).await;
    assert_eq!(found.len(), 2);

    let anew = filled(&sandbox, &spare).await;
    assert_eq!(rows(&spare).await, found);
    let people = engaged::all(&database).await.unwrap();
    assert_eq!(people.len(), 2);
    assert_eq!(engaged::all(&spare).await.unwrap(), people);
    anew.stop().await;
    sandbox.stop().await;
}

/// Fills another database from the log.
async fn filled(sandbox: &Sandbox, database: &Database) -> Part {
    let table = {
        let outbox = OutboxTable::new(sandbox.log.identity().clone(), patience(&sandbox.setup), Hints::default());
        table(outbox, sandbox.log.clone(), database.clone())
    };
    reaches(database, &sandbox.log).await;
    table
}

/// In the table both wait. One was sent since, and the other is on its way.
async fn invariant_07_a_sender_that_starts_with_a_table_far_behind_repeats_nothing(old: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    sandbox.stop_senders().await;
    let sent = sandbox.send(says(ASHA, "1", "sent")).await;
    let hanging = sandbox.send(says(BILAL, "2", "on its way")).await;
    filled(&sandbox, &old).await.stop().await;
    assert_eq!(rows(&old).await.len(), 2);
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::Hang, 1).await.unwrap();
    sandbox.start_sender();
    sandbox.called(2).await;
    sandbox.becomes_one_of(&[&sent.name, &hanging.name], State::Sent).await;
    sandbox.kill_senders().await;

    sandbox.stop_filling().await;
    sandbox.database = old;
    sandbox.start_sender();
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.becomes_one_of(&[&sent.name, &hanging.name], State::Unknown).await;
    sandbox.takes_webhooks.send_replace(true);
    for message in [&sent, &hanging] {
        sandbox.becomes(&message.name, State::Sent).await;
    }
    assert_eq!(sandbox.calls().await.len(), 2);
    sandbox.stop().await;
}

impl Sandbox {
    /// Waits until one of the messages has this state.
    async fn becomes_one_of(&self, names: &[&str], state: State) {
        eventually(SOON, async || {
            for name in names {
                if self.get(name).await.unwrap().state() == state {
                    return Some(());
                }
            }
            None
        })
        .await;
    }

    /// One whose clock stands still until it is moved, and whose table is in this database.
    pub(crate) async fn start_by_hand_in(database: Database) -> (Self, service_kit::ManualClock) {
        let (clock, hands) = service_kit::Clock::manual(service_kit::Clock::system().now());
        let start = |setup: &mut crate::sandbox::Setup| (setup.clock, setup.database) = (clock, Some(database));
        (Self::start_with(start).await, hands)
    }

    /// The end of what the message's first judgement allows.
    async fn judged_until(&self, message: &str) -> Timestamp {
        let send = self.send_id(message);
        let records = self.log.read(&send.stream(), 0).await.unwrap();
        let until = records.iter().flat_map(|stored| &stored.record.events).find_map(|event| match event {
            Event::Sending(step) if step.send == send => match &step.kind {
                SendingKind::Accepted { decision } => decision.holds_until,
                SendingKind::Requested { .. }
                | SendingKind::Blocked { .. }
                | SendingKind::Deferred { .. }
                | SendingKind::Cancelled
                | SendingKind::Expired { .. }
                | SendingKind::Dispatched { .. }
                | SendingKind::Settled { .. }
                | SendingKind::Doubted => None,
            },
            Event::Sending(_)
            | Event::Inbound(_)
            | Event::Quarantined(_)
            | Event::Erasing(_)
            | Event::System(_)
            | Event::Right(_)
            | Event::Consent(_)
            | Event::Page(_) => None,
        });
        until.unwrap()
    }
}
