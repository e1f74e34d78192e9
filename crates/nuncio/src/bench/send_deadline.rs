//! What share of messages makes its window under ten times the load, beside first in, first out.

use super::Stage;
use super::report::Figure;
use outbound_sender::overload::{Classes, Mix, Order, Windows, in_time};

/// Plays every draw in the sender's order and in two others: all together, and the draw with the least gain.
pub(super) fn measure(stage: &Stage, figures: &mut Vec<Figure>) {
    for windows in Windows::ALL {
        let name = match windows {
            Windows::Doubling => "send.deadline".to_owned(),
            Windows::Uniform(longest_ms) => format!("send.deadline.uniform_{}s", longest_ms / 1_000),
        };
        let shares = |order| -> Vec<f64> {
            let mixes = (0..stage.sizes.draws).map(|seed| Mix { seed, windows, classes: Classes::Mixed });
            mixes.map(|mix| in_time(&mix, order).share()).collect()
        };
        let ours = shares(Order::Urgency);
        let beside = |order| ours.iter().copied().zip(shares(order)).collect::<Vec<_>>();
        compare(&name, &beside(Order::FirstInFirstOut), "first in, first out, on the same messages", figures);
        let limit_name = "people first, in each class first in, first out";
        compare(&format!("{name}.people_first"), &beside(Order::PeopleFirst), limit_name, figures);
    }
}

/// Shares of the same draws in the sender's order and in another.
fn compare(name: &str, shares: &[(f64, f64)], limit_name: &'static str, figures: &mut Vec<Figure>) {
    let mean = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).sum::<f64>() / shares.len() as f64;
    let mut figure = |name: String, (value, limit)| {
        figures.push(Figure { name, value, unit: "of all messages", limit_name, limit });
    };
    figure(name.to_owned(), (mean(|share| share.0), mean(|share| share.1)));
    let worst = shares.iter().min_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    figure(format!("{name}.worst_seed"), worst.copied().unwrap_or_default());
}
