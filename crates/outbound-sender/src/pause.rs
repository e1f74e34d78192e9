//! How long nothing is sent because the platform said so: of the whole app, or of a Page. Every process knows it, and so does
//! whoever takes a Page over, since it is told in the database; while that does not answer, what was known last holds.

use domain::id::PageId;
use domain::time::Timestamp;
use service_kit::Clock;
use sql::{Database, SqlError, pauses};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// The pause of one scope, as far as this process knows.
#[derive(Debug)]
pub(crate) struct Pause {
    scope: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Nothing leaves before this moment of the uptime.
    until: Duration,
    /// The end that the database has, by its clock; none: it was not asked yet.
    stored: Option<Option<Timestamp>>,
    /// Whether the platform said something here that is not in the database.
    has_news: bool,
}

impl Pause {
    /// The pause of every Page of the app.
    pub(crate) fn of_app() -> Self {
        Self { scope: "app".to_owned(), state: Mutex::default() }
    }

    /// The pause of one Page.
    pub(crate) fn of_page(page: &PageId) -> Self {
        Self { scope: format!("page/{page}"), state: Mutex::default() }
    }

    /// The platform wants nothing more before this moment of the uptime.
    pub(crate) fn extend(&self, until: Duration) {
        let mut state = self.state();
        if until > state.until {
            (state.until, state.has_news) = (until, true);
        }
    }

    /// Until when nothing leaves; none: it may.
    pub(crate) fn until(&self, now: Duration) -> Option<Duration> {
        Some(self.state().until).filter(|until| now < *until)
    }

    /// Whether the database was asked what others were told. Nothing may leave before.
    pub(crate) fn is_known(&self) -> bool {
        self.state().stored.is_some()
    }

    /// Whether something is to be told to others.
    pub(crate) fn has_news(&self) -> bool {
        self.state().has_news
    }

    /// Tells others what the platform said here, and learns what it said there.
    ///
    /// # Errors
    /// When the database does not answer; what is known holds, and what is not told is told the next time.
    pub(crate) async fn share(&self, database: &Database, clock: &Clock) -> Result<(), SqlError> {
        let own = {
            let state = self.state();
            state.has_news.then_some(state.until)
        };
        let stored = match own.map(|until| until.saturating_sub(clock.uptime())) {
            Some(left) if !left.is_zero() => Some(pauses::put(database, &self.scope, left).await?),
            Some(_) | None => pauses::get(database, &self.scope).await?,
        };
        let mut state = self.state();
        // What was said meanwhile is still to be told.
        state.has_news &= own != Some(state.until);
        let until = stored.map(|paused| paused.until);
        // Only another end says something new: the two clocks do not run alike for ever.
        if let Some(paused) = stored
            && state.stored.flatten() != until
        {
            state.until = state.until.max(clock.uptime().saturating_add(paused.left));
        }
        state.stored = Some(until);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Span;
    use secrecy::SecretString;
    use sql::{Create, Options};
    use tempfile::TempDir;

    const MINUTE: Duration = Duration::from_secs(60);

    async fn database(folder: &TempDir) -> Database {
        let url = SecretString::from(format!("sqlite:{}", folder.path().join("tables.db").display()));
        Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await.unwrap()
    }

    #[tokio::test]
    async fn what_one_process_was_told_another_keeps_too() {
        let (folder, clock) = (TempDir::new().unwrap(), Clock::system());
        let database = database(&folder).await;
        database.migrate().await.unwrap();
        let (told, other) = (Pause::of_app(), Pause::of_app());
        other.share(&database, &clock).await.unwrap();
        assert!(other.is_known() && other.until(clock.uptime()).is_none());
        told.extend(clock.uptime() + MINUTE);
        assert!(told.has_news());
        told.share(&database, &clock).await.unwrap();
        other.share(&database, &clock).await.unwrap();
        assert!(!told.has_news() && !other.has_news());
        assert!(other.until(clock.uptime() + MINUTE / 2).is_some());
        let page = Pause::of_page(&PageId::parse("1001").unwrap());
        page.share(&database, &clock).await.unwrap();
        assert_eq!(page.until(clock.uptime()), None);
    }

    #[tokio::test]
    async fn a_pause_that_is_over_here_is_not_begun_again_by_reading_it() {
        let folder = TempDir::new().unwrap();
        let (clock, hands) = Clock::manual(Timestamp::from_millis(0));
        let database = database(&folder).await;
        database.migrate().await.unwrap();
        let pause = Pause::of_app();
        pause.extend(MINUTE);
        pause.share(&database, &clock).await.unwrap();
        hands.advance(Span::from_secs(61));
        pause.share(&database, &clock).await.unwrap();
        assert_eq!(pause.until(clock.uptime()), None);
    }

    #[tokio::test]
    async fn without_the_database_what_was_known_last_holds() {
        let (folder, clock) = (TempDir::new().unwrap(), Clock::system());
        // It has no table.
        let database = database(&folder).await;
        let pause = Pause::of_app();
        pause.extend(clock.uptime() + MINUTE);
        pause.share(&database, &clock).await.unwrap_err();
        assert!(pause.until(clock.uptime()).is_some() && pause.has_news() && !pause.is_known());
    }
}
