//! Values that a key can have, and the text they are written as.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A type of value. Crates implement it for their own enums.
pub trait Setting: Sized {
    /// What is allowed, as the end of "allowed: …", such as `human or json`.
    const FORM: &'static str;

    /// Reads the text. The error says what is wrong with it; [`Setting::FORM`] is added to it.
    fn parse(raw: &str) -> Result<Self, String>;

    /// The text that [`Setting::parse`] reads as this value.
    fn show(&self) -> String;
}

impl Setting for String {
    const FORM: &'static str = "any text";

    fn parse(raw: &str) -> Result<Self, String> {
        Ok(raw.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for bool {
    const FORM: &'static str = "true or false";

    fn parse(raw: &str) -> Result<Self, String> {
        raw.parse().map_err(|_| format!("{raw:?} is neither true nor false"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($type:ty, $form:literal) => {
        impl Setting for $type {
            const FORM: &'static str = $form;

            fn parse(raw: &str) -> Result<Self, String> {
                raw.parse().map_err(|_| format!("{raw:?} is not such a number"))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    };
}

whole_number!(u16, "a whole number from 0 to 65535");
whole_number!(u32, "a whole number from 0 to 4294967295");
whole_number!(u64, "a whole number, 0 or more");
whole_number!(usize, "a whole number, 0 or more");

impl Setting for SocketAddr {
    const FORM: &'static str = "an IP address and a port, such as 0.0.0.0:8080 or [::]:8080";

    fn parse(raw: &str) -> Result<Self, String> {
        raw.parse().map_err(|_| format!("{raw:?} is not an address with a port"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for PathBuf {
    const FORM: &'static str = "a path";

    fn parse(raw: &str) -> Result<Self, String> {
        if raw.is_empty() { Err("is empty".to_owned()) } else { Ok(Self::from(raw)) }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// From the smallest to the largest, in milliseconds.
const TIME_UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Setting for Duration {
    const FORM: &'static str = "a whole number with ms, s, m, h or d, such as 500ms or 24h";

    fn parse(raw: &str) -> Result<Self, String> {
        let millis = scaled(raw, &TIME_UNITS).ok_or_else(|| format!("{raw:?} is not a length of time"))?;
        Ok(Self::from_millis(millis))
    }

    /// In hours at most, because people compare 24h with 48h. Less than a millisecond is not shown.
    fn show(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return "0s".to_owned();
        }
        show_scaled(millis, &TIME_UNITS[..4])
    }
}

/// A number of bytes, written `4MiB`, `512KiB` or plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// From the smallest to the largest, in bytes.
const SIZE_UNITS: [(&str, u64); 4] = [("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl ByteSize {
    /// `n` times 1024 bytes.
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// `n` times 1024 times 1024 bytes.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes, for lengths in memory; the largest length there is, if it is more.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Setting for ByteSize {
    const FORM: &'static str = "a number of bytes, plain or with KiB, MiB or GiB, such as 4MiB";

    fn parse(raw: &str) -> Result<Self, String> {
        scaled(raw, &SIZE_UNITS).map(Self).ok_or_else(|| format!("{raw:?} is not a size"))
    }

    fn show(&self) -> String {
        show_scaled(self.0, &SIZE_UNITS)
    }
}

/// Digits and one of the units; none if it is anything else or too large.
fn scaled(raw: &str, units: &[(&str, u64)]) -> Option<u64> {
    let unit_at = raw.find(|c: char| !c.is_ascii_digit()).unwrap_or(raw.len());
    let (digits, unit) = raw.split_at(unit_at);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The value in the largest unit that leaves no rest.
fn show_scaled(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |factor: u64| value >= factor && value.is_multiple_of(factor);
    let (unit, factor) = units.iter().rev().find(|(_, factor)| fits(*factor)).unwrap_or(&units[0]);
    format!("{}{unit}", value / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_whole_number_and_a_unit() {
        for (raw, millis, shown) in [
            ("500ms", 500, "500ms"),
            ("10s", 10_000, "10s"),
            ("5m", 300_000, "5m"),
            ("24h", 86_400_000, "24h"),
            ("7d", 604_800_000, "168h"),
            ("90s", 90_000, "90s"),
            ("1500ms", 1_500, "1500ms"),
            ("0s", 0, "0s"),
        ] {
            let duration = Duration::parse(raw).unwrap();
            assert_eq!((duration, duration.show().as_str()), (Duration::from_millis(millis), shown));
            assert_eq!(Duration::parse(shown), Ok(duration));
        }
        for raw in ["", "10", "s", "1.5s", "-1s", "10 s", "10S", "1m30s", "99999999999999999d"] {
            assert!(Duration::parse(raw).is_err(), "{raw:?} was taken");
        }
    }

    #[test]
    fn sizes_are_plain_or_have_a_binary_unit() {
        for (raw, bytes, shown) in
            [("4MiB", 4 << 20, "4MiB"), ("512KiB", 512 << 10, "512KiB"), ("1000", 1_000, "1000"), ("0", 0, "0")]
        {
            let size = ByteSize::parse(raw).unwrap();
            assert_eq!((size.bytes(), size.show().as_str()), (bytes, shown));
        }
        assert_eq!((ByteSize::mib(1), ByteSize::kib(1)), (ByteSize(1_048_576), ByteSize(1_024)));
        for raw in ["", "MiB", "4MB", "4mib", "4 MiB", "-4", "99999999999GiB"] {
            assert!(ByteSize::parse(raw).is_err(), "{raw:?} was taken");
        }
    }

    #[test]
    fn other_values_are_read_as_rust_writes_them() {
        assert_eq!(u16::parse("65535"), Ok(65_535));
        assert_eq!(u16::parse("65536"), Err("\"65536\" is not such a number".to_owned()));
        assert_eq!(bool::parse("yes"), Err("\"yes\" is neither true nor false".to_owned()));
        assert_eq!(SocketAddr::parse("[::1]:80").unwrap().show(), "[::1]:80");
        assert!(SocketAddr::parse("localhost:80").is_err());
        assert!(PathBuf::parse("").is_err());
    }
}
