//! What share of messages makes its window under ten times the load, beside first in, first out.

use super::report::Figure;
use outbound_sender::overload::{Classes, Mix, Order, Windows, in_time};

/// Draws of the messages.
const SEEDS: u64 = 20;

/// Plays every seed in the sender's order and in two others: all together, and the seed with the least gain.
pub(super) fn measure(figures: &mut Vec<Figure>) {
    for windows in Windows::ALL {
        let name = match windows {
            Windows::Doubling => "send.deadline".to_owned(),
            Windows::Uniform(longest_ms) => format!("send.deadline.uniform_{}s", longest_ms / 1_000),
        };
        let limit_name = "first in, first out, on the same messages";
        measure_of(windows, (name.clone(), Order::FirstInFirstOut, limit_name), figures);
        let limit_name = "people first, in each class first in, first out";
        measure_of(windows, (format!("{name}.people_first"), Order::PeopleFirst, limit_name), figures);
    }
}

fn measure_of(windows: Windows, beside: (String, Order, &'static str), figures: &mut Vec<Figure>) {
    let (name, other, limit_name) = beside;
    let shares = |seed| {
        let mix = Mix { seed, windows, classes: Classes::Mixed };
        (in_time(&mix, Order::Urgency).share(), in_time(&mix, other).share())
    };
    let shares: Vec<_> = (0..SEEDS).map(shares).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).sum::<f64>() / SEEDS as f64;
    let mut figure = |name: String, (value, limit)| {
        figures.push(Figure { name, value, unit: "of all messages", limit_name, limit });
    };
    figure(name.clone(), (mean(|share| share.0), mean(|share| share.1)));
    let worst = shares.iter().min_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    figure(format!("{name}.worst_seed"), worst.copied().unwrap_or_default());
}
