//! Where the CPU time of a delivery goes: each part measured alone, beside the whole.

use super::ingress::Round;
use super::process::own_cpu;
use super::report::{Figure, median};
use super::workload::{Delivery, SECRET};
use domain::time::Timestamp;
use messenger::signature::AppSecrets;
use messenger::webhook;
use secrecy::SecretString;
use std::hint::black_box;
use std::time::Duration;

/// The CPU time of each part for one event, in microseconds, round by round.
#[derive(Default)]
pub(super) struct Parts {
    http: Vec<f64>,
    hmac: Vec<f64>,
    json: Vec<f64>,
    log: Vec<f64>,
    whole: Vec<f64>,
}

impl Parts {
    /// Takes a round in. `http` was refused before its signature was computed, so it cost nothing else.
    pub(super) fn add(&mut self, raw: Round, ingress: Round, http: Round, deliveries: &[Delivery]) {
        let n_events: usize = deliveries.iter().map(|one| one.n_events).sum();
        let per_event = |cpu: Duration| cpu.as_secs_f64() * 1e6 / n_events as f64;
        let secrets = AppSecrets { current: SecretString::from(SECRET), previous: None };
        let hmac = alone(|| {
            for one in deliveries {
                black_box(secrets.verify(Some(&one.signature), one.body()).is_ok());
            }
        });
        let json = alone(|| {
            for one in deliveries {
                black_box(webhook::parse(one.body(), Timestamp::default()).is_ok());
            }
        });
        self.http.push(http.cpu_us());
        self.hmac.push(per_event(hmac));
        self.json.push(per_event(json));
        self.log.push(raw.cpu_us());
        self.whole.push(ingress.cpu_us());
    }

    /// Adds a figure for each part, and one for what no part explains.
    pub(super) fn tell(self, name: &str, figures: &mut Vec<Figure>) {
        let Self { http, hmac, json, log, whole } = self;
        let [http, hmac, json, log, whole] = [http, hmac, json, log, whole].map(median);
        let rest = (whole - http - hmac - json - log).max(0.0);
        for (part, value) in [("http", http), ("hmac", hmac), ("json", json), ("log", log), ("rest", rest)] {
            figures.push(Figure {
                name: format!("{name}.cpu.{part}"),
                value,
                unit: "us/event",
                limit_name: "CPU time of the whole delivery",
                limit: whole,
            });
        }
    }
}

fn alone(work: impl FnOnce()) -> Duration {
    let before = own_cpu();
    work();
    own_cpu().saturating_sub(before)
}
