//! Stops with clean and late tasks, with failures, over real sockets, and with real signals.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal as Kill, kill_process};
use tokio::time::Instant;

use super::*;
use crate::admin::Admin;
use crate::metrics::Metrics;
use crate::testing::{LOOPBACK, http_get, within};

const DELAY: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(20);

fn shutdown() -> (Health, Shutdown) {
    let health = Health::new();
    (health.clone(), Shutdown::new(health, DELAY, DEADLINE))
}

#[tokio::test(start_paused = true)]
async fn tasks_hear_the_stop_after_the_delay_and_end_it_cleanly() {
    let (health, shutdown) = shutdown();
    let began = Instant::now();
    let stop = shutdown.stop();
    let task = shutdown.tasks().spawn(async move {
        stop.cancelled().await;
        began.elapsed()
    });
    shutdown.trigger();
    let drained = shutdown.wait_for_signal_and_drain().await;
    assert!(matches!(drained, Drained::Clean), "{drained:?}");
    assert_eq!(task.await.unwrap().as_secs(), DELAY.as_secs());
    assert!(!health.readiness().ready);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_end_is_left_at_the_deadline() {
    let (_health, shutdown) = shutdown();
    let began = Instant::now();
    shutdown.tasks().spawn(std::future::pending::<()>());
    shutdown.trigger();
    let drained = shutdown.wait_for_signal_and_drain().await;
    assert!(matches!(drained, Drained::DeadlinePassed), "{drained:?}");
    assert_eq!(began.elapsed().as_secs(), (DELAY + DEADLINE).as_secs());
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_stops_the_process_and_is_returned() {
    let (_health, shutdown) = shutdown();
    let second = shutdown.clone();
    let stop = shutdown.stop();
    shutdown.spawn("ingress", async { anyhow::bail!("port lost") });
    shutdown.tasks().spawn(async move {
        stop.cancelled().await;
        second.fail(anyhow!("because of the stop"));
    });
    match shutdown.wait_for_signal_and_drain().await {
        Drained::Failed(error) => assert_eq!(format!("{error:#}"), "ingress failed: port lost"),
        other @ (Drained::Clean | Drained::DeadlinePassed) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_task_stops_the_process() {
    let (_health, shutdown) = shutdown();
    shutdown.spawn("sender", async { panic!("expected by a test") });
    match shutdown.wait_for_signal_and_drain().await {
        Drained::Failed(error) => assert_eq!(error.to_string(), "sender panicked"),
        other @ (Drained::Clean | Drained::DeadlinePassed) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_waits_for_load_balancers_only_if_there_was_traffic() {
    for (was_ready, expected) in [(true, DELAY), (false, Duration::ZERO)] {
        let (health, shutdown) = shutdown();
        let log = health.check("log");
        if was_ready {
            log.ok();
        }
        let began = Instant::now();
        shutdown.fail(anyhow!("expected by a test"));
        shutdown.wait_for_signal_and_drain().await;
        assert_eq!(began.elapsed().as_secs(), expected.as_secs());
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_waits_for_load_balancers_also_while_a_check_fails() {
    let (health, shutdown) = shutdown();
    health.check("log").failing("gone for a moment");
    let began = Instant::now();
    shutdown.trigger();
    shutdown.wait_for_signal_and_drain().await;
    assert_eq!(began.elapsed().as_secs(), DELAY.as_secs());
}

#[tokio::test]
async fn readiness_turns_red_while_everything_is_still_served() {
    let health = Health::new();
    let hour = Duration::from_secs(3600);
    let shutdown = Shutdown::new(health.clone(), hour, hour);
    let admin = Admin::bind(LOOPBACK, health.clone(), Metrics::new("nuncio", "1"), "1").await.unwrap();
    let address = admin.address();
    shutdown.spawn("admin", admin.run(shutdown.stop()));
    assert_eq!(http_get(address, "/readyz").await.0, 200);

    let stop = shutdown.stop();
    let mut follower = health.subscribe();
    let waiting = TaskTracker::new().spawn(shutdown.clone().wait_for_signal_and_drain());
    shutdown.trigger();
    within(follower.changed()).await.unwrap();
    let (status, text) = http_get(address, "/readyz").await;
    assert_eq!(status, 503);
    assert!(text.starts_with("[-] shutdown: "), "{text}");
    assert_eq!(http_get(address, "/livez").await.0, 200);
    assert!(!stop.is_cancelled());
    waiting.abort();
    stop.cancel();
    shutdown.tasks().close();
    within(shutdown.tasks().wait()).await;
}

#[test]
fn the_first_signal_drains_and_every_further_one_exits() {
    let mut heard = Heard::default();
    let reactions = [heard.one_more(), heard.one_more(), heard.one_more()];
    assert_eq!(reactions, [Reaction::Drain, Reaction::Exit, Reaction::Exit]);
}

/// Set in the process that `real_signals_…` starts: this test binary again, running that same test as the child.
const CHILD: &str = "SERVICE_KIT_TEST_CHILD";
const STARTED: &str = "child: started";
const DRAINING: &str = "child: draining";

#[test]
fn real_signals_drain_first_and_exit_at_once_the_second_time() {
    if std::env::var_os(CHILD).is_some() {
        be_the_child();
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "shutdown::tests::real_signals_drain_first_and_exit_at_once_the_second_time", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == STARTED), "the child ended before it caught signals");
    kill_process(pid, Kill::TERM).unwrap();
    assert!(lines.any(|line| line == DRAINING), "the first signal ended the child without a drain");
    kill_process(pid, Kill::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(ENDED_BY_SIGNAL));
}

/// Drains for an hour, so that only a second signal can end it soon; gives up by itself if none comes.
fn be_the_child() -> ! {
    let say = |line: &str| writeln!(std::io::stderr(), "{line}").unwrap();
    let code = crate::main(|| async move {
        let hour = Duration::from_secs(3600);
        let health = Health::new();
        let mut follower = health.subscribe();
        let mut drained = std::pin::pin!(Shutdown::new(health, hour, hour).wait_for_signal_and_drain());
        // Polled once, it has its signal handlers.
        tokio::select! {
            biased;
            _ = drained.as_mut() => (),
            () = std::future::ready(()) => (),
        }
        say(STARTED);
        within(async {
            tokio::select! {
                _ = drained.as_mut() => (),
                changed = follower.changed() => changed.unwrap(),
            }
            say(DRAINING);
            drained.await;
        })
        .await;
        anyhow::Ok(())
    });
    panic!("no second signal ended the child: {code:?}")
}
