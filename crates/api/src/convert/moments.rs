//! Moments and waits that callers may leave out.

use super::moment;
use crate::status::Violations;
use domain::time::Timestamp;
use std::time::Duration;

/// The end of the year 9999, where protobuf's moments end, in milliseconds.
const LAST_MS: i64 = 253_402_300_799_999;

/// A moment that may be left out. The outer none is noted as a violation of `field`.
pub fn take_moment(
    raw: Option<&prost_types::Timestamp>,
    field: &str,
    violations: &mut Violations,
) -> Option<Option<Timestamp>> {
    let Some(raw) = raw else { return Some(None) };
    let parsed = moment(raw).filter(|at| (0..=LAST_MS).contains(&at.as_millis()));
    if parsed.is_none() {
        violations.add(field, "is a moment between 1970 and 9999");
    }
    parsed.map(Some)
}

/// How long to wait; zero when it is left out. None is noted as a violation of `field`.
pub fn take_wait(raw: Option<&prost_types::Duration>, field: &str, violations: &mut Violations) -> Option<Duration> {
    let parsed = raw.map_or(Some(Duration::ZERO), |raw| {
        let is_whole = (0..1_000_000_000).contains(&raw.nanos);
        let (seconds, nanos) = (u64::try_from(raw.seconds).ok()?, u32::try_from(raw.nanos).ok()?);
        is_whole.then(|| Duration::new(seconds, nanos))
    });
    if parsed.is_none() {
        violations.add(field, "is not negative");
    }
    parsed
}

/// A span of time as gRPC writes it.
pub fn duration(span: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let nanos = i32::try_from(span.subsec_nanos()).expect("less than a second of nanoseconds");
    prost_types::Duration { seconds, nanos }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::timestamp;

    #[test]
    fn what_is_left_out_is_no_mistake_and_what_is_no_moment_is() {
        let mut violations = Violations::default();
        assert_eq!(take_moment(None, "at", &mut violations), Some(None));
        let at = Timestamp::from_millis(1_767_225_600_123);
        assert_eq!(take_moment(Some(&timestamp(at)), "at", &mut violations), Some(Some(at)));
        assert_eq!(take_wait(None, "wait", &mut violations), Some(Duration::ZERO));
        let span = Duration::from_millis(1_500);
        assert_eq!(take_wait(Some(&duration(span)), "wait", &mut violations), Some(span));
        assert!(violations.is_empty());
        for ms in [-1, LAST_MS + 1] {
            assert_eq!(take_moment(Some(&timestamp(Timestamp::from_millis(ms))), "at", &mut violations), None);
        }
        for wrong in [(-1, 0), (0, -1)] {
            let wrong = prost_types::Duration { seconds: wrong.0, nanos: wrong.1 };
            assert_eq!(take_wait(Some(&wrong), "wait", &mut violations), None);
        }
        assert_eq!(violations.into_fields().count(), 4);
    }
}
