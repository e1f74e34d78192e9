//! Rules about source files.

use crate::{files, files_ending, none, read};

/// A longer file has a seam somewhere; tests move out first.
const MOST_LINES: usize = 400;

#[test]
fn every_source_file_says_what_it_is_for() {
    let is_silent = |file: &std::path::PathBuf| !read(file).starts_with("//! ");
    let problems: Vec<_> =
        files_ending(".rs").into_iter().filter(is_silent).map(|file| file.display().to_string()).collect();
    none(&problems, "the first line of a file is `//!` and says what it is for");
}

#[test]
fn no_source_file_grows_beyond_the_ceiling() {
    let mut problems = Vec::new();
    for file in files_ending(".rs") {
        let lines = read(&file).lines().count();
        if lines > MOST_LINES {
            problems.push(format!("{} has {lines} lines", file.display()));
        }
    }
    none(&problems, &format!("a file has at most {MOST_LINES} lines"));
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    // Put together here, so that this file does not find itself.
    let marks = [
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
        ["#[ign", "ore"].concat(),
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
    ];
    let mut problems = Vec::new();
    for file in files_ending(".rs") {
        for (number, line) in read(&file).lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(mark.as_str())) {
                problems.push(format!("{}:{}: {mark}", file.display(), number + 1));
            }
        }
    }
    none(&problems, "work is finished, or not begun");
}

#[test]
fn no_file_names_a_place_outside_the_repository() {
    let root = crate::root();
    let machine = root.to_string_lossy().into_owned();
    let mut problems = Vec::new();
    for file in files() {
        let Ok(text) = std::fs::read_to_string(root.join(&file)) else { continue };
        let beside = ["..", "/shared"].concat();
        if text.contains(&machine) || text.contains(&beside) {
            problems.push(file.display().to_string());
        }
    }
    none(&problems, "a clone works anywhere, so no file names a folder of this machine or beside the clone");
}
