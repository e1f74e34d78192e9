//! Scripts of `tests/compat/` in their own languages, each against a simulator of its own: a browser and clients that
//! others wrote are driven as their users drive them.

use crate::process::Process;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// How long a script may take. On a busy machine a browser alone takes seconds to start.
const PATIENCE: Duration = Duration::from_secs(90);

/// What runs a script, as `make tools` sets it up.
#[derive(Clone, Copy)]
pub(crate) enum Runner {
    Node,
    Python,
}

/// Plays one case of a script against a fresh simulator, whose page, token and secret the scripts know.
pub(crate) async fn play(runner: Runner, script: &str, case: &str) {
    let args = ["simulator", "--listen", "127.0.0.1:0", "--page", "1001=compat-page-token"];
    let simulator = Process::start(&[&args[..], &["--app-secret", "compat-app-secret"]].concat(), &["simulator"]).await;
    let tools = root().join(".tools");
    let (program, needs): (_, &[&str]) = match runner {
        Runner::Node => (tools.join("bin/node"), &["bin/node", "node/installed", "bin/chromium"]),
        Runner::Python => (tools.join("python/bin/python"), &["python/installed"]),
    };
    for need in needs {
        assert!(tools.join(need).exists(), "`.tools/{need}` is missing: run `make tools`");
    }
    let mut command = Command::new(program);
    command.arg(root().join("tests/compat").join(script)).arg(format!("http://{}", simulator.address("simulator")));
    command.arg(case).env("NUNCIO_TOOLS", &tools).env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{script} {case} did not end in time")).expect("the runner starts");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} {case} failed, {}:\n{said}\n{complained}", output.status);
    assert!(simulator.terminate().await.success(), "the simulator stops as it should");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace has a root")
}
