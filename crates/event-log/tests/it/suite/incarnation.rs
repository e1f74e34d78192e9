//! A log that was brought back from a backup is another one to whoever remembers positions.

use super::{add, follow_all, until_caught_up};
use crate::samples::{conversation, page};
use domain::id::Psid;
use event_log::{EventLog, Filter, LogError};

/// `begin` gives the log another incarnation and closes it; `again` opens it.
pub(crate) async fn another_incarnation<L: EventLog>(
    log: L,
    begin: impl AsyncFnOnce(L) -> Result<String, LogError>,
    again: impl AsyncFnOnce() -> L,
) {
    let stored = add(&log, &conversation(1), "x").await;
    let before = log.head().await.unwrap();
    let (old, psid) = (log.identity().clone(), Psid::parse("24601").unwrap());

    let name = begin(log).await.unwrap();

    let log = again().await;
    assert_eq!(log.identity().incarnation(), name);
    assert_ne!(name, old.incarnation());
    assert_eq!(log.identity().person_key(&page(1), &psid), old.person_key(&page(1), &psid));
    let refused = log.follow(Filter::default(), before.clone()).await.unwrap_err();
    let LogError::Broken(cause) = refused else { panic!("{refused:?}") };
    assert!(cause.to_string().contains("another incarnation"), "{cause}");

    let (records, reached) = until_caught_up(&mut follow_all(&log).await).await;
    assert_eq!(records, [stored]);
    assert_eq!((reached.incarnation.as_str(), &reached.positions), (name.as_str(), &before.positions));
    log.follow(Filter::default(), reached).await.unwrap();
}
