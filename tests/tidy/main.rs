//! The house's rules that a compiler does not check: dependency edges, homes of heavy libraries, file sizes and
//! headers, and documents that name only what exists.

mod documents;
mod errors;
mod manifests;
mod policy;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file that git tracks or would track, as paths from the root of the workspace.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(testkit::workspace_root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "the tidy test looks at a git checkout");
    let names = String::from_utf8(output.stdout).expect("file names are text");
    let files: Vec<_> = names.lines().map(PathBuf::from).filter(|file| root().join(file).exists()).collect();
    assert!(files.len() > 50, "git listed only {} files", files.len());
    files
}

fn files_ending(suffix: &str) -> Vec<PathBuf> {
    files().into_iter().filter(|file| file.to_string_lossy().ends_with(suffix)).collect()
}

fn root() -> PathBuf {
    testkit::workspace_root()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Fails with every problem, one a line.
#[track_caller]
fn none(problems: &[String], rule: &str) {
    assert!(problems.is_empty(), "{rule}:\n  {}", problems.join("\n  "));
}
