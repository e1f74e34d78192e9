//! The frame around a process: a runtime, and an exit code that says how it went.

use std::io::{self, Write};
use std::process::{ExitCode, Termination};
use std::time::Duration;

use anyhow::Context as _;

use crate::config::ConfigError;

/// The exit code for a wrong configuration (`EX_CONFIG` of sysexits): starting again will not help.
const WRONG_CONFIGURATION: u8 = 78;

/// How long blocking work may take to end after `run` has ended. All orderly work ends in the drain before.
const BLOCKING_WORK: Duration = Duration::from_secs(1);

/// Runs a process: builds the runtime with all cores, waits for `run`, and gives the exit code.
///
/// Success gives what `run` says (`()` is 0). An error is printed on standard error with its causes: 78 for a
/// [`ConfigError`], 1 for every other.
pub fn main<F, Fut, T>(run: F) -> ExitCode
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = anyhow::Result<T>>,
    T: Termination,
{
    let outcome =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime").and_then(
            |runtime| {
                let outcome = runtime.block_on(Box::pin(run()));
                runtime.shutdown_timeout(BLOCKING_WORK);
                outcome
            },
        );
    match outcome {
        Ok(value) => value.report(),
        // Nobody is left to tell when standard error is closed, and the exit code still speaks.
        Err(error) => match print(&error, &mut io::stderr().lock()) {
            Ok(()) | Err(_) => ExitCode::from(exit_code(&error)),
        },
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    let is_configuration = error.chain().any(|cause| cause.is::<ConfigError>());
    if is_configuration { WRONG_CONFIGURATION } else { 1 }
}

fn print(error: &anyhow::Error, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "error: {error}")?;
    for cause in error.chain().skip(1) {
        writeln!(out, "  caused by: {cause}")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::config::Layers;

    #[test]
    fn the_whole_chain_of_causes_is_printed() {
        let error = anyhow!("permission denied").context("cannot listen on port 80").context("cannot start ingress");
        let mut out = Vec::new();
        print(&error, &mut out).unwrap();
        let expected =
            "error: cannot start ingress\n  caused by: cannot listen on port 80\n  caused by: permission denied\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_wrong_configuration_has_its_own_exit_code() {
        let flags = [("no.such".to_owned(), "1".to_owned())];
        let wrong = Layers::load(None, std::iter::empty(), &flags).unwrap().reader().finish().unwrap_err();
        assert_eq!(exit_code(&anyhow::Error::new(wrong).context("cannot start")), 78);
        assert_eq!(exit_code(&anyhow!("other")), 1);
    }

    #[test]
    fn success_and_failure_reach_the_exit_code() {
        let succeed = || async { Ok(()) };
        assert_eq!(main(succeed), ExitCode::SUCCESS);
        assert_eq!(main(|| async { Ok(ExitCode::from(3)) }), ExitCode::from(3));
        assert_eq!(main(|| async { anyhow::bail!("expected by a test") as anyhow::Result<()> }), ExitCode::from(1));
    }
}
