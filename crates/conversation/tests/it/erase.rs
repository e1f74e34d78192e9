//! Erasing a conversation: what goes, what stays, and what does not come back.

use crate::sandbox::{ASHA, BILAL, NOON, PAGE, Sandbox, after, reason, with, wrong_fields};
use api::convert::timestamp;
use api::proto::conversation::v1::{Erasure, ErasureState, ListEventsRequest};
use domain::time::Timestamp;
use event_log::EventLog as _;
use std::time::Duration;
use tonic::Code;

const SECRET: &str = "what-nobody-shall-read-again";
const LATE: &str = "delivered once more, too late";

impl Sandbox {
    pub(crate) async fn until_erased(&self, name: &str) -> Erasure {
        eventually(async || {
            let erasure = self.erasure(name).await.ok()?;
            (erasure.state() == ErasureState::Completed).then_some(erasure)
        })
        .await
    }

    /// Whether any file of the log or of the tables holds these bytes.
    fn holds(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        files.into_iter().any(|file| holds(&std::fs::read(file.unwrap().path()).unwrap()))
    }

    async fn kinds(&self, name: &str) -> Vec<String> {
        let request = ListEventsRequest { parent: name.to_owned(), ..ListEventsRequest::default() };
        self.list(request).await.unwrap().events.into_iter().map(|event| event.kind).collect()
    }
}

/// So many milliseconds before noon.
const fn before(ms: i64) -> Timestamp {
    after(-ms)
}

async fn eventually<T>(look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut look = look;
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    crate::sandbox::within(looking).await
}

#[tokio::test]
async fn invariant_11_after_an_erasure_no_file_of_the_log_or_the_tables_holds_a_byte_of_what_was_said() {
    let sandbox = Sandbox::start().await;
    let name = with(PAGE, ASHA);
    sandbox.writes(PAGE, ASHA, SECRET, NOON).await;
    sandbox.answers(SECRET, NOON).await;
    sandbox.writes(PAGE, BILAL, "somebody else's words", NOON).await;
    sandbox.until_kept().await;
    assert!(sandbox.holds(SECRET) && sandbox.holds(ASHA));

    let begun = sandbox.erase(&name).await.unwrap();
    assert_eq!((begun.until_time, begun.name.as_str()), (Some(timestamp(NOON)), name.as_str()));
    let n_removed = sandbox.until_erased(&name).await.removed_records;
    assert!(n_removed >= 2, "{n_removed}");
    assert!(!sandbox.holds(SECRET) && !sandbox.holds(ASHA));
    assert_eq!(sandbox.kinds(&name).await, ["erasure_begun", "erasure_completed"]);
    // Others lose nothing.
    assert!(sandbox.holds("somebody else's words"));
    assert_eq!(sandbox.kinds(&with(PAGE, BILAL)).await, ["message"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_was_erased_and_is_delivered_again_does_not_stay() {
    let sandbox = Sandbox::start().await;
    let name = with(PAGE, ASHA);
    sandbox.writes(PAGE, ASHA, SECRET, before(2)).await;
    sandbox.erase(&name).await.unwrap();
    sandbox.until_erased(&name).await;
    sandbox.writes(PAGE, ASHA, LATE, before(1)).await;
    assert_eq!(sandbox.get(&name).await.unwrap().last_opening_time, None);
    eventually(async || (!sandbox.holds(LATE)).then_some(())).await;
    // The log has lost its last record; what comes next is taken in all the same.
    sandbox.writes(PAGE, ASHA, "a new beginning", after(1)).await;
    assert_eq!(sandbox.get(&name).await.unwrap().last_opening_time, Some(timestamp(after(1))));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_conversation_that_begins_anew_can_be_erased_anew() {
    let sandbox = Sandbox::start().await;
    let name = with(PAGE, ASHA);
    assert_eq!(sandbox.erasure(&name).await.unwrap_err().code(), Code::NotFound);
    sandbox.writes(PAGE, ASHA, "first", NOON).await;
    sandbox.erase(&name).await.unwrap();
    let first = sandbox.until_erased(&name).await;
    assert_eq!(sandbox.erase(&name).await.unwrap(), first, "up to here all is erased already");
    sandbox.writes(PAGE, ASHA, "second", after(5)).await;
    sandbox.clock.set(after(10));
    assert_eq!(sandbox.erase(&name).await.unwrap().until_time, Some(timestamp(after(10))));
    assert_eq!(sandbox.until_erased(&name).await.removed_records, 1);
    assert_eq!(sandbox.get(&name).await.unwrap().last_opening_time, None);
    sandbox.stop().await;
}

#[tokio::test]
async fn an_erasure_that_had_only_begun_is_finished_by_whoever_starts_next() {
    let sandbox = Sandbox::start_bare().await.with_table();
    let name = with(PAGE, ASHA);
    sandbox.writes(PAGE, ASHA, SECRET, NOON).await;
    assert_eq!(sandbox.erase(&name).await.unwrap().state(), ErasureState::Running);
    assert_eq!(sandbox.get(&name).await.unwrap().last_opening_time, None);
    assert!(sandbox.holds(SECRET));
    let sandbox = sandbox.with_eraser();
    sandbox.until_erased(&name).await;
    assert!(!sandbox.holds(SECRET));
    sandbox.stop().await;
}

#[tokio::test]
async fn invariant_11_what_was_erased_is_erased_again_in_a_log_from_an_older_backup() {
    let sandbox = Sandbox::start().await;
    let (name, other) = (with(PAGE, ASHA), with(PAGE, BILAL));
    sandbox.writes(PAGE, ASHA, SECRET, NOON).await;
    sandbox.writes(PAGE, BILAL, "somebody else's words", NOON).await;
    let (sandbox, backup) = sandbox.backup().await;
    let sandbox = sandbox.with_eraser().with_table();
    let begun = sandbox.erase(&name).await.unwrap();
    sandbox.until_erased(&name).await;
    assert!(!sandbox.holds(SECRET));

    // What is done between the restore and the start of this role is taken in, and stays.
    let sandbox = sandbox.restore(&backup).await;
    assert!(sandbox.holds(SECRET));
    sandbox.writes(PAGE, ASHA, "a new beginning", after(9)).await;
    let sandbox = sandbox.with_eraser().with_table();
    let again = sandbox.until_erased(&name).await;
    assert_eq!(again.until_time, begun.until_time);
    assert!(!sandbox.holds(SECRET), "the bytes are gone from every file again");
    assert_eq!(sandbox.kinds(&name).await, ["erasure_begun", "message", "erasure_completed"]);
    assert_eq!(sandbox.get(&name).await.unwrap().last_opening_time, Some(timestamp(after(9))));
    assert_eq!(sandbox.kinds(&other).await, ["message"]);
    assert!(sandbox.metrics.render().contains("nuncio_erasure_repeated_total 1"));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_receipt_of_an_erasure_that_the_log_knows_changes_nothing() {
    let sandbox = Sandbox::start().await;
    let name = with(PAGE, ASHA);
    sandbox.writes(PAGE, ASHA, "first", NOON).await;
    sandbox.erase(&name).await.unwrap();
    sandbox.until_erased(&name).await;
    let head = sandbox.log.head().await.unwrap();
    let receipts = sql::receipts::after(&sandbox.database, &sandbox.log.identity().lineage(), 0, 10).await.unwrap();
    assert_eq!((receipts.len(), receipts[0].until), (1, NOON));
    let (sandbox, _) = sandbox.backup().await;
    let sandbox = sandbox.with_eraser().with_table();
    // It has come by its start when it has erased what was asked for afterwards.
    sandbox.writes(PAGE, BILAL, "second", NOON).await;
    sandbox.erase(&with(PAGE, BILAL)).await.unwrap();
    sandbox.until_erased(&with(PAGE, BILAL)).await;
    assert_eq!(sandbox.log.head().await.unwrap().position(0), head.position(0) + 3);
    sandbox.stop().await;
}

#[tokio::test]
async fn wrong_names_are_refused_and_what_was_never_erased_is_not_found() {
    let sandbox = Sandbox::start().await;
    let status = sandbox.erase("pages/1001").await.unwrap_err();
    assert_eq!((status.code(), wrong_fields(&status)), (Code::InvalidArgument, vec!["name".to_owned()]));
    assert_eq!(reason(&sandbox.erasure(&with(PAGE, ASHA)).await.unwrap_err()), "NO_SUCH_ERASURE");
    sandbox.stop().await;
}
