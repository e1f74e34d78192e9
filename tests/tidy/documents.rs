//! Rules about documents: whatever they name exists.

use crate::{files_ending, none, read, root};
use std::path::{Path, PathBuf};

/// First words of paths that documents name in backticks.
const ROOTS: [&str; 11] = [
    "crates/",
    "docs/",
    "proto/",
    "tests/",
    "fuzz/",
    "deploy/",
    "helm/",
    ".ci/",
    "Makefile",
    "README.md",
    "Cargo.toml",
];

#[test]
fn documents_name_files_that_exist() {
    let mut problems = Vec::new();
    for file in files_ending(".md") {
        let text = read(&file);
        for word in quoted(&text).filter(|word| ROOTS.iter().any(|root| word.starts_with(root))) {
            if !root().join(word.trim_end_matches('/')).exists() {
                problems.push(format!("{}: `{word}`", file.display()));
            }
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        for target in links(&text).filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let target = target.split('#').next().unwrap_or_default();
            if !root().join(folder).join(target).exists() {
                problems.push(format!("{}: link to {target}", file.display()));
            }
        }
    }
    none(&problems, "documents name files that exist");
}

#[test]
fn documents_name_tests_that_exist() {
    let sources: String = files_ending(".rs").iter().map(|file| read(file)).collect();
    let mut problems = Vec::new();
    for file in files_ending(".md") {
        let text = read(&file);
        for word in quoted(&text).filter(|word| word.starts_with("invariant_")) {
            if !sources.contains(&format!("fn {word}(")) {
                problems.push(format!("{}: `{word}`", file.display()));
            }
        }
    }
    none(&problems, "documents name tests that exist");
}

#[test]
fn every_configuration_key_is_documented_and_no_other() {
    let is_of_settings =
        |file: &PathBuf| file.starts_with("crates/nuncio/src") && file.display().to_string().contains("/settings");
    let settings: String =
        files_ending(".rs").iter().filter(|file| is_of_settings(file)).map(|file| read(file)).collect();
    let documented = read(Path::new("docs/configuration.md"));
    let is_key = |word: &&str| {
        word.contains('.') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'_')
    };
    let keys: Vec<_> = settings.split('"').skip(1).step_by(2).filter(is_key).collect();
    assert!(keys.len() > 20, "the keys were found: {keys:?}");
    let missing: Vec<_> = keys.iter().filter(|key| !documented.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/configuration.md does not name {missing:?}");
    let rows = documented.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let unknown: Vec<_> = rows.filter(|row| !keys.contains(row)).collect();
    assert!(unknown.is_empty(), "docs/configuration.md names {unknown:?}, which nobody reads");
}

/// Words in single backticks, outside fenced blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    let lines = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        !is_fenced && !is_fence
    });
    lines.flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}
