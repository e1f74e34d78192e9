//! A nats-server to measure on: the one given, or one of our own on loopback, ended with us.

use anyhow::Context;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it accepts connections.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// Runs the server and kills it when whoever started it is gone, however that ended: its end closes the pipe.
const KEEPER: &str = r#""$@" >/dev/null 2>&1 & server=$!; read -r _; kill -9 $server; wait $server"#;

/// When the server syncs what it stored to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    /// As whoever runs the given server has set it.
    Given,
    /// Before every answer, as production is to run it.
    Always,
    /// Every two minutes, as nats-server does by default.
    Lazy,
}

/// There is no server to measure on.
#[derive(Debug)]
pub(super) struct Missing;

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "there is no nats-server in .tools/bin or the path; run `make tools`, or name a running one by --nats-url",
        )
    }
}

impl std::error::Error for Missing {}

/// A server.
pub(super) struct Nats {
    pub(super) url: String,
    pub(super) sync: Sync,
    own: Option<Own>,
}

struct Own {
    keeper: Child,
    folder: TempDir,
}

impl Nats {
    /// The given server, or a new one.
    pub(super) fn get(given: Option<&str>, sync: Sync) -> anyhow::Result<Self> {
        match given {
            Some(url) => Ok(Self { url: url.to_owned(), sync: Sync::Given, own: None }),
            None => Self::start(sync),
        }
    }

    fn start(sync: Sync) -> anyhow::Result<Self> {
        let binary = binary()?;
        let folder = tempfile::Builder::new().prefix("nuncio-bench-nats-").tempdir()?;
        let sync_interval = if sync == Sync::Always { "always" } else { "2m" };
        let store = folder.path().join("store");
        let config =
            format!("jetstream {{ store_dir: {store:?}, sync_interval: {sync_interval} }}\nmax_payload: 9MB\n");
        std::fs::write(folder.path().join("nats.conf"), config)?;
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper", &binary, "--addr", "127.0.0.1", "--port", "-1"]);
        command.arg("--config").arg(folder.path().join("nats.conf"));
        command.arg("--pid").arg(folder.path().join("pid")).arg("--ports_file_dir").arg(folder.path());
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let own = Own { keeper: keeper.context("cannot run `sh`")?, folder };
        let end = Instant::now() + START_DEADLINE;
        loop {
            let address = ports_file(own.folder.path()).filter(|address| TcpStream::connect(address).is_ok());
            if let Some(address) = address {
                return Ok(Self { url: format!("nats://{address}"), sync, own: Some(own) });
            }
            anyhow::ensure!(Instant::now() < end, "{binary} did not come up within {START_DEADLINE:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The CPU time that the server has used. Zero when it is not ours, or where processes cannot be looked at.
    pub(super) fn cpu(&self) -> Duration {
        let read = || {
            let pid = std::fs::read_to_string(self.own.as_ref()?.folder.path().join("pid")).ok()?;
            super::process::cpu_of(pid.trim())
        };
        read().unwrap_or_default()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It was started by us, and ends by itself once its input does.
        self.keeper.wait().ok();
    }
}

/// The workspace's own server, or the one in the path.
fn binary() -> anyhow::Result<String> {
    for candidate in [".tools/bin/nats-server", "nats-server"] {
        let answer = Command::new(candidate).arg("--version").stdin(Stdio::null()).output();
        if answer.is_ok_and(|output| output.status.success()) {
            return Ok(candidate.to_owned());
        }
    }
    Err(Missing.into())
}

/// The client address in the ports file, once the server has written it whole.
fn ports_file(folder: &Path) -> Option<SocketAddr> {
    let is_ports = |path: &Path| path.extension().is_some_and(|extension| extension == "ports");
    let mut paths = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let text = std::fs::read_to_string(paths.find(|path| is_ports(path))?).ok()?;
    let (_, address) = text.split_once("nats://")?;
    address.split_once('"')?.0.parse().ok()
}
