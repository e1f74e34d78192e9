//! Whether this process may get traffic, as a list of named checks.

use std::sync::Arc;

use tokio::sync::watch;

/// The readiness of a process. Clones share the checks.
///
/// Liveness is not here: a process that answers is alive. Readiness covers what the process needs to do its work.
#[derive(Clone, Debug)]
pub struct Health(Arc<watch::Sender<Readiness>>);

/// What [`Health`] knows at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether every check passes and the process is not draining.
    pub ready: bool,
    /// Each check with its reason if it fails, in the order they were named.
    pub checks: Vec<(String, Result<(), String>)>,
    /// What somebody should know, by the name of what it concerns, and the process works in spite of.
    pub notes: Vec<(String, String)>,
}

/// The name under which draining is listed.
const SHUTDOWN: &str = "shutdown";

impl Health {
    /// Health without checks, which is ready.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Readiness { ready: true, checks: Vec::new(), notes: Vec::new() })))
    }

    /// Names a check, which fails with "not started yet" until its handle says otherwise. The same name gives another
    /// handle to the same check.
    pub fn check(&self, name: &str) -> CheckHandle {
        self.0.send_if_modified(|readiness| {
            let is_new = readiness.checks.iter().all(|(known, _)| known != name);
            if is_new {
                readiness.set(name, Err("not started yet".to_owned()));
            }
            is_new
        });
        CheckHandle { health: self.clone(), name: name.to_owned() }
    }

    /// Tells something beside the checks, in the place of what was told under this name before; none: nothing more.
    pub fn note(&self, name: &str, what: Option<String>) {
        let is_news = self.0.send_if_modified(|readiness| {
            let before = readiness.notes.clone();
            readiness.notes.retain(|(known, _)| known != name);
            readiness.notes.extend(what.clone().map(|what| (name.to_owned(), what)));
            readiness.notes != before
        });
        match what {
            Some(what) if is_news => tracing::warn!(note = name, "{name}: {what}"),
            None if is_news => tracing::info!(note = name, "{name}: all is well again"),
            Some(_) | None => (),
        }
    }

    /// Turns readiness red for good, because the process is about to stop.
    pub fn draining(&self) {
        self.report(SHUTDOWN, Err("the process is stopping and takes no new work".to_owned()));
    }

    /// All checks as they are now.
    pub fn readiness(&self) -> Readiness {
        self.0.borrow().clone()
    }

    /// Follows the checks; the value at the time of the call counts as seen.
    pub fn subscribe(&self) -> watch::Receiver<Readiness> {
        self.0.subscribe()
    }

    /// Stores an outcome, and logs it if it is news.
    fn report(&self, name: &str, outcome: Result<(), String>) {
        let is_news = self.0.send_if_modified(|readiness| readiness.set(name, outcome.clone()));
        match outcome {
            Ok(()) if is_news => tracing::info!(check = name, "readiness check {name} passes"),
            Err(why) if is_news => tracing::warn!(check = name, "readiness check {name} fails: {why}"),
            Ok(()) | Err(_) => (),
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Readiness {
    /// Stores one outcome and says whether it changed anything.
    fn set(&mut self, name: &str, outcome: Result<(), String>) -> bool {
        let changed = match self.checks.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => std::mem::replace(known, outcome.clone()) != outcome,
            None => {
                self.checks.push((name.to_owned(), outcome));
                true
            }
        };
        self.ready = self.checks.iter().all(|(_, outcome)| outcome.is_ok());
        changed
    }
}

/// Reports the outcome of one check.
#[derive(Clone, Debug)]
pub struct CheckHandle {
    health: Health,
    name: String,
}

impl CheckHandle {
    /// The check passes.
    pub fn ok(&self) {
        self.health.report(&self.name, Ok(()));
    }

    /// The check fails. `why` is read by the person who has to mend it: what is wrong, and where to look.
    pub fn failing(&self, why: impl Into<String>) {
        self.health.report(&self.name, Err(why.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_was_never_reported_fails() {
        let health = Health::new();
        assert!(health.readiness().ready);
        let _log = health.check("log");
        let checks = vec![("log".into(), Err("not started yet".into()))];
        let expected = Readiness { ready: false, checks, notes: Vec::new() };
        assert_eq!(health.readiness(), expected);
    }

    #[test]
    fn one_failing_check_is_enough_and_names_its_reason() {
        let health = Health::new();
        let (log, sql) = (health.check("log"), health.check("sql"));
        log.ok();
        sql.failing("cannot reach db:5432");
        let readiness = health.readiness();
        assert!(!readiness.ready);
        assert_eq!(readiness.checks[1], ("sql".into(), Err("cannot reach db:5432".into())));
        sql.ok();
        assert!(health.readiness().ready);
    }

    #[test]
    fn naming_a_check_again_keeps_its_outcome() {
        let health = Health::new();
        health.check("log").ok();
        let again = health.check("log");
        assert!(health.readiness().ready);
        again.failing("gone");
        assert_eq!(health.readiness().checks.len(), 1);
    }

    #[test]
    fn a_note_is_told_and_turns_nothing_red() {
        let health = Health::new();
        health.note("pages", Some("one has a dead token".to_owned()));
        health.note("pages", Some("two have dead tokens".to_owned()));
        let readiness = health.readiness();
        assert_eq!(
            (readiness.ready, readiness.notes.as_slice()),
            (true, [("pages".into(), "two have dead tokens".into())].as_slice())
        );
        health.note("pages", None);
        assert!(health.readiness().notes.is_empty());
    }

    #[test]
    fn draining_outlasts_passing_checks() {
        let health = Health::new();
        let log = health.check("log");
        log.ok();
        health.draining();
        log.ok();
        assert!(!health.readiness().ready);
    }

    #[tokio::test]
    async fn followers_hear_changes_and_no_repetitions() {
        let health = Health::new();
        let log = health.check("log");
        let mut follower = health.subscribe();
        log.ok();
        crate::testing::within(follower.changed()).await.unwrap();
        assert!(follower.borrow_and_update().ready);
        log.ok();
        assert!(!follower.has_changed().unwrap());
    }
}
