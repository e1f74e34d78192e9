//! Pauses that the platform asked for, told to everybody.

use crate::sandbox::{Sandbox, on_both};
use sql::pauses;
use std::time::Duration;

on_both!(of_several_pauses_the_one_that_ends_last_counts, a_pause_ends_by_itself_and_another_can_begin,);

const APP: &str = "app";
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(20);

async fn of_several_pauses_the_one_that_ends_last_counts(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    assert_eq!(pauses::get(database, APP).await.unwrap(), None);
    let told = pauses::put(database, APP, LONG).await.unwrap();
    assert!(told.left <= LONG && told.left > LONG / 2);
    let shorter = pauses::put(database, APP, SHORT).await.unwrap();
    assert_eq!(shorter.until, told.until);
    let read = pauses::get(database, APP).await.unwrap().unwrap();
    assert!(read.until == told.until && read.left <= LONG && read.left > LONG / 2);
    assert_eq!(pauses::get(database, "page/1001").await.unwrap(), None);
}

async fn a_pause_ends_by_itself_and_another_can_begin(sandbox: Sandbox) {
    let Sandbox { database, .. } = &sandbox.migrated().await;
    pauses::put(database, APP, SHORT).await.unwrap();
    testkit::eventually(PATIENCE, async || pauses::get(database, APP).await.unwrap().is_none().then_some(())).await;
    assert!(pauses::put(database, APP, LONG).await.unwrap().left > LONG / 2);
}
