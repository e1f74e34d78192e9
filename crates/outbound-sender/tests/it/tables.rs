//! The sender's tables: what they say, and that a sender goes on from them as it does from the log.

use crate::parts::{Part, patience, table};
use crate::sandbox::{ASHA, BILAL, ECHO, PAGE, SOON, Sandbox};
use crate::words::{says, staff_says};
use api::proto::outbound::v1::State;
use domain::event::{Erasing, ErasingKind, Event, SendingKind};
use domain::id::{PageId, RecordId};
use domain::send::LEAVE_WITHIN;
use domain::time::{Span, Timestamp};
use event_log::{Checkpoint, EventLog as _, Expected, Record};
use outbound_sender::{DUE, DueTable, OutboxTable};
use secrecy::SecretString;
use service_kit::Ids;
use simulator::FaultKind;
use sql::due::{self, Due};
use sql::outbox::{self, Class, Waiting};
use sql::{Advance, Create, Database, Derived, Options};
use std::collections::BTreeSet;
use tempfile::TempDir;
use testkit::eventually;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Makes a test of each function, for either database: `async fn name(database: Database, spare: Database)`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::TempDir::new().unwrap();
                super::$name(super::sqlite(&folder, "a").await, super::sqlite(&folder, "b").await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::postgres().await, super::postgres().await).await;
            })+
        }
    };
}

on_both!(
    a_row_says_what_its_send_waits_for,
    nothing_of_an_erased_conversation_is_left_in_the_tables,
    invariant_09_outbox_and_due_dropped_under_load_are_filled_with_the_same_rows,
    a_sender_that_starts_with_a_table_reads_the_tail_alone_and_sends_everything_once,
    invariant_07_a_sender_that_starts_with_a_table_far_behind_repeats_nothing,
    a_table_that_cannot_be_used_is_left_aside,
);

const FOREVER: Timestamp = Timestamp::from_millis(i64::MAX);

async fn sqlite(folder: &TempDir, name: &str) -> Database {
    open(format!("sqlite:{}", folder.path().join(name).display())).await
}

async fn postgres() -> Database {
    open(testkit::postgres().database()).await
}

async fn open(url: String) -> Database {
    let options = Options { create: Create::IfMissing, ..Options::default() };
    let database = Database::open(&SecretString::from(url), &options).await.unwrap();
    database.migrate().await.unwrap();
    database
}

/// Both tables, each filled by a runner of its own.
struct Tables {
    database: Database,
    runners: [Part; 2],
}

impl Tables {
    fn fill(sandbox: &Sandbox, database: &Database) -> Self {
        let patience = patience(&sandbox.setup);
        let outbox = table(OutboxTable::new(patience), sandbox.log.clone(), database.clone());
        let due = table(DueTable::new(patience), sandbox.log.clone(), database.clone());
        Self { database: database.clone(), runners: [outbox, due] }
    }

    async fn stop(self) {
        for runner in self.runners {
            runner.stop().await;
        }
    }

    /// Waits until both are at the log's end.
    async fn reach(&self, sandbox: &Sandbox) {
        let end = sandbox.log.head().await.unwrap().position(0);
        eventually(SOON, async || {
            for derived in [Derived::Outbox, Derived::Due] {
                let reached = self.database.reached(derived.name()).await.unwrap()?;
                (reached.positions.get(&0) == Some(&end)).then_some(())?;
            }
            Some(())
        })
        .await;
    }
}

type Rows = (Vec<Waiting>, Vec<Due>);

async fn rows(database: &Database) -> Rows {
    let page = PageId::parse(PAGE).unwrap();
    let waiting = outbox::ready(database, &page, FOREVER, 1_000).await.unwrap();
    (waiting, due::ready(database, DUE, FOREVER, 1_000).await.unwrap())
}

/// The names and moments of what is due.
fn moments((_, due): Rows) -> Vec<(String, Timestamp)> {
    due.into_iter().map(|due| (due.name, due.at)).collect()
}

async fn a_row_says_what_its_send_waits_for(database: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    let tables = Tables::fill(&sandbox, &database);
    sandbox.hears(ASHA).await;
    sandbox.kill_senders().await;
    let bot = sandbox.send(says(ASHA, "1", "by a bot")).await;
    let asked_at = sandbox.now();
    hands.advance(Span::from_millis(7));
    let person = sandbox.send(staff_says(ASHA, "2", "by a person")).await;
    tables.reach(&sandbox).await;
    let (waiting, due) = rows(&database).await;
    let names: Vec<_> = [&person, &bot].map(|message| sandbox.send_id(&message.name)).into();
    assert_eq!(waiting.iter().map(|waiting| waiting.send.clone()).collect::<Vec<_>>(), names);
    assert_eq!(due, []);
    let records = sandbox.records(ASHA).await;
    let row = &waiting[1];
    let expected = Waiting {
        send: names[1].clone(),
        page: PageId::parse(PAGE).unwrap(),
        class: Class::Automation,
        deadline: sandbox.judged_until(&bot.name).await,
        not_before: asked_at,
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
    tables.reach(&sandbox).await;
    let overdue = sandbox.now().plus(LEAVE_WITHIN).plus(sandbox.benefit());
    assert_eq!(moments(rows(&database).await), [(names[0].to_string(), overdue)]);

    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.start_sender();
    sandbox.becomes(&person.name, State::Unknown).await;
    tables.reach(&sandbox).await;
    let due = moments(rows(&database).await);
    assert!(due.contains(&(names[0].to_string(), sandbox.now().plus(ECHO))), "{due:?}");

    sandbox.takes_webhooks.send_replace(true);
    for message in [&bot, &person] {
        sandbox.becomes(&message.name, State::Sent).await;
    }
    sandbox.has_all_webhooks().await;
    tables.reach(&sandbox).await;
    assert_eq!(rows(&database).await, (vec![], vec![]));
    tables.stop().await;
    sandbox.stop().await;
}

async fn nothing_of_an_erased_conversation_is_left_in_the_tables(database: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    let tables = Tables::fill(&sandbox, &database);
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
        // Refused for the moment, and to be tried again.
        sandbox.admin.inject(FaultKind::Throttle, 1).await.unwrap();
        let message = sandbox.send(says(psid, psid, "yes")).await;
        eventually(SOON, async || (sandbox.count(&message.name, "retrying").await == 1).then_some(())).await;
    }
    tables.reach(&sandbox).await;
    let before = rows(&database).await;
    assert_eq!((before.0.len(), before.1.len()), (2, 2));
    let not_before: BTreeSet<_> = before.0.iter().map(|waiting| waiting.not_before).collect();
    assert_eq!(not_before, before.1.iter().map(|due| due.at).collect());
    assert!(not_before.iter().all(|at| *at > sandbox.now()));

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
    tables.reach(&sandbox).await;
    let (waiting, due) = rows(&database).await;
    let streams: Vec<_> = waiting.iter().map(|row| &row.stream).chain(due.iter().map(|row| &row.stream)).collect();
    assert_eq!(streams, [&sandbox.conversation(BILAL); 2]);
    drop(hands);
    tables.stop().await;
    sandbox.stop().await;
}

async fn invariant_09_outbox_and_due_dropped_under_load_are_filled_with_the_same_rows(
    database: Database,
    spare: Database,
) {
    let tables_of = database.clone();
    let mut sandbox = Sandbox::start_with(|setup| (setup.database, setup.n_senders) = (Some(tables_of), 2)).await;
    let tables = Tables::fill(&sandbox, &database);
    let stop = CancellationToken::new();
    let mut drops = JoinSet::new();
    drops.spawn({
        let (database, stop) = (database.clone(), stop.clone());
        async move {
            let mut n_drops = 0;
            while !stop.is_cancelled() {
                // Not before there is something to drop.
                for derived in [Derived::Outbox, Derived::Due] {
                    if database.reached(derived.name()).await.unwrap().is_some() {
                        database.drop_derived(derived).await.unwrap();
                        n_drops += 1;
                    }
                }
            }
            n_drops
        }
    });
    let mut messages = Vec::new();
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    for number in 0..20 {
        for psid in [ASHA, BILAL] {
            messages.push(sandbox.send(says(psid, &format!("{psid}/{number}"), &format!("no {number}"))).await);
        }
        if number == 10 {
            sandbox.kill_senders().await;
            sandbox.start_sender();
        }
    }
    for message in &messages {
        eventually(SOON, async || {
            let state = sandbox.get(&message.name).await.unwrap().state();
            matches!(state, State::Sent).then_some(())
        })
        .await;
    }
    sandbox.has_all_webhooks().await;
    sandbox.stop_senders().await;
    for psid in [ASHA, BILAL] {
        sandbox.send(says(psid, &format!("{psid}/last"), "waits")).await;
    }
    stop.cancel();
    let n_drops: Vec<u32> = drops.join_all().await;
    assert!(n_drops[0] > 10, "only {} drops", n_drops[0]);
    tables.reach(&sandbox).await;
    let found = rows(&database).await;
    assert_eq!(found.0.len(), 2);

    let anew = Tables::fill(&sandbox, &spare);
    anew.reach(&sandbox).await;
    assert_eq!(rows(&spare).await, found);
    anew.stop().await;
    tables.stop().await;
    sandbox.stop().await;
}

async fn a_sender_that_starts_with_a_table_reads_the_tail_alone_and_sends_everything_once(
    database: Database,
    _: Database,
) {
    let tables_of = database.clone();
    let mut sandbox = Sandbox::start_with(|setup| setup.database = Some(tables_of)).await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    let first = sandbox.send(says(ASHA, "1", "first")).await;
    sandbox.becomes(&first.name, State::Sent).await;
    sandbox.has_all_webhooks().await;
    sandbox.stop_senders().await;
    let in_table = sandbox.send(says(ASHA, "2", "in the table")).await;
    let tables = Tables::fill(&sandbox, &database);
    tables.reach(&sandbox).await;
    tables.stop().await;
    let reached = database.reached("outbox").await.unwrap().unwrap();
    // Of the first conversation there is nothing in the tail, so only the table tells of it.
    let in_tail = sandbox.send(says(BILAL, "3", "in the tail")).await;

    sandbox.log.followed();
    sandbox.start_sender();
    for message in [&in_table, &in_tail] {
        sandbox.becomes(&message.name, State::Sent).await;
    }
    let place = Checkpoint { incarnation: reached.incarnation, positions: vec![reached.positions[&0]] };
    assert_eq!(sandbox.log.followed(), [place]);
    let texts: BTreeSet<_> = sandbox.texts().await.into_iter().collect();
    let expected = ["first", "in the table", "in the tail"].map(str::to_owned);
    assert_eq!(texts, BTreeSet::from(expected));
    assert_eq!(sandbox.calls().await.len(), 3);
    sandbox.stop().await;
}

/// In the table both wait. One was sent since, and the other is on its way.
async fn invariant_07_a_sender_that_starts_with_a_table_far_behind_repeats_nothing(database: Database, _: Database) {
    let (mut sandbox, hands) = Sandbox::start_by_hand().await;
    for psid in [ASHA, BILAL] {
        sandbox.hears(psid).await;
    }
    sandbox.stop_senders().await;
    let sent = sandbox.send(says(ASHA, "1", "sent")).await;
    let tables = Tables::fill(&sandbox, &database);
    tables.reach(&sandbox).await;
    sandbox.start_sender();
    sandbox.becomes(&sent.name, State::Sent).await;
    sandbox.stop_senders().await;
    let hanging = sandbox.send(says(BILAL, "2", "on its way")).await;
    tables.reach(&sandbox).await;
    tables.stop().await;
    sandbox.takes_webhooks.send_replace(false);
    sandbox.admin.inject(FaultKind::Hang, 1).await.unwrap();
    sandbox.start_sender();
    sandbox.called(2).await;
    sandbox.kill_senders().await;

    sandbox.setup.database = Some(database);
    sandbox.start_sender();
    hands.advance(Span::from_millis(LEAVE_WITHIN.as_millis() + sandbox.benefit().as_millis()));
    sandbox.nudge(BILAL).await;
    sandbox.becomes(&hanging.name, State::Unknown).await;
    sandbox.takes_webhooks.send_replace(true);
    sandbox.becomes(&hanging.name, State::Sent).await;
    assert_eq!(sandbox.calls().await.len(), 2);
    sandbox.stop().await;
}

async fn a_table_that_cannot_be_used_is_left_aside(database: Database, spare: Database) {
    let tables_of = database.clone();
    let mut sandbox = Sandbox::start_with(|setup| setup.database = Some(tables_of)).await;
    sandbox.hears(ASHA).await;
    sandbox.stop_senders().await;
    let mut transaction = spare.begin().await.unwrap();
    let step = Advance { name: "outbox", incarnation: "0011223344556677", shard: 0, from: 0, to: 1_000 };
    transaction.advance(step).await.unwrap();
    transaction.commit().await.unwrap();
    let away = database.clone();
    away.close().await;
    for (number, table) in [Some(spare), Some(away), None].into_iter().enumerate() {
        sandbox.setup.database = table;
        sandbox.log.followed();
        let message = sandbox.send(says(ASHA, &number.to_string(), "yes")).await;
        sandbox.start_sender();
        sandbox.becomes(&message.name, State::Sent).await;
        assert_eq!(sandbox.log.followed(), [Checkpoint::beginning()]);
        sandbox.stop_senders().await;
    }
    sandbox.stop().await;
}

impl Sandbox {
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
