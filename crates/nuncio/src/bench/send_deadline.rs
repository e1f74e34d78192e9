//! What share of messages makes its window under ten times the load, beside first in, first out.

use super::report::Figure;
use outbound_sender::overload::{Order, share_in_time};

/// Draws of the messages.
const SEEDS: u64 = 20;

/// Plays every seed in both orders: all together, and the seed with the least gain.
pub(super) fn measure(figures: &mut Vec<Figure>) {
    let shares = |seed| (share_in_time(seed, Order::Urgency), share_in_time(seed, Order::FirstInFirstOut));
    let shares: Vec<_> = (0..SEEDS).map(shares).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).sum::<f64>() / SEEDS as f64;
    let limit_name = "first in, first out, on the same messages";
    let mut figure = |name: &str, (value, limit)| {
        figures.push(Figure { name: name.to_owned(), value, unit: "of all messages", limit_name, limit });
    };
    figure("send.deadline", (mean(|share| share.0), mean(|share| share.1)));
    let worst = shares.iter().min_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    figure("send.deadline.worst_seed", worst.copied().unwrap_or_default());
}
