//! What is wrong with a configuration, all of it at once.

use std::fmt;

/// Every problem of a configuration. Its text is for the person who wrote the configuration and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, the variable or the file that is wrong.
    pub subject: String,
    /// Where the value came from: file and line, variable, or flag. None if nobody set it.
    pub origin: Option<String>,
    /// What is wrong, and what is allowed.
    pub what: String,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    pub(super) fn one(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }

    /// The problems, in the order the keys were read; unknown keys last.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl Problem {
    pub(super) fn new(subject: impl Into<String>, origin: Option<String>, what: impl Into<String>) -> Self {
        Self { subject: subject.into(), origin, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{} ({origin}): {}", self.subject, self.what),
            None => write!(f, "{}: {}", self.subject, self.what),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => writeln!(f, "the configuration has a problem:")?,
            n_problems => writeln!(f, "the configuration has {n_problems} problems:")?,
        }
        for problem in &self.problems {
            writeln!(f, "  - {problem}")?;
        }
        f.write_str("correct this, then run `nuncio config print` to see every key, its value and where it comes from")
    }
}
