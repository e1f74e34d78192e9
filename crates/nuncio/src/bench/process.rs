//! Processes, seen from outside: how soon one is ready, what memory it holds, what CPU time was used.

use super::Stage;
use super::client::Client;
use super::report::{Figure, median};
use super::workload::{APP, SECRET, VERIFY_TOKEN, Workload};
use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a process is left alone before its memory counts as idle.
const REST: Duration = Duration::from_secs(1);

/// The most that an idle `standalone` may hold, in MB of a million bytes.
const IDLE_BUDGET_MB: f64 = 60.0;

/// The most that a conversation seen once may cost a process.
const CONVERSATION_BUDGET_BYTES: f64 = 400.0;

/// Events of one delivery when conversations are made.
const EVENTS_TOGETHER: usize = 100;

/// The CPU time that this process has used so far.
pub(super) fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The CPU time of another process, to a hundredth of a second; nothing where processes cannot be looked at.
pub(super) fn cpu_of(pid: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = |field: usize| fields.split_ascii_whitespace().nth(field)?.parse::<u64>().ok();
    // A tick is a hundredth of a second wherever Linux runs.
    Some(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// Measures the start and the idle memory of `standalone` with an empty log.
pub(super) async fn start(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let (mut starts, mut bare, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..stage.sizes.rounds.min(5) {
        let began = Instant::now();
        command().arg("--version").stdout(Stdio::null()).status().context("cannot run this program again")?;
        bare.push(began.elapsed().as_secs_f64() * 1e3);

        let folder = stage.fresh_path();
        let began = Instant::now();
        let process = Process::start(&folder)?;
        starts.push(process.ready_at.duration_since(began).as_secs_f64() * 1e3);
        tokio::time::sleep(REST).await;
        memory.push(process.resident()? as f64 / 1e6);
    }
    let limit_name = "a process that only prints its version";
    figures.push(Figure {
        name: "start.time".to_owned(),
        value: median(starts),
        unit: "ms",
        limit_name,
        limit: median(bare),
    });
    let limit_name = "budget, not measured";
    figures.push(Figure {
        name: "idle.memory".to_owned(),
        value: median(memory),
        unit: "MB",
        limit_name,
        limit: IDLE_BUDGET_MB,
    });
    Ok(())
}

/// Measures by how much `standalone` grows with each conversation that it has seen once.
pub(super) async fn conversations(stage: &mut Stage, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let n_people = stage.sizes.seen_once;
    let folder = stage.fresh_path();
    let process = Process::start(&folder)?;
    let mut client = Client::connect(process.address).await?;
    let mut workload = Workload::strangers(n_people);
    let mut deliver = async |n_events: usize| -> anyhow::Result<()> {
        let mut left = n_events;
        while left > 0 {
            let together = left.min(EVENTS_TOGETHER);
            left -= together;
            let delivery = workload.deliveries(1, together).pop().context("one delivery was made")?;
            let status = client.ask(&delivery.request).await?;
            anyhow::ensure!(status == 200, "a delivery was answered {status}");
        }
        Ok(())
    };
    // What the first deliveries allocate once is no conversation's.
    deliver(n_people / 10).await?;
    tokio::time::sleep(REST).await;
    let before = process.resident()?;
    deliver(n_people - n_people / 10).await?;
    tokio::time::sleep(REST).await;
    let grown = process.resident()?.saturating_sub(before);
    figures.push(Figure {
        name: "conversations.memory".to_owned(),
        value: grown as f64 / (n_people - n_people / 10) as f64,
        unit: "bytes/conversation",
        limit_name: "budget, not measured",
        limit: CONVERSATION_BUDGET_BYTES,
    });
    Ok(())
}

/// This program, once more, in no other configuration than the one given.
fn command() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "nuncio".into()));
    command.env_clear().current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command
}

/// This program, running once more, killed when dropped.
pub(super) struct Process {
    child: Child,
    /// Where it takes webhooks, or where the simulator is.
    pub(super) address: SocketAddr,
    /// Where it offers gRPC, if it does.
    pub(super) grpc: Option<SocketAddr>,
    ready_at: Instant,
    // Open for as long as the process writes to it.
    log: BufReader<ChildStderr>,
}

impl Process {
    /// A `standalone` with an empty log.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        Self::start_with(folder, &[])
    }

    /// The same with more settings.
    pub(super) fn start_with(folder: &Path, more: &[(&str, &str)]) -> anyhow::Result<Self> {
        let log = folder.join("log.sqlite");
        let tables = format!("sqlite:{}", folder.join("tables.sqlite").display());
        let mut command = command();
        command.arg("standalone");
        for (key, value) in [
            ("log.path", log.to_string_lossy().as_ref()),
            ("sql.url", &tables),
            ("webhook.listen", "127.0.0.1:0"),
            ("grpc.listen", "127.0.0.1:0"),
            ("admin.listen", "127.0.0.1:0"),
            ("meta.app_id", APP),
            ("meta.app_secret", SECRET),
            ("meta.verify_token", VERIFY_TOKEN),
        ]
        .iter()
        .chain(more)
        {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        Self::spawn(command, "listening for webhooks on ", "started")
    }

    /// A simulator with one Page.
    pub(super) fn simulator(page: &str, token: &str) -> anyhow::Result<Self> {
        let mut command = command();
        command.args([
            "simulator",
            "--listen",
            "127.0.0.1:0",
            "--page",
            &format!("{page}={token}"),
            "--app-secret",
            SECRET,
        ]);
        Self::spawn(command, "play the customer on http://", "the simulator listens")
    }

    /// A simulator with these Pages and their tokens.
    pub(super) fn simulator_of(pages: &[(String, String)]) -> anyhow::Result<Self> {
        let mut command = command();
        command.args(["simulator", "--listen", "127.0.0.1:0", "--app-secret", SECRET]);
        for (page, token) in pages {
            command.args(["--page", &format!("{page}={token}")]);
        }
        Self::spawn(command, "play the customer on http://", "the simulator listens")
    }

    /// Waits until it says `ready`; its address stands behind `address`.
    fn spawn(mut command: Command, address: &str, ready: &str) -> anyhow::Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.context("cannot run this program again")?;
        let stderr = child.stderr.take().context("standard error is piped")?;
        // From here on dropping it kills the child.
        let mut process = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            grpc: None,
            ready_at: Instant::now(),
            log: BufReader::new(stderr),
        };
        process.wait_until_started(address, ready)?;
        Ok(process)
    }

    /// Reads its log until it says that it has started, which it does once every address is bound.
    fn wait_until_started(&mut self, address: &str, ready: &str) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let n_read = self.log.read_line(&mut line)?;
            anyhow::ensure!(n_read > 0 && Instant::now() < end, "this program did not start again; it said:\n{said}");
            if let Some(address) = address_behind(&line, address)? {
                self.address = address;
            }
            if let Some(address) = address_behind(&line, "listening for gRPC on ")? {
                self.grpc = Some(address);
            }
            if line.contains(ready) {
                self.ready_at = Instant::now();
                return Ok(());
            }
            said.push_str(&line);
        }
    }

    /// The CPU time that it has used so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        cpu_of(&self.child.id().to_string())
    }

    /// Bytes of memory that it holds.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .context("memory can be measured where there is /proc")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Ok(kib.context("the system tells the resident set")? * 1_024)
    }
}

/// The address that stands behind these words, where a line has them.
fn address_behind(line: &str, words: &str) -> anyhow::Result<Option<SocketAddr>> {
    let Some((_, behind)) = line.split_once(words) else { return Ok(None) };
    let address: String = behind.chars().take_while(|one| one.is_ascii_digit() || ".:".contains(*one)).collect();
    Ok(Some(address.parse().with_context(|| format!("an address in {line}"))?))
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
