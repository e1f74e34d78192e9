//! Rules about crates and what they depend on.

use crate::{files_ending, none, read};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Which crates of ours each crate may use. Dependencies point one way, from services to the domain, and no service
/// uses another's crate. A new edge is a decision, made here.
const EDGES: [(&str, &[&str]); 16] = [
    ("domain", &[]),
    ("api", &["domain"]),
    ("messenger", &["domain"]),
    ("service-kit", &["domain"]),
    ("event-log", &["api", "domain"]),
    ("sql", &["domain"]),
    // What every table that follows the log does; what a record does to it, its own service knows.
    ("projection", &["domain", "event-log", "service-kit", "sql"]),
    ("snapshots", &["domain", "event-log", "service-kit", "sql"]),
    ("webhook-ingress", &["domain", "event-log", "messenger", "service-kit"]),
    ("compliance", &["api", "domain", "event-log", "projection", "service-kit", "sql"]),
    ("conversation", &["api", "domain", "event-log", "messenger", "projection", "service-kit", "sql"]),
    ("outbound-sender", &["api", "domain", "event-log", "messenger", "projection", "service-kit", "sql"]),
    // It judges on its own, so that it can contradict the domain.
    ("simulator", &[]),
    ("testkit", &[]),
    // For tests only: it moves the domain through everything that can happen to it.
    ("model", &["domain"]),
    // The one crate that knows everybody.
    (
        "nuncio",
        &[
            "api",
            "compliance",
            "conversation",
            "domain",
            "event-log",
            "messenger",
            "outbound-sender",
            "projection",
            "service-kit",
            "simulator",
            "snapshots",
            "sql",
            "webhook-ingress",
        ],
    ),
];

/// Heavy or dangerous libraries, and the one crate that may use each.
const HOMES: [(&str, &str); 13] = [
    ("async-nats", "event-log"),
    ("postcard", "snapshots"),
    ("rusqlite", "event-log"),
    // Sealed secrets.
    ("ring", "sql"),
    ("sqlx", "sql"),
    ("protox", "api"),
    ("tonic-prost-build", "api"),
    ("tonic-prost", "api"),
    ("opentelemetry", "service-kit"),
    ("opentelemetry_sdk", "service-kit"),
    ("opentelemetry-prometheus", "service-kit"),
    ("prometheus", "service-kit"),
    ("tracing-subscriber", "service-kit"),
];

/// All that the domain may use: nothing here reads a clock, draws a random number, or touches a file or a socket.
const DOMAIN: [&str; 8] = ["hex", "jiff", "serde", "sha2", "smol_str", "thiserror", "toml", "uuid"];

struct Crate {
    manifest: Table,
}

impl Crate {
    fn names(&self, table: &str) -> BTreeSet<String> {
        let table = self.manifest.get(table).and_then(Value::as_table);
        table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
    }
}

fn crates() -> BTreeMap<String, Crate> {
    let manifests = files_ending("/Cargo.toml").into_iter().filter(|file| file.starts_with("crates"));
    let read = |file: std::path::PathBuf| {
        let manifest: Table = read(&file).parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let folder = file.parent().and_then(|folder| folder.file_name()).expect("a crate has a folder");
        (folder.to_string_lossy().into_owned(), Crate { manifest })
    };
    manifests.map(read).collect()
}

#[test]
fn every_crate_is_known_here_and_named_like_its_folder() {
    let crates = crates();
    let known: BTreeSet<_> = EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(crates.keys().cloned().collect::<BTreeSet<_>>(), known);
    for (folder, one) in &crates {
        assert_eq!(one.manifest["package"]["name"].as_str(), Some(folder.as_str()));
    }
}

#[test]
fn dependencies_between_our_crates_point_one_way() {
    let crates = crates();
    let mut problems = Vec::new();
    for (name, allowed) in EDGES {
        for used in crates[name].names("dependencies").iter().filter(|used| crates.contains_key(*used)) {
            if !allowed.contains(&used.as_str()) {
                problems.push(format!("{name} uses {used}"));
            }
        }
    }
    none(&problems, "a crate uses only those of ours that it may");
}

#[test]
fn heavy_libraries_have_one_home_each() {
    let mut problems = Vec::new();
    for (name, one) in crates() {
        let tables = ["dependencies", "build-dependencies", "dev-dependencies"];
        let used: BTreeSet<_> = tables.into_iter().flat_map(|table| one.names(table)).collect();
        for (library, home) in HOMES {
            if used.contains(library) && name != home {
                problems.push(format!("{name} uses {library}, whose home is {home}"));
            }
        }
    }
    none(&problems, "one crate alone knows each heavy library");
}

#[test]
fn the_domain_can_do_no_io() {
    let allowed: BTreeSet<_> = DOMAIN.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(crates()["domain"].names("dependencies"), allowed);
}

#[test]
fn every_crate_is_held_to_the_lints_of_the_workspace() {
    for (name, one) in crates() {
        let inherits = one.manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
        assert_eq!(inherits, Some(true), "{name}");
    }
}
