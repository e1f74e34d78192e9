//! Every way in which a log and its history can differ, on both logs and both databases.

mod world;

use super::compare::{Compared, Report, compare};
use super::finding::{Finding, Kind};
use domain::id::StreamId;
use event_log::{Position, encode};
use std::io;
use world::{World, person, wrote};

/// Makes a test of each function on the embedded log and SQLite, and one on JetStream and PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::World::embedded().await).await;
            })+
        }
        mod cluster {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(super::World::cluster().await).await;
            })+
        }
    };
}

on_both!(
    what_is_whole_has_no_findings,
    what_the_history_has_not_come_to_is_not_compared,
    a_record_that_the_log_lost_is_found,
    a_record_that_the_history_passed_by_is_found,
    a_row_that_was_altered_is_found,
    bytes_that_are_not_those_that_were_stored_are_found,
    a_log_that_ends_before_its_history_is_found,
    what_was_erased_is_explained,
    a_gap_that_nothing_explains_is_found_without_a_history,
    a_history_of_another_incarnation_is_not_compared,
);

/// Keeps what is found; after the first record it does something.
struct Found<'a> {
    findings: Vec<Finding>,
    meanwhile: Option<Box<dyn FnOnce() + 'a>>,
}

impl Report for Found<'_> {
    fn finding(&mut self, finding: Finding) -> io::Result<()> {
        self.findings.push(finding);
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> io::Result<()> {
        if let Some(meanwhile) = self.meanwhile.take() {
            meanwhile();
        }
        Ok(())
    }
}

async fn verify(world: &World) -> (Compared, Vec<Finding>) {
    let mut found = Found { findings: Vec::new(), meanwhile: None };
    let compared = compare(&*world.log, Some(&world.database), &mut found).await.unwrap();
    let n_found = found.findings.len() as u64;
    assert_eq!(compared.n_found(), n_found);
    (compared, found.findings)
}

/// What stands at a place of the one shard.
fn at(position: Position, stream: &StreamId, kind: Kind) -> Finding {
    Finding { shard: Some(0), position, stream: Some(stream.clone()), kind }
}

async fn what_is_whole_has_no_findings(world: World) {
    world.fill_log(7).await;
    world.keep_all().await;
    let (compared, findings) = verify(&world).await;
    assert_eq!(findings, []);
    assert_eq!(compared, Compared { n_records: 7, n_compared: 7, ..Compared::default() });
}

async fn what_the_history_has_not_come_to_is_not_compared(world: World) {
    assert_eq!(verify(&world).await, (Compared::default(), Vec::new()));
    world.fill_log(3).await;
    world.keep_all().await;
    world.fill_log(2).await;
    let (compared, findings) = verify(&world).await;
    assert_eq!((compared.n_records, compared.n_compared, findings), (5, 3, Vec::new()));
}

async fn a_record_that_the_log_lost_is_found(world: World) {
    let streams = world.fill_log(5).await;
    world.keep_all().await;
    world.log.erase(&streams[1], &[2]).await.unwrap();
    world.log.erase(&streams[4], &[5]).await.unwrap();
    let (compared, findings) = verify(&world).await;
    assert_eq!(findings, [at(2, &streams[1], Kind::Lost), at(5, &streams[4], Kind::Lost)]);
    assert_eq!((compared.n_records, compared.n_compared, compared.is_log_doubtful), (3, 3, true));
}

async fn a_record_that_the_history_passed_by_is_found(world: World) {
    let streams = world.fill_log(4).await;
    world.keep(|position| position != 3).await;
    let (compared, findings) = verify(&world).await;
    assert_eq!(findings, [at(3, &streams[2], Kind::NotKept)]);
    assert!(!compared.is_log_doubtful);
}

async fn a_row_that_was_altered_is_found(world: World) {
    let streams = world.fill_log(4).await;
    world.keep_all().await;
    let world = world.alter_row("text 3").await;
    let (compared, findings) = verify(&world).await;
    assert_eq!(findings, [at(3, &streams[2], Kind::HistoryAltered { log_has_it: true })]);
    assert!(!compared.is_log_doubtful);
}

async fn bytes_that_are_not_those_that_were_stored_are_found(world: World) {
    let streams = world.fill_log(3).await;
    world.keep(|position| position != 2).await;
    let stored = wrote(&streams[1], "what was stored");
    world.keep_one(2, &stored, &encode(&stored)).await;
    let (_, findings) = verify(&world).await;
    // It is another record altogether, so the row does not name the one that the log has either.
    let [altered, row] = [Kind::LogAltered { history_has_it: true }, Kind::HistoryAltered { log_has_it: false }];
    assert_eq!(findings, [at(2, &streams[1], altered), at(2, &streams[1], row)]);
}

async fn a_log_that_ends_before_its_history_is_found(world: World) {
    let streams = world.fill_log(3).await;
    world.keep_all().await;
    let lost = wrote(&person(9), "lost");
    world.keep_one(5, &lost, &encode(&lost)).await;
    world.advance(3, 5).await;
    let (compared, findings) = verify(&world).await;
    let early = Finding { shard: Some(0), position: 3, stream: None, kind: Kind::EndsEarly { reached: 5 } };
    let vacant = Finding { shard: Some(0), position: 4, stream: None, kind: Kind::Vacant { last: 4 } };
    assert_eq!(findings, [early, at(5, &lost.stream, Kind::Lost), vacant]);
    assert_eq!((compared.n_compared, compared.is_log_doubtful), (streams.len() as u64, true));
}

async fn what_was_erased_is_explained(world: World) {
    let streams = world.fill_log(4).await;
    world.keep_all().await;
    // One whose records have gone from both, and one whose rows are still there.
    for (nth, is_buried) in [(0, true), (2, false)] {
        let position = world.begin_erasure(&streams[nth]).await;
        world.log.erase(&streams[nth], &[nth as u64 + 1]).await.unwrap();
        if is_buried {
            world.bury(&streams[nth], position).await;
        }
    }
    world.keep_all().await;
    let (compared, findings) = verify(&world).await;
    assert_eq!(findings, []);
    // The first record and its tombstone's row are nowhere, and the third is in the history alone.
    assert_eq!(compared, Compared { n_records: 4, n_compared: 3, n_erased: 3, ..Compared::default() });
}

async fn a_gap_that_nothing_explains_is_found_without_a_history(world: World) {
    let streams = world.fill_log(5).await;
    world.log.erase(&streams[1], &[2]).await.unwrap();
    world.log.erase(&streams[2], &[3]).await.unwrap();
    let mut found = Found { findings: Vec::new(), meanwhile: None };
    compare(&*world.log, None, &mut found).await.unwrap();
    let vacant = Finding { shard: Some(0), position: 2, stream: None, kind: Kind::Vacant { last: 3 } };
    assert_eq!(found.findings, [vacant]);

    world.begin_erasure(&streams[4]).await;
    let mut found = Found { findings: Vec::new(), meanwhile: None };
    let compared = compare(&*world.log, None, &mut found).await.unwrap();
    assert_eq!((found.findings, compared.n_erased), (Vec::new(), 2));
}

async fn a_history_of_another_incarnation_is_not_compared(world: World) {
    world.fill_log(2).await;
    world.keep_all().await;
    let (before, world) = world.restored().await;
    let (compared, findings) = verify(&world).await;
    let other = Finding { shard: None, position: 0, stream: None, kind: Kind::OtherIncarnation { kept: before } };
    assert_eq!((compared.n_records, compared.n_compared, findings), (2, 0, vec![other]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_altered_in_the_logs_file_is_found() {
    let world = World::embedded().await;
    let streams = world.fill_log(5).await;
    world.keep_all().await;
    let world = world.alter_log("text 4", |bytes| bytes[0] ^= 1).await;
    let (compared, findings) = verify(&world).await;
    assert_eq!(findings, [at(4, &streams[3], Kind::LogAltered { history_has_it: true })]);
    assert!(compared.is_log_doubtful);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_is_found_and_all_behind_it_compared() {
    let world = World::embedded().await;
    let streams = world.fill_log(5).await;
    // The length of the text, which from then on reaches beyond the record's end.
    let world = world.alter_log("\u{6}text 2", |bytes| bytes[0] = 0x7f).await;
    let (compared, findings) = verify(&world).await;
    assert_eq!((compared.n_records, compared.n_compared), (5, 0));
    let [Finding { position: 2, stream, kind: Kind::Unreadable { is_as_stored: false, .. }, .. }] = &findings[..]
    else {
        panic!("{findings:?}")
    };
    assert_eq!(stream.as_ref(), Some(&streams[1]));

    // Kept as it stands, it is what was stored, and only too new.
    world.keep_all().await;
    let (compared, findings) = verify(&world).await;
    let [Finding { position: 2, kind: Kind::Unreadable { is_as_stored: true, .. }, .. }] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert_eq!((compared.n_compared, compared.is_log_doubtful), (5, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_restored_from_an_older_copy_is_found_with_what_it_lost() {
    let world = World::embedded().await;
    let mut streams = world.fill_log(3).await;
    let (copy, world) = world.copy().await;
    streams.extend(world.fill_log(2).await);
    world.keep_all().await;
    let world = world.put_back(&copy).await;
    let (_, findings) = verify(&world).await;
    let early = Finding { shard: Some(0), position: 3, stream: None, kind: Kind::EndsEarly { reached: 5 } };
    assert_eq!(findings, [early, at(4, &streams[3], Kind::Lost), at(5, &streams[4], Kind::Lost)]);
}

/// More than a follower and a page of the history hold, so that the end is read after what happens meanwhile.
const MANY: usize = 2_500;

async fn verify_while(world: &World, meanwhile: impl AsyncFnOnce()) -> anyhow::Result<(Compared, Vec<Finding>)> {
    let wait = move || tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(meanwhile()));
    let mut found = Found { findings: Vec::new(), meanwhile: Some(Box::new(wait)) };
    let compared = compare(&*world.log, Some(&world.database), &mut found).await?;
    Ok((compared, found.findings))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_and_erased_while_it_runs_is_no_finding() {
    let world = World::embedded().await;
    let streams = world.fill_log(MANY).await;
    world.keep_all().await;
    let meanwhile = async || {
        world.fill_log(3).await;
        let position = world.begin_erasure(&streams[MANY - 1]).await;
        world.bury(&streams[MANY - 1], position).await;
        world.log.erase(&streams[MANY - 1], &[MANY as u64]).await.unwrap();
        world.keep_all().await;
    };
    let (compared, findings) = verify_while(&world, meanwhile).await.unwrap();
    assert_eq!((findings, compared.n_compared, compared.n_erased), (Vec::new(), MANY as u64 - 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_dropped_while_it_runs_says_nothing() {
    let world = World::embedded().await;
    world.fill_log(MANY).await;
    world.keep_all().await;
    let meanwhile = async || world.database.drop_derived(sql::Derived::History).await.unwrap();
    let error = verify_while(&world, meanwhile).await.unwrap_err();
    assert!(error.to_string().contains("the history was dropped"), "{error}");
}
