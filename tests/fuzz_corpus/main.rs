//! Replays the fuzzers' corpora: every input that ever told something, through the very functions that the fuzzers call.

#[path = "../../fuzz/targets/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library for the fuzzers, and a module here")]
mod targets;

mod found;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What a target does with one input.
type Run = fn(&[u8]);

/// Every target, by the name of its corpus.
const TARGETS: [(&str, Run); 5] = [
    ("record_decode", targets::record_decode),
    ("send_api_answer", targets::send_api_answer),
    ("send_api_body", targets::send_api_body),
    ("subject_encoding", targets::subject_encoding),
    ("webhook_body", targets::webhook_body),
];

/// What keeps a corpus quick to replay: more is not kept, but sorted out.
const MOST_INPUTS: usize = 200;

/// All corpora together.
const MOST_BYTES: usize = 1 << 20;

/// Inputs that other tests keep, and that begin a fuzzer's work too.
const SEEDS: [(&str, &str); 2] =
    [("record_decode", "crates/event-log/tests/golden"), ("webhook_body", "crates/messenger/tests/shapes")];

fn corpora() -> PathBuf {
    testkit::workspace_root().join("fuzz/corpus")
}

fn input(target: &str, name: &str) -> Vec<u8> {
    std::fs::read(corpora().join(target).join(name)).expect("the input is there")
}

/// The inputs of one folder, by name.
fn inputs(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |file: std::fs::DirEntry| {
        let input = std::fs::read(file.path()).expect("an input is a file");
        (file.file_name().to_string_lossy().into_owned(), input)
    };
    files.map(|file| read(file.expect("a folder can be listed"))).collect()
}

#[track_caller]
fn replay(target: &str) {
    let (_, run) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("the target is known");
    let fails = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| run(input))).is_err();
    let seeds = SEEDS.into_iter().filter(|(name, _)| *name == target);
    let folders = seeds.map(|(_, folder)| testkit::workspace_root().join(folder)).chain([corpora().join(target)]);
    let inputs = folders.flat_map(|folder| inputs(&folder));
    let failed: Vec<_> = inputs.filter(|(_, input)| fails(input)).map(|(name, _)| name).collect();
    assert!(failed.is_empty(), "{target} does not hold for {failed:?}");
}

#[test]
fn every_stored_record_of_the_corpus_holds() {
    replay("record_decode");
}

#[test]
fn every_answer_of_the_corpus_holds() {
    replay("send_api_answer");
}

#[test]
fn every_call_of_the_corpus_holds() {
    replay("send_api_body");
}

#[test]
fn every_name_of_the_corpus_holds() {
    replay("subject_encoding");
}

#[test]
fn every_webhook_body_of_the_corpus_holds() {
    replay("webhook_body");
}

#[test]
fn every_target_has_a_small_corpus_and_a_way_for_the_fuzzer() {
    let mut folders: Vec<_> = std::fs::read_dir(corpora()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|(name, _)| name));
    let manifest = std::fs::read_to_string(testkit::workspace_root().join("fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let mut programs: Vec<_> = manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str()).collect();
    programs.sort_unstable();
    assert_eq!(programs, TARGETS.map(|(name, _)| Some(name)));

    let corpora = TARGETS.map(|(name, _)| inputs(&corpora().join(name)));
    for ((name, _), corpus) in TARGETS.iter().zip(&corpora) {
        assert!((1..=MOST_INPUTS).contains(&corpus.len()), "{name} has {} inputs", corpus.len());
    }
    let n_bytes: usize = corpora.iter().flatten().map(|(_, input)| input.len()).sum();
    assert!(n_bytes <= MOST_BYTES, "the corpora have {n_bytes} bytes");
}
