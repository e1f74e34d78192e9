//! A real PostgreSQL, on a free port of the loopback interface and with a cluster of its own.

mod program;
mod wire;

use anyhow::Context as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take until it answers, a crash's recovery included.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// How long to let pass between two looks at a starting server.
const PAUSE: Duration = Duration::from_millis(10);

/// Who owns everything in the cluster. There is no password: it listens on loopback alone.
const USER: &str = "nuncio";

/// Another process may take a port between our finding it free and the server's binding it.
const PORTS_TRIED: usize = 5;

/// Runs the server as a child and ends it when told to or when whoever started it is gone, however that ended: its end
/// closes the pipe that this reads. `$1` is the server's folder, which goes with it unless it is to come back. To be
/// kept is to be killed: the server first, so that it starts no more children, and then those it had. It comes back only
/// when all of them are gone, since the last one still holds the shared memory.
const KEEPER: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 & server=$!
read -r order
if [ "$order" = keep ]; then
    kill -STOP $server
    children=$(cat /proc/$server/task/$server/children 2>/dev/null)
    kill -9 $server $children; wait $server
    # One that was just being born is not among them and ends by itself; until then no server starts on its memory.
    while readlink /proc/[0-9]*/cwd 2>/dev/null | grep -qxF "$folder/data"; do sleep 0.01; done
else
    kill -QUIT $server; wait $server
    rm -rf "$folder"
fi
"#;

/// A running server. Dropping it ends it and removes what it stored.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    address: SocketAddr,
    keeper: Option<Child>,
    databases: AtomicU32,
}

/// One server for all tests of a process: each takes a database of its own in it.
pub fn postgres() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(Postgres::start)
}

impl Postgres {
    /// Makes a cluster, starts a server on it and waits until it answers. Nothing is synced to the disk: it survives a
    /// kill, not the loss of the machine.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or it does not come up within thirty seconds.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("nuncio-postgres-").tempdir().expect("a temp folder can be made");
        let folder = folder.keep();
        let mut server =
            Self { folder, address: SocketAddr::from(([127, 0, 0, 1], 0)), keeper: None, databases: AtomicU32::new(0) };
        server.make_cluster();
        for _ in 0..PORTS_TRIED {
            let free = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port is free");
            server.address = free.local_addr().expect("a bound listener has an address");
            drop(free);
            server.keeper = Some(server.run());
            if server.wait_until_it_answers() {
                return server;
            }
            server.end("keep\n");
        }
        panic!("PostgreSQL found no port of its own in {PORTS_TRIED} tries; it said:\n{}", server.log());
    }

    /// Where clients connect to, in a database that every test of this server sees.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Makes an empty database for one test, and gives its URL.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name}"));
        self.url_of(&name)
    }

    /// Runs one statement in the database that every test sees, and passes over what it answers.
    ///
    /// # Panics
    /// When the server does not answer or refuses.
    pub fn execute(&self, statement: &str) {
        wire::execute(self.address, USER, statement).expect("PostgreSQL does what it is told");
    }

    /// The same in a database that [`Self::database`] made.
    ///
    /// # Panics
    /// When the server does not answer or refuses.
    pub fn execute_in(&self, url: &str, statement: &str) {
        let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap_or_default();
        wire::execute_in(self.address, USER, name, statement).expect("PostgreSQL does what it is told");
    }

    /// The server's address, for a [`crate::Proxy`] in front of it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills the server and all its processes (`SIGKILL`), keeping what it stored. Returns when they are gone.
    pub fn kill(&mut self) {
        self.end("keep\n");
    }

    /// Starts the server again after [`Self::kill`], on the same port and cluster.
    ///
    /// # Panics
    /// When it does not come up within thirty seconds.
    pub fn restart(&mut self) {
        self.kill();
        self.keeper = Some(self.run());
        assert!(self.wait_until_it_answers(), "somebody took PostgreSQL's port while it was down");
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}?sslmode=disable", self.address)
    }

    fn make_cluster(&self) {
        let (user, group) = program::owner(&self.folder);
        chown(&self.folder, Some(user), Some(group)).expect("root can give a folder away");
        let mut command = Command::new(program::folder().join("initdb"));
        command.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username", USER]);
        command.arg("--pgdata").arg(self.data()).current_dir(&self.folder);
        command.uid(user).gid(group);
        let made = command.output().context("cannot run `initdb`").expect("PostgreSQL's programs can be run");
        assert!(made.status.success(), "initdb failed:\n{}", String::from_utf8_lossy(&made.stderr));
    }

    fn run(&self) -> Child {
        let mut command = Command::new("sh");
        command.arg("-c").arg(KEEPER).arg("keeper").arg(&self.folder).arg(program::folder().join("postgres"));
        command.arg("-D").arg(self.data()).current_dir(&self.folder);
        let port = format!("port={}", self.address.port());
        let settings = [
            "listen_addresses=127.0.0.1",
            &port,
            "unix_socket_directories=",
            "fsync=off",
            "max_connections=300",
            // In the cluster's own folder, so that nothing is left behind by a kill.
            "dynamic_shared_memory_type=mmap",
        ];
        for setting in settings {
            command.args(["-c", setting]);
        }
        let (user, group) = program::owner(&self.data());
        command.uid(user).gid(group);
        // The keeper outlives the test by a moment and must not hold its output open.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("cannot run `sh`").expect("tests run where there is a shell")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn end(&mut self, order: &str) {
        let Some(mut keeper) = self.keeper.take() else { return };
        let mut pipe = keeper.stdin.take().expect("the keeper was started with a pipe");
        // A keeper that is gone already has no ear for orders.
        pipe.write_all(order.as_bytes()).ok();
        drop(pipe);
        keeper.wait().expect("the keeper can be waited for");
    }

    /// Answers whether it came up; if not, its port was taken.
    fn wait_until_it_answers(&self) -> bool {
        let end = Instant::now() + START_DEADLINE;
        loop {
            if wire::execute(self.address, USER, "SELECT 1").is_ok() {
                return true;
            }
            if self.log().contains("could not bind") {
                return false;
            }
            if Instant::now() >= end {
                panic!("PostgreSQL did not answer within {START_DEADLINE:?}; it said:\n{}", self.log());
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.keeper.is_some() {
            self.end("");
        } else if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// Whether a path is PostgreSQL's folder of programs.
fn has_programs(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_server_comes_back_with_what_it_stored() {
        let mut server = Postgres::start();
        server.execute("CREATE TABLE kept (it INTEGER)");
        server.execute("INSERT INTO kept VALUES (1)");
        let address = server.address();
        server.kill();
        assert!(wire::execute(address, USER, "SELECT 1").is_err());
        server.restart();
        assert_eq!(server.address(), address);
        server.execute("SELECT 1 / it FROM kept");
    }

    #[test]
    fn nothing_is_left_of_a_dropped_server() {
        let server = Postgres::start();
        let (address, folder) = (server.address(), server.folder.clone());
        assert!(server.data().is_dir());
        drop(server);
        assert!(wire::execute(address, USER, "SELECT 1").is_err());
        assert!(!folder.exists());
    }

    #[test]
    fn every_test_gets_an_empty_database_of_its_own() {
        let server = postgres();
        assert_ne!(server.database(), server.database());
        let refused = wire::execute(server.address(), USER, "SELECT no_such_column").unwrap_err();
        assert!(refused.to_string().contains("no_such_column"), "{refused}");
    }
}
