//! The history table: the same answers with it, without it, and whatever happens to it.

use crate::sandbox::{ASHA, BILAL, NOON, PAGE, Sandbox, after, on_both, tables_in, with, within};
use api::proto::conversation::v1::conversations_client::ConversationsClient;
use api::proto::conversation::v1::{ConversationEvent, ListEventsRequest};
use domain::id::{PageId, Psid, StreamId};
use event_log::{Checkpoint, EventLog, Filter, Followed, Record, Stored, encode};
use sql::history::{self, Entry, NewEntry};
use sql::{Derived, erasure};
use std::time::Duration;
use testkit::Postgres;
use tonic::transport::Channel;

const PATIENCE: Duration = Duration::from_secs(20);

on_both!(
    invariant_09_a_history_dropped_under_load_is_filled_to_the_same_rows_and_the_same_answers,
    answers_are_the_same_with_a_table_that_is_full_behind_empty_or_away,
    an_erased_conversation_is_shown_alike_with_and_without_the_table,
    a_fact_that_comes_after_its_erasure_leaves_the_table_too,
    rows_of_another_incarnation_are_not_read,
    what_the_table_has_is_not_read_from_the_log_again,
);

/// Everything that is told of Asha and Bilal, in pages.
async fn told(by: &ConversationsClient<Channel>) -> Vec<Vec<ConversationEvent>> {
    let mut told = Vec::new();
    for (psid, page_size) in [(ASHA, 1_000), (ASHA, 9), (BILAL, 40)] {
        let (mut events, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListEventsRequest { parent: with(PAGE, psid), page_size, page_token };
            let page = within(by.clone().list_events(request)).await.unwrap().into_inner();
            events.extend(page.events);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        told.push(events);
    }
    told
}

impl Sandbox {
    async fn hears(&self, numbers: std::ops::Range<i64>) {
        for number in numbers {
            let psid = if number % 3 == 0 { BILAL } else { ASHA };
            self.writes(PAGE, psid, &number.to_string(), after(number)).await;
        }
    }

    fn asha(&self) -> StreamId {
        let (page, psid) = (PageId::parse(PAGE).unwrap(), Psid::parse(ASHA).unwrap());
        let person = self.log.identity().person_key(&page, &psid);
        StreamId::Conversation(page, person)
    }

    /// Every row of the table, in the log's order.
    async fn rows(&self) -> Vec<Entry> {
        let page = history::Page { shard: 0, after: 0, limit: 100_000 };
        history::read_shard(&self.database, self.log.identity().incarnation(), page).await.unwrap()
    }

    /// Every record of the log, in its order.
    async fn in_log(&self) -> Vec<Stored> {
        let mut follower = self.log.follow(Filter::default(), Checkpoint::beginning()).await.unwrap();
        let mut records = Vec::new();
        loop {
            match within(follower.next()).await.unwrap() {
                Followed::Record(stored) => records.push(*stored),
                Followed::CaughtUp(_) => return records,
                Followed::Checkpoint(_) => (),
            }
        }
    }

    async fn drop_table(&self) {
        self.database.drop_derived(Derived::History).await.unwrap();
    }

    fn counts(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|shown| shown == line)
    }
}

async fn invariant_09_a_history_dropped_under_load_is_filled_to_the_same_rows_and_the_same_answers(sandbox: Sandbox) {
    let mut sandbox = sandbox.with_eraser().with_table();
    let plain = sandbox.plain().await;
    for round in 0..6 {
        sandbox.hears(round * 25..(round + 1) * 25).await;
        if round % 2 == 1 {
            sandbox.drop_table().await;
        }
        assert_eq!(told(&sandbox.conversations).await, told(&plain).await);
    }
    sandbox.until_kept().await;
    let (rows, in_log) = (sandbox.rows().await, sandbox.in_log().await);
    assert_eq!(rows.len(), 150);
    for (row, stored) in rows.iter().zip(&in_log) {
        assert_eq!((row.position, &row.stream, row.record), (stored.position, &stored.record.stream, stored.record.id));
        assert!(row.is_intact() && row.body == stored.bytes);
    }
    assert_eq!(rows.len(), in_log.len());
    sandbox.drop_table().await;
    sandbox.until_kept().await;
    assert_eq!(sandbox.rows().await, rows);
    assert_eq!(told(&sandbox.conversations).await, told(&plain).await);
    sandbox.stop().await;
}

async fn answers_are_the_same_with_a_table_that_is_full_behind_empty_or_away(sandbox: Sandbox) {
    let mut sandbox = sandbox.with_table();
    let plain = sandbox.plain().await;
    sandbox.hears(0..20).await;
    sandbox.answers("yes", after(21)).await;
    sandbox.until_kept().await;
    let full = told(&sandbox.conversations).await;
    assert_eq!((full[0].len(), &full), (17, &told(&plain).await));

    let sandbox = sandbox.without_table().await;
    sandbox.hears(30..50).await;
    let behind = told(&sandbox.conversations).await;
    assert_eq!((behind[0].len(), &behind), (30, &told(&plain).await));

    sandbox.drop_table().await;
    assert_eq!(told(&sandbox.conversations).await, behind);
    assert!(sandbox.counts(r#"nuncio_history_fallbacks_total{reason="away"} 0"#), "an empty table is a table");

    sandbox.database.close().await;
    assert_eq!(told(&sandbox.conversations).await, behind);
    assert!(!sandbox.counts(r#"nuncio_history_fallbacks_total{reason="away"} 0"#));
    sandbox.stop().await;
}

async fn an_erased_conversation_is_shown_alike_with_and_without_the_table(sandbox: Sandbox) {
    let mut sandbox = sandbox.with_table();
    let plain = sandbox.plain().await;
    let name = with(PAGE, ASHA);
    let kinds =
        |told: &[Vec<ConversationEvent>]| -> Vec<String> { told[0].iter().map(|event| event.kind.clone()).collect() };
    sandbox.writes(PAGE, ASHA, "what was said", NOON).await;
    sandbox.until_kept().await;

    // Nobody carries it out yet, and it is hidden all the same: with the tombstone in the tail, then in the table.
    sandbox.erase(&name).await.unwrap();
    for _ in 0..2 {
        let shown = told(&sandbox.conversations).await;
        assert_eq!((kinds(&shown), &shown), (vec!["erasure_begun".to_owned()], &told(&plain).await));
        sandbox.until_kept().await;
    }
    let sandbox = sandbox.with_eraser();
    sandbox.until_erased(&name).await;
    sandbox.writes(PAGE, ASHA, "a new beginning", after(5)).await;
    sandbox.until_kept().await;
    let shown = told(&sandbox.conversations).await;
    assert_eq!(
        (kinds(&shown).join(" "), &shown),
        ("erasure_begun erasure_completed message".to_owned(), &told(&plain).await)
    );

    // Once more, so that there are tombstones older than what the table may have.
    sandbox.clock.set(after(10));
    sandbox.erase(&name).await.unwrap();
    sandbox.until_erased(&name).await;
    sandbox.until_kept().await;
    let shown = told(&sandbox.conversations).await;
    assert_eq!((kinds(&shown).len(), &shown), (4, &told(&plain).await));
    sandbox.drop_table().await;
    sandbox.until_kept().await;
    assert_eq!(told(&sandbox.conversations).await, shown);
    sandbox.stop().await;
}

async fn a_fact_that_comes_after_its_erasure_leaves_the_table_too(sandbox: Sandbox) {
    let sandbox = sandbox.with_table();
    let name = with(PAGE, ASHA);
    sandbox.writes(PAGE, ASHA, "what was said", after(-3)).await;
    sandbox.erase(&name).await.unwrap();
    // Nobody removes it before the table has it.
    sandbox.writes(PAGE, ASHA, "delivered too late", after(-2)).await;
    let late = sandbox.log.head().await.unwrap().position(0);
    sandbox.until_kept().await;
    assert!(sandbox.rows().await.iter().any(|row| row.position == late));
    let sandbox = sandbox.with_eraser();
    sandbox.until_erased(&name).await;
    assert!(sandbox.rows().await.iter().all(|row| row.position > late));

    sandbox.writes(PAGE, ASHA, "later still", after(-1)).await;
    let late = sandbox.log.head().await.unwrap().position(0);
    testkit::eventually(PATIENCE, || async {
        let incarnation = sandbox.log.identity().incarnation();
        let end = erasure::tombstone(&sandbox.database, &sandbox.asha(), incarnation).await.unwrap();
        (end == Some(late)).then_some(())
    })
    .await;
    assert!(sandbox.rows().await.iter().all(|row| row.position != late));
    sandbox.stop().await;
}

/// Puts a record into the table that says something else than the log's.
async fn keep_otherwise(sandbox: &Sandbox, incarnation: &str, text: &str) {
    let stored = sandbox.records().await.remove(0);
    let mut record: Record = stored.record;
    let domain::event::Event::Inbound(inbound) = &mut record.events[0] else { panic!("a message") };
    inbound.kind = crate::story::wrote(text);
    let body = encode(&record);
    let (stream, position, shard) = (&record.stream, stored.position, stored.shard);
    let entry = NewEntry { stream, position, shard, record: record.id, body: &body };
    let mut transaction = sandbox.database.begin().await.unwrap();
    history::insert(&mut transaction, incarnation, entry).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn rows_of_another_incarnation_are_not_read(sandbox: Sandbox) {
    sandbox.writes(PAGE, ASHA, "as in the log", NOON).await;
    keep_otherwise(&sandbox, "ffff000011112222", "as before the restore").await;
    assert_eq!(told(&sandbox.conversations).await[0][0].text, "as in the log");
    sandbox.stop().await;
}

/// Else all the tests here would say nothing of the table.
async fn what_the_table_has_is_not_read_from_the_log_again(sandbox: Sandbox) {
    sandbox.writes(PAGE, ASHA, "as in the log", NOON).await;
    sandbox.writes(PAGE, ASHA, "behind the table", after(1)).await;
    let incarnation = sandbox.log.identity().incarnation().to_owned();
    keep_otherwise(&sandbox, &incarnation, "as in the table").await;
    let texts: Vec<_> = told(&sandbox.conversations).await[0].iter().map(|event| event.text.clone()).collect();
    assert_eq!(texts, ["as in the table", "behind the table"]);
    sandbox.stop().await;
}

async fn check_not_served(sandbox: Sandbox) {
    let texts: Vec<_> = told(&sandbox.conversations).await[0].iter().map(|event| event.text.clone()).collect();
    assert_eq!(texts, ["first words", "second words"]);
    assert!(sandbox.counts(r#"nuncio_history_fallbacks_total{reason="altered"} 2"#), "{}", sandbox.metrics.render());
    sandbox.stop().await;
}

async fn kept(sandbox: Sandbox) -> Sandbox {
    let sandbox = sandbox.with_table();
    sandbox.writes(PAGE, ASHA, "first words", NOON).await;
    sandbox.writes(PAGE, ASHA, "second words", after(1)).await;
    sandbox.until_kept().await;
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_altered_in_a_file_is_never_served() {
    let folder = kept(Sandbox::start_bare().await).await.end().await;
    let file = folder.path().join("tables.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(11).position(|window| window == b"first words").unwrap();
    bytes[at..at + 5].copy_from_slice(b"worst");
    std::fs::write(&file, bytes).unwrap();
    let url = tables_in(&folder);
    check_not_served(Sandbox::open(folder, url).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_altered_by_another_program_is_never_served() {
    let server = Postgres::start();
    let sandbox = kept(Sandbox::start_bare_on(server.url()).await).await;
    let place = "position('first'::bytea in body)";
    server.execute(&format!(
        "UPDATE history SET body = overlay(body placing 'worst'::bytea from {place}) WHERE {place} > 0"
    ));
    check_not_served(sandbox.without_table().await).await;
}
