//! The keys of the role `compliance`.

use super::Role;
use compliance::Proposed;
use domain::event::consent::Words;
use domain::pack::Pack;
use service_kit::Reader;
use std::io;
use std::path::{Path, PathBuf};

const PACKS_DIR: &str = "compliance.packs_dir";

pub(crate) struct ComplianceSettings {
    /// The rule packs in the folder that is named, each of them read and good.
    pub(crate) proposed: Vec<Proposed>,
    pub(crate) words: Words,
}

impl ComplianceSettings {
    pub(super) fn read(reader: &mut Reader, roles: &[Role]) -> Self {
        let packs =
            "a folder of rule packs (`*.toml`), checked at the start and kept in the log, never activated by itself";
        let stop = "words by which a person wants no more messages, separated by commas; the whole message must be one";
        let start = "words by which a person wants messages again, separated by commas";
        let folder: Option<PathBuf> = reader.optional(PACKS_DIR, packs);
        let words = Words {
            stop: words(&reader.get("compliance.stop_words", String::new(), stop)),
            start: words(&reader.get("compliance.start_words", String::new(), start)),
        };
        for word in words.in_both() {
            reader.problem("compliance.start_words", format!("{word:?} is among compliance.stop_words too"));
        }
        // Whoever plays another role may run where the folder is not.
        let folder = folder.filter(|_| roles.contains(&Role::Compliance));
        let proposed = folder.map(|folder| proposed(&folder, reader)).unwrap_or_default();
        Self { proposed, words }
    }
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Every pack of the folder, by file name. What is wrong with any becomes a problem of the key.
fn proposed(folder: &Path, reader: &mut Reader) -> Vec<Proposed> {
    let files = match files(folder) {
        Ok(files) => files,
        Err(error) => {
            reader.problem(PACKS_DIR, format!("cannot read the folder {}: {error}", folder.display()));
            return Vec::new();
        }
    };
    let mut all = Vec::new();
    for path in files {
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                reader.problem(PACKS_DIR, format!("cannot read {file}: {error}"));
                continue;
            }
        };
        match Pack::parse(&file, &text) {
            Ok(_) => all.push(Proposed { file, text }),
            Err(bad) => bad.problems.iter().for_each(|problem| reader.problem(PACKS_DIR, problem.to_string())),
        }
    }
    all
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
