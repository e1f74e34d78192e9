//! What came out: a table for people, JSON for programs.

pub(super) use crate::output::note;
use crate::output::{self, Format};
use serde_json::json;
use std::io;
use std::time::Duration;

/// One figure beside its limit.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    /// Of the value and of the limit.
    pub(super) unit: &'static str,
    /// What the limit is.
    pub(super) limit_name: &'static str,
    pub(super) limit: f64,
}

impl Figure {
    fn ratio(&self) -> f64 {
        self.value / self.limit
    }
}

/// Prints all figures.
pub(super) fn print(figures: &[Figure], format: Format) -> io::Result<()> {
    match format {
        Format::Json => {
            let row = |one: &Figure| {
                json!({
                    "name": one.name,
                    "value": rounded(one.value),
                    "unit": one.unit,
                    "limit_name": one.limit_name,
                    "limit": rounded(one.limit),
                    "ratio": rounded(one.ratio()),
                })
            };
            let rows: Vec<_> = figures.iter().map(row).collect();
            output::line(&format!("{:#}", serde_json::Value::from(rows)))
        }
        Format::Text => {
            let width = figures.iter().map(|one| one.name.len()).max().unwrap_or(0);
            output::line(&format!("{:width$}  {:>12} {:>12}  ratio  unit", "name", "value", "limit"))?;
            for one in figures {
                let Figure { name, value, unit, limit_name, limit } = one;
                let (value, limit, ratio) = (rounded(*value), rounded(*limit), one.ratio());
                output::line(&format!(
                    "{name:width$}  {value:>12} {limit:>12}  {ratio:>5.2}  {unit}; limit: {limit_name}"
                ))?;
            }
            Ok(())
        }
    }
}

/// Four digits that mean something; more would be noise.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.max(0));
    (value * scale).round() / scale
}

/// The middle of some measurements.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The value below which this share of the measurements lies; 0 of none. It sorts them.
pub(super) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// How many of something went by in a second.
pub(super) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_beside_it() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
    }

    #[test]
    fn a_percentile_is_the_first_value_above_its_share() {
        let mut values: Vec<_> = (0..200).rev().map(f64::from).collect();
        assert_eq!((percentile(&mut values, 0.5), percentile(&mut values, 0.99)), (100.0, 198.0));
        assert_eq!(percentile(&mut [7.0], 0.99), 7.0);
        assert_eq!(percentile(&mut [], 0.99), 0.0);
    }

    #[test]
    fn figures_are_rounded_to_four_digits() {
        for (value, expected) in [(123_456.7, 123_457.0), (1_234.56, 1_235.0), (0.123_456, 0.123_5), (0.0, 0.0)] {
            assert_eq!(rounded(value), expected);
        }
    }
}
