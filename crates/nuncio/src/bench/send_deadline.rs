//! What share of messages makes its window under ten times the load, beside first in, first out.

use super::report::Figure;
use outbound_sender::overload::{Order, Windows, share_in_time};

/// Draws of the messages.
const SEEDS: u64 = 20;

/// Plays every seed in both orders: all together, and the seed with the least gain.
pub(super) fn measure(figures: &mut Vec<Figure>) {
    for windows in Windows::ALL {
        let name = match windows {
            Windows::Doubling => "send.deadline",
            Windows::Uniform => "send.deadline.uniform",
        };
        measure_of(windows, name, figures);
    }
}

fn measure_of(windows: Windows, name: &str, figures: &mut Vec<Figure>) {
    let share = |seed, order| share_in_time(seed, windows, order);
    let shares = |seed| (share(seed, Order::Urgency), share(seed, Order::FirstInFirstOut));
    let shares: Vec<_> = (0..SEEDS).map(shares).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).sum::<f64>() / SEEDS as f64;
    let limit_name = "first in, first out, on the same messages";
    let mut figure = |name: String, (value, limit)| {
        figures.push(Figure { name, value, unit: "of all messages", limit_name, limit });
    };
    figure(name.to_owned(), (mean(|share| share.0), mean(|share| share.1)));
    let worst = shares.iter().min_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    figure(format!("{name}.worst_seed"), worst.copied().unwrap_or_default());
}
