//! The cases that every adapter passes, and the macro that makes tests of them.

pub(crate) mod append;
pub(crate) mod duplicates;
pub(crate) mod erase;
pub(crate) mod follow;
pub(crate) mod incarnation;
pub(crate) mod read;
pub(crate) mod several;

use crate::samples::record;
use domain::id::StreamId;
use event_log::{Checkpoint, EventLog, Expected, Filter, Followed, Follower, Revision, Stored};
use std::time::Duration;
use tokio::time::timeout;

/// How long anything may take that does happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Hands the names of all cases, with their modules, to another macro.
macro_rules! with_every_case {
    ($do:ident!($($first:tt)*)) => {
        $do! {
            $($first)*
            append::an_appended_record_is_read_back_as_it_was,
            append::an_expectation_that_holds_appends_and_one_that_does_not_answers_the_revision,
            append::an_expectation_looks_at_its_own_stream_alone,
            append::a_repeated_append_is_answered_as_the_first_was,
            append::a_repeated_append_is_found_behind_what_others_appended,
            append::of_many_appends_at_one_revision_exactly_one_wins,
            append::appends_at_any_revision_are_all_stored_once,
            several::appends_made_together_keep_their_order_in_each_stream,
            several::appends_made_together_are_answered_one_by_one,
            several::a_repeated_call_adds_nothing,
            several::no_appends_are_answered_at_once,
            duplicates::a_fact_is_stored_once_within_the_span,
            duplicates::our_own_repetition_of_a_fact_is_no_duplicate,
            read::an_empty_stream_has_revision_zero,
            read::reading_begins_behind_a_revision,
            read::a_long_stream_is_read_whole_and_in_order,
            read::the_head_is_the_last_position_of_every_shard,
            read::an_open_log_answers_checks,
            follow::a_follower_hears_what_is_there_then_that_it_has_caught_up_then_what_comes,
            follow::following_from_a_checkpoint_gives_exactly_the_rest,
            follow::checkpoints_come_within_a_second_when_nothing_matches,
            follow::a_follower_hears_what_its_filter_wants_and_nothing_else,
            follow::each_part_hears_what_stands_in_its_partitions_and_nothing_else,
            follow::of_parts_that_are_heard_side_by_side_none_misses_anything,
            follow::a_checkpoint_of_another_log_is_refused,
            follow::a_checkpoint_ahead_of_the_log_is_refused,
            follow::a_follower_hears_every_stream_in_order_while_many_append,
            erase::erased_records_are_gone_and_their_places_stay_empty,
            erase::only_records_of_the_named_stream_are_erased,
        }
    };
}

/// Makes a test of every case, each on a log of its own, which `$make` makes.
macro_rules! test_each {
    ($make:path: $($module:ident::$case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let made = $make().await;
                crate::suite::$module::$case(&made.log).await;
            }
        )*
    };
}

/// Runs every case, one after the other, each on a log of its own, which the expression makes.
macro_rules! run_each {
    ($make:expr => $($module:ident::$case:ident,)*) => {
        $(
            println!("{}", stringify!($case));
            crate::suite::$module::$case(&$make).await;
        )*
    };
}

/// Appends a new record and answers it as stored.
pub(crate) async fn add(log: &dyn EventLog, stream: &StreamId, text: &str) -> Stored {
    let record = record(stream, text);
    let appended = log.append(&record, Expected::Any).await.unwrap();
    let shard = log.identity().shard_of(event_log::partition_of(stream));
    let bytes = event_log::encode(&record).into();
    Stored { shard, position: appended.revision, record, bytes }
}

/// The stream's revision as reading finds it.
pub(crate) async fn revision(log: &dyn EventLog, stream: &StreamId) -> Revision {
    log.read(stream, 0).await.unwrap().last().map_or(0, |last| last.position)
}

/// Follows everything from the beginning.
pub(crate) async fn follow_all(log: &dyn EventLog) -> Follower {
    log.follow(Filter::default(), Checkpoint::beginning()).await.unwrap()
}

/// What a follower hears next.
pub(crate) async fn next(follower: &mut Follower) -> Followed {
    timeout(DEADLINE, follower.next()).await.expect("a follower is never silent").unwrap()
}

/// The next record that a follower hears.
pub(crate) async fn next_record(follower: &mut Follower) -> Stored {
    let record = async {
        loop {
            if let Followed::Record(stored) = next(follower).await {
                return *stored;
            }
        }
    };
    timeout(DEADLINE, record).await.expect("a record comes")
}

/// The records that a follower hears until it has caught up, and the checkpoint it had reached then.
pub(crate) async fn until_caught_up(follower: &mut Follower) -> (Vec<Stored>, Checkpoint) {
    let mut records = Vec::new();
    let checkpoint = async {
        loop {
            match next(follower).await {
                Followed::Record(stored) => records.push(*stored),
                Followed::CaughtUp(checkpoint) => return checkpoint,
                Followed::Checkpoint(_) => (),
            }
        }
    };
    let checkpoint = timeout(DEADLINE, checkpoint).await.expect("a follower catches up");
    (records, checkpoint)
}
