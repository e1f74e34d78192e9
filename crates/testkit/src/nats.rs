//! A real nats-server with JetStream, on a free port of the loopback interface and with a store of its own.

use anyhow::Context as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a server may take until it accepts connections.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// How long to let pass between two looks at a starting server.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs the server as a child and kills it when told to or when whoever started it is gone, however that ended: its
/// end closes the pipe that this reads. `$1` is the server's folder, which goes with it unless it is to come back.
const KEEPER: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 & server=$!
read -r order
kill -9 $server; wait $server
[ "$order" = keep ] || rm -rf "$folder"
"#;

/// When the server syncs what it stored to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Every two minutes, as nats-server does by default. Quick, and safe against all but a lost machine.
    Lazy,
    /// Before every answer, as production is to run it.
    Always,
}

/// A running server. Dropping it ends it and removes what it stored.
#[derive(Debug)]
pub struct NatsServer {
    folder: PathBuf,
    address: SocketAddr,
    monitor: SocketAddr,
    keeper: Option<Child>,
}

/// One server for all tests of a process: each takes names of its own in it.
pub fn nats() -> &'static NatsServer {
    static SERVER: OnceLock<NatsServer> = OnceLock::new();
    SERVER.get_or_init(|| NatsServer::start(Sync::Lazy))
}

impl NatsServer {
    /// Starts a server and waits until it accepts connections.
    ///
    /// # Panics
    /// When there is no nats-server, or it does not come up within half a minute.
    pub fn start(sync: Sync) -> Self {
        Self::start_with(sync, "")
    }

    /// The same, with more lines in its configuration.
    ///
    /// # Panics
    /// As [`Self::start`] does.
    pub fn start_with(sync: Sync, more: &str) -> Self {
        let server = Self::begin(sync, more);
        server.wait_until_it_answers();
        server
    }

    /// Starts three servers that form one cluster, and waits until they accept connections. JetStream answers once
    /// they have elected a leader, which takes some seconds more.
    ///
    /// # Panics
    /// As [`Self::start`] does.
    pub fn start_cluster(sync: Sync) -> [Self; 3] {
        // All three at once, so that they differ.
        let reserved = [(); 3].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port is free"));
        let routes = reserved.map(|listener| listener.local_addr().expect("a bound listener has an address"));
        let all = routes.map(|route| format!("nats://{route}")).join(", ");
        let servers = routes.map(|route| {
            let cluster = format!("cluster {{ name: testkit, listen: \"{route}\", routes: [{all}] }}\n");
            Self::begin(sync, &format!("server_name: \"{route}\"\n{cluster}"))
        });
        servers.iter().for_each(Self::wait_until_it_answers);
        servers
    }

    fn begin(sync: Sync, more: &str) -> Self {
        let binary = binary();
        let folder = tempfile::Builder::new().prefix("nuncio-nats-").tempdir().expect("a temp folder can be made");
        let folder = folder.keep();
        let sync_interval = match sync {
            Sync::Lazy => "2m",
            Sync::Always => "always",
        };
        let store = folder.join("store");
        let config =
            format!("jetstream {{ store_dir: {store:?}, sync_interval: {sync_interval} }}\nmax_payload: 9MB\n{more}");
        std::fs::write(folder.join("nats.conf"), config).expect("the temp folder can be written");
        let keeper = run(&binary, &folder, ["-1", "-1"]);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { address: nowhere, monitor: nowhere, keeper: Some(keeper), folder };
        (server.address, server.monitor) = server.wait("write its ports", || ports_file(&server.folder));
        server
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where the server tells about itself over HTTP.
    pub fn monitor_url(&self) -> String {
        format!("http://{}", self.monitor)
    }

    /// The server's address, for a [`crate::Proxy`] in front of it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder in which the server keeps its streams.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// Kills the server (`SIGKILL`), keeping its store. Returns when it is gone.
    pub fn kill(&mut self) {
        self.end("keep\n");
    }

    /// Starts the server again after [`Self::kill`], on the same port and store.
    ///
    /// # Panics
    /// When it does not come up within half a minute.
    pub fn restart(&mut self) {
        self.kill();
        let ports = [self.address, self.monitor].map(|address| address.port().to_string());
        self.keeper = Some(run(&binary(), &self.folder, ports.each_ref().map(String::as_str)));
        self.wait_until_it_answers();
    }

    fn end(&mut self, order: &str) {
        let Some(mut keeper) = self.keeper.take() else { return };
        let mut pipe = keeper.stdin.take().expect("the keeper was started with a pipe");
        // A keeper that is gone already has no ear for orders.
        pipe.write_all(order.as_bytes()).ok();
        drop(pipe);
        keeper.wait().expect("the keeper can be waited for");
    }

    fn wait_until_it_answers(&self) {
        self.wait("accept connections", || {
            let connection = TcpStream::connect(self.address).ok()?;
            connection.set_read_timeout(Some(START_DEADLINE)).ok()?;
            let mut greeting = String::new();
            BufReader::new(connection).read_line(&mut greeting).ok()?;
            greeting.starts_with("INFO").then_some(())
        });
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let end = Instant::now() + START_DEADLINE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            if Instant::now() >= end {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("nats-server did not {what} within {START_DEADLINE:?}; it said:\n{log}");
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if self.keeper.is_some() {
            self.end("");
        } else if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

fn run(binary: &Path, folder: &Path, [port, monitor]: [&str; 2]) -> Child {
    let mut command = Command::new("sh");
    command.arg("-c").arg(KEEPER).arg("keeper").arg(folder).arg(binary);
    command.arg("--config").arg(folder.join("nats.conf")).args(["--addr", "127.0.0.1", "--port", port]);
    command.args(["--http_port", monitor]);
    command.arg("--ports_file_dir").arg(folder);
    // The keeper outlives the test by a moment and must not hold its output open.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = command.spawn().context("cannot run `sh`");
    started.expect("tests run where there is a shell")
}

/// The addresses for clients and for monitoring in the ports file, once the server has written it whole.
fn ports_file(folder: &Path) -> Option<(SocketAddr, SocketAddr)> {
    let is_ports = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "ports");
    let path = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).find(is_ports)?;
    let text = std::fs::read_to_string(path).ok()?;
    let address = |scheme: &str| text.split_once(scheme)?.1.split_once('"')?.0.parse().ok();
    Some((address("nats://")?, address("http://")?))
}

/// The nats-server to run: the one named by `NUNCIO_NATS_SERVER`, else the workspace's own, else the one in `PATH`.
#[expect(clippy::disallowed_methods, reason = "the one setting of tests that names a program, read here alone")]
fn binary() -> PathBuf {
    if let Ok(named) = std::env::var("NUNCIO_NATS_SERVER") {
        return PathBuf::from(named);
    }
    let own = crate::workspace_root().join(".tools/bin/nats-server");
    let path = std::env::var("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
    let found = std::iter::once(own).chain(installed).find(|candidate| candidate.is_file());
    found.expect("nats-server not found: run `make tools`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_server_comes_back_at_the_same_address() {
        let mut server = NatsServer::start(Sync::Always);
        let address = server.address();
        server.kill();
        assert!(TcpStream::connect(address).is_err());
        server.restart();
        assert_eq!(server.address(), address);
        assert!(TcpStream::connect(address).is_ok());
    }

    #[test]
    fn nothing_is_left_of_a_dropped_server() {
        let server = NatsServer::start(Sync::Lazy);
        let (address, folder) = (server.address(), server.folder.clone());
        assert!(server.store().is_dir());
        drop(server);
        assert!(TcpStream::connect(address).is_err());
        assert!(!folder.exists());
    }
}
