//! Processes of the binary under test, each ended by its own pid.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// How long a process may take to start, or to end when told.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `nuncio`, which is killed when dropped.
pub(crate) struct Process {
    child: Child,
    listeners: HashMap<String, SocketAddr>,
    said: Arc<Mutex<Vec<String>>>,
    // Reads the process's log on, or it would stop at a full pipe.
    reader: JoinSet<()>,
}

impl Process {
    /// Starts `nuncio` and waits until it says that it listens on all of `listeners`.
    pub(crate) async fn start(args: &[&str], listeners: &[&str]) -> Self {
        let mut command = nuncio(args);
        command.stderr(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary under test starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let mut found = HashMap::new();
        let mut said = Vec::new();
        let reading = async {
            while !listeners.iter().all(|name| found.contains_key(*name)) {
                let Ok(Some(line)) = lines.next_line().await else { return false };
                if let Some((name, address)) = listener(&line) {
                    found.insert(name, address);
                }
                said.push(line);
            }
            true
        };
        let is_up = tokio::time::timeout(PATIENCE, reading).await.unwrap_or(false);
        assert!(is_up, "nuncio {args:?} did not listen on {listeners:?}; it said:\n{}", said.join("\n"));
        let said = Arc::new(Mutex::new(said));
        let mut reader = JoinSet::new();
        let heard = Arc::clone(&said);
        reader.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                heard.lock().unwrap().push(line);
            }
        });
        Self { child, listeners: found, said, reader }
    }

    /// Where it listens.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.listeners[listener]
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// `kill -TERM`, and waits for it to drain.
    pub(crate) async fn terminate(self) -> ExitStatus {
        self.signal().await;
        self.ended().await.0
    }

    /// `kill -TERM`, without waiting.
    pub(crate) async fn signal(&self) {
        self.send("-TERM").await;
    }

    /// `kill -STOP`: it does nothing until it goes on, and does not notice.
    pub(crate) async fn stop_still(&self) {
        self.send("-STOP").await;
    }

    /// `kill -CONT`.
    pub(crate) async fn go_on(&self) {
        self.send("-CONT").await;
    }

    async fn send(&self, signal: &str) {
        let pid = self.child.id().expect("the process runs").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.expect("kill runs");
        assert!(sent.success());
    }

    /// Everything that it said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Waits until it is gone. Answers how it ended, and everything that it said.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let gone = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = gone.expect("it drains in time").expect("it can be waited for");
        self.reader.join_next().await;
        (status, self.said())
    }
}

/// Runs `nuncio` to its end.
pub(crate) async fn run(args: &[&str]) -> Output {
    let output = nuncio(args).output();
    tokio::time::timeout(PATIENCE, output).await.expect("the command ends in time").expect("the binary runs")
}

/// A command that sees no configuration but the one given.
fn nuncio(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.args(args).env_clear().current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command
}

/// The listener that a line of the log tells of, in JSON or as text for people.
fn listener(line: &str) -> Option<(String, SocketAddr)> {
    let word = |key: &str| {
        let behind = line.split_once(key)?.1;
        let word = behind.trim_start_matches(['"', ':', '=', ' ']);
        word.split(['"', ' ', ',', '}']).next().map(str::to_owned)
    };
    Some((word("listener")?, word("address")?.parse().ok()?))
}
