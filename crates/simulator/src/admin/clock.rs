//! The clock by command, and waiting for what is due.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use super::input::{self, Input};
use super::model::{Advance, ClockReading, Idle, Patience, SetClock};
use crate::clock::Clock;
use crate::moment;
use crate::server::Context;
use crate::world::deeds::Sentence;

/// A hundred years: longer than any rule, and far from overflowing.
const LONGEST_ADVANCE_MS: u64 = 100 * 366 * 24 * 3_600_000;

type Answer<T> = Result<Json<T>, Sentence>;

pub(super) async fn read(State(context): State<Context>) -> Json<ClockReading> {
    let state = context.platform.state();
    let clock = state.clock;
    Json(ClockReading {
        now_ms: clock.now_ms(),
        offset_ms: clock.offset_ms(),
        stopped: clock.is_stopped(),
        coming: state.n_coming(),
    })
}

pub(super) async fn advance(State(context): State<Context>, Input(advance): Input<Advance>) -> Answer<ClockReading> {
    let Advance { ms, by } = advance;
    let by_ms = match (ms, by) {
        (Some(ms), None) => ms,
        (None, Some(by)) => span_ms(&by)?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Sentence("Give ms, or by like 90s, 15m, 24h or 7d.".to_owned()));
        }
    };
    if by_ms > LONGEST_ADVANCE_MS {
        return Err(Sentence("The clock moves a hundred years at most.".to_owned()));
    }
    go(&context, i64::try_from(by_ms).unwrap_or(i64::MAX)).await;
    Ok(read(State(context)).await)
}

/// Moving forward is advancing; setting back happens at once.
pub(super) async fn set(State(context): State<Context>, Input(set): Input<SetClock>) -> Answer<ClockReading> {
    let SetClock { at_ms, at } = set;
    let at_ms = match (at_ms, at) {
        (Some(at_ms), None) => at_ms,
        (None, Some(at)) => {
            moment::parse_utc(&at).ok_or_else(|| Sentence("A moment looks like 2026-04-27T00:00:00Z.".to_owned()))?
        }
        (Some(_), Some(_)) | (None, None) => return Err(Sentence("Give at_ms or at.".to_owned())),
    };
    if !(0..=253_402_300_799_999).contains(&at_ms) {
        return Err(Sentence("The moment must lie between 1970 and 9999.".to_owned()));
    }
    let now_ms = context.platform.state().clock.now_ms();
    if at_ms > now_ms {
        go(&context, at_ms - now_ms).await;
    } else {
        context.platform.set_clock(|clock| clock.set_to(at_ms)).await;
    }
    Ok(read(State(context)).await)
}

pub(super) async fn stop(State(context): State<Context>) -> Json<ClockReading> {
    context.platform.set_clock(Clock::stopped).await;
    settle(&context).await;
    read(State(context)).await
}

pub(super) async fn run(State(context): State<Context>) -> Json<ClockReading> {
    context.platform.set_clock(Clock::running).await;
    read(State(context)).await
}

/// Answers at once, or with `wait_ms` as soon as nothing is pending, and then at the latest.
pub(super) async fn idle(State(context): State<Context>, uri: Uri) -> Answer<Idle> {
    let Patience { wait_ms } = input::query(&uri)?;
    tokio::select! {
        () = context.platform.idle() => (),
        () = context.stop.cancelled() => (),
        () = tokio::time::sleep(Duration::from_millis(wait_ms.into())) => (),
    }
    Ok(Json(Idle { pending_webhooks: context.platform.n_pending() }))
}

/// While the clock stands still, waits until everything due is delivered.
pub(super) async fn settle(context: &Context) {
    tokio::select! {
        () = context.platform.quiet_if_stopped() => (),
        () = context.stop.cancelled() => (),
    }
}

/// Moves the clock in a task of its own: a caller who hangs up must not leave it half-way.
async fn go(context: &Context, by_ms: i64) {
    let platform = Arc::clone(&context.platform);
    let stop = context.stop.clone();
    let moved = context.tasks.spawn(async move {
        tokio::select! {
            () = platform.advance(by_ms) => (),
            () = stop.cancelled() => (),
        }
    });
    // It ends only by itself or with everything else.
    drop(moved.await);
}

/// A whole number and `s`, `m`, `h` or `d`, in milliseconds.
fn span_ms(text: &str) -> Result<u64, Sentence> {
    let wrong = || Sentence("A span looks like 90s, 15m, 24h or 7d.".to_owned());
    let unit = text.char_indices().next_back().ok_or_else(wrong)?;
    let number: u64 = text[..unit.0].parse().map_err(|_| wrong())?;
    let unit_ms = match unit.1 {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(wrong()),
    };
    Ok(number.saturating_mul(unit_ms))
}
