//! Amounts of money, exact to a millionth.

use serde::{Deserialize, Serialize};
use std::fmt;

const MILLION: i64 = 1_000_000;

/// An amount of money in some currency, exact to a millionth. Personal data, so its `Debug` tells nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount(i64);

/// The text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is an amount like `12.50`: digits, at most six of them behind a point")]
pub struct BadAmount;

impl Amount {
    /// Reads an amount such as `12.50` or `-3`.
    ///
    /// # Errors
    /// When the text has another form, or is beyond any price.
    pub fn parse(raw: &str) -> Result<Self, BadAmount> {
        let (is_negative, digits) = raw.strip_prefix('-').map_or((false, raw), |digits| (true, digits));
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(rest) || rest.len() > 6 {
            return Err(BadAmount);
        }
        let whole: i64 = whole.parse().map_err(|_| BadAmount)?;
        let rest: i64 = format!("{rest:0<6}").parse().map_err(|_| BadAmount)?;
        let millionths = whole.checked_mul(MILLION).and_then(|whole| whole.checked_add(rest)).ok_or(BadAmount)?;
        Ok(Self(if is_negative { -millionths } else { millionths }))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let million = MILLION.unsigned_abs();
        let (whole, rest) = (self.0.unsigned_abs() / million, self.0.unsigned_abs() % million);
        let rest = format!("{rest:06}");
        let rest = rest.trim_end_matches('0');
        // As prices are written: two digits at least.
        write!(f, "{sign}{whole}.{rest:0<2}")
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Amount(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_as_prices_are() {
        for (raw, written) in [
            ("12.50", "12.50"),
            ("12.5", "12.50"),
            ("3", "3.00"),
            ("-0.075", "-0.075"),
            ("0", "0.00"),
            ("1.000001", "1.000001"),
        ] {
            assert_eq!(Amount::parse(raw).unwrap().to_string(), written, "{raw}");
        }
        for raw in ["", "-", ".5", "5.", "1,50", "1e3", "1.0000001", "9999999999999999", "+1", "1.-5"] {
            assert_eq!(Amount::parse(raw), Err(BadAmount), "{raw}");
        }
    }
}
