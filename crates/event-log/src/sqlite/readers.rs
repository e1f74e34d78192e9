//! Threads that read, each with a connection of its own. A read takes some ten microseconds, as long as waking a thread
//! does: what comes while one is awake is left to that one, and only what would have to wait behind much goes to another.

use super::schema;
use crate::port::LogError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// How many threads read at most. More than one, so that a page of a follower holds nobody up for long.
const MOST: usize = 4;
/// So many reads wait for one thread before another is asked.
const ENOUGH: usize = 8;

type Job = Box<dyn FnOnce(Result<&Connection, LogError>) + Send>;

/// Readers of one log. Clones share their threads, which end with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    threads: Arc<[Thread]>,
}

#[derive(Debug)]
struct Thread {
    jobs: Sender<Job>,
    n_waiting: Arc<AtomicUsize>,
}

impl Readers {
    /// Starts the threads. The file is opened by whoever reads first.
    pub(super) fn start(path: &Path) -> std::io::Result<Self> {
        let threads = (0..MOST).map(|n| Thread::start(n, path.to_owned())).collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self { path: Arc::new(path.to_owned()), threads: threads.into() })
    }

    /// Runs a query that is short.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let (answer, wait) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have given up waiting.
            drop(answer.send(connection.and_then(query)));
        });
        self.least_busy().ask(job);
        wait.await.unwrap_or_else(|gone| Err(LogError::Broken(gone.into())))
    }

    /// Runs a query that may take long, on a thread and a connection of its own.
    pub(super) async fn run_long<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let path = Arc::clone(&self.path);
        let work = move || query(&schema::reader(&path)?);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(LogError::Broken(panic.into())))
    }

    /// The first that has little to do, which is awake if any is.
    fn least_busy(&self) -> &Thread {
        let n_waiting = |thread: &&Thread| thread.n_waiting.load(Ordering::Relaxed);
        let ready = self.threads.iter().find(|thread| n_waiting(thread) < ENOUGH);
        ready.or_else(|| self.threads.iter().min_by_key(n_waiting)).expect("there is more than one thread")
    }
}

impl Thread {
    fn start(number: usize, path: PathBuf) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        let n_waiting = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&n_waiting);
        std::thread::Builder::new()
            .name(format!("log-reader-{number}"))
            .spawn(move || read(&path, &inbox, &counted))?;
        Ok(Self { jobs, n_waiting })
    }

    fn ask(&self, job: Job) {
        self.n_waiting.fetch_add(1, Ordering::Relaxed);
        // A thread that is gone drops the job, and whoever waits for its answer learns that.
        drop(self.jobs.send(job));
    }
}

/// Does what comes until nobody can ask any more.
fn read(path: &Path, inbox: &Receiver<Job>, n_waiting: &AtomicUsize) {
    let mut connection = None;
    for job in inbox {
        let opened = match connection.take() {
            Some(connection) => Ok(connection),
            None => schema::reader(path),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| match &opened {
            Ok(opened) => job(Ok(opened)),
            Err(error) => job(Err(LogError::Unavailable(error.to_string().into()))),
        }));
        // Of a query that panicked, whoever asked learns by getting no answer; its connection may be in the middle of it.
        connection = opened.ok().filter(|_| outcome.is_ok());
        n_waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Config, SqliteLog};

    #[tokio::test]
    async fn a_query_that_panics_is_an_error_and_its_thread_reads_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        drop(SqliteLog::open(&path, Config::default()).unwrap());
        let readers = Readers::start(&path).unwrap();
        let run = async |panics: bool| {
            let query = move |connection: &Connection| {
                assert!(!panics, "a query panics, as it is told to");
                Ok(connection.query_row("SELECT 7", [], |row| row.get::<_, i64>(0))?)
            };
            readers.run(query).await
        };
        for _ in 0..=MOST * ENOUGH {
            assert!(matches!(run(true).await, Err(LogError::Broken(_))));
            assert_eq!(run(false).await.unwrap(), 7);
        }
    }
}
