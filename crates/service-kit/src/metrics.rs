//! Numbers for Prometheus. OpenTelemetry stays inside this file.

use std::time::Duration;

use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::{KeyValue, metrics};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

/// Upper bounds in seconds: those the OpenTelemetry conventions name for calls, with finer ones below for appends and
/// coarser ones above for drains and rebuilds.
const SECONDS: [f64; 18] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0];

/// One set of metrics. Clones add to the same set; two sets in one process know nothing of each other.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    meter: Meter,
    /// Kept because the instruments fall silent when the last provider is dropped.
    _provider: SdkMeterProvider,
}

/// A label's name and its value. Values must come from a short list: never a person, a Page, a message or an id.
pub type Label<'a> = (&'static str, &'a str);

impl Metrics {
    /// An empty set that names this service and version in the series `target_info`.
    pub fn new(service: &str, version: &str) -> Self {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
            .expect("a new registry holds nothing to collide with");
        let version = KeyValue::new("service.version", version.to_owned());
        let resource = Resource::builder_empty().with_service_name(service.to_owned()).with_attribute(version).build();
        let provider = SdkMeterProvider::builder().with_reader(exporter).with_resource(resource).build();
        Self { registry, meter: provider.meter("nuncio"), _provider: provider }
    }

    /// A number that only grows. `name` has dots, such as `nuncio.webhook.events`; Prometheus shows underscores, the unit
    /// and `_total`. `unit` is `s`, `By`, or in braces what is counted (`{event}`), which the name then leaves out.
    /// The same name gives the same counter.
    pub fn counter(&self, name: &'static str, unit: &'static str, help: &'static str) -> Counter {
        Counter(self.meter.u64_counter(name).with_unit(unit).with_description(help).build())
    }

    /// A number that goes up and down. Name and unit as for [`Metrics::counter`], without `_total`.
    pub fn gauge(&self, name: &'static str, unit: &'static str, help: &'static str) -> Gauge {
        Gauge(self.meter.i64_gauge(name).with_unit(unit).with_description(help).build())
    }

    /// How durations are distributed, in seconds; Prometheus shows `_seconds`.
    pub fn histogram_seconds(&self, name: &'static str, help: &'static str) -> Histogram {
        let builder = self.meter.f64_histogram(name).with_unit("s").with_description(help);
        Histogram(builder.with_boundaries(SECONDS.to_vec()).build())
    }

    /// Everything as Prometheus text, format 0.0.4.
    pub fn render(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot render metrics");
            String::new()
        })
    }
}

/// See [`Metrics::counter`].
#[derive(Clone, Debug)]
pub struct Counter(metrics::Counter<u64>);

impl Counter {
    /// Adds `n`. Adding 0 makes the series visible before its first event, which alerts on its growth need.
    pub fn add(&self, n: u64, labels: &[Label<'_>]) {
        self.0.add(n, &attributes(labels));
    }
}

/// See [`Metrics::gauge`].
#[derive(Clone, Debug)]
pub struct Gauge(metrics::Gauge<i64>);

impl Gauge {
    /// Replaces the value.
    pub fn set(&self, value: i64, labels: &[Label<'_>]) {
        self.0.record(value, &attributes(labels));
    }
}

/// See [`Metrics::histogram_seconds`].
#[derive(Clone, Debug)]
pub struct Histogram(metrics::Histogram<f64>);

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, took: Duration, labels: &[Label<'_>]) {
        self.0.record(took.as_secs_f64(), &attributes(labels));
    }
}

fn attributes(labels: &[Label<'_>]) -> Vec<KeyValue> {
    labels.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_has_line(metrics: &Metrics, line: &str) {
        let text = metrics.render();
        assert!(text.lines().any(|shown| shown == line), "no line `{line}` in\n{text}");
    }

    #[test]
    fn a_counter_is_rendered_with_its_help_and_labels() {
        let metrics = Metrics::new("nuncio", "1.2.3");
        let events = metrics.counter("nuncio.webhook.events", "{event}", "Events taken in.");
        events.add(2, &[("outcome", "stored")]);
        metrics
            .clone()
            .counter("nuncio.webhook.events", "{event}", "Events taken in.")
            .add(1, &[("outcome", "stored")]);
        events.add(0, &[("outcome", "refused")]);
        check_has_line(&metrics, "# HELP nuncio_webhook_events_total Events taken in.");
        check_has_line(&metrics, r#"nuncio_webhook_events_total{outcome="stored"} 3"#);
        check_has_line(&metrics, r#"nuncio_webhook_events_total{outcome="refused"} 0"#);
        check_has_line(&metrics, r#"target_info{service_name="nuncio",service_version="1.2.3"} 1"#);
    }

    #[test]
    fn a_gauge_shows_its_last_value_and_its_unit() {
        let metrics = Metrics::new("nuncio", "1.2.3");
        let size = metrics.gauge("nuncio.log.size", "By", "Size of the log.");
        size.set(-5, &[("shard", "0")]);
        size.set(7, &[("shard", "0")]);
        check_has_line(&metrics, r#"nuncio_log_size_bytes{shard="0"} 7"#);
    }

    #[test]
    fn a_histogram_counts_in_seconds() {
        let metrics = Metrics::new("nuncio", "1.2.3");
        let took = metrics.histogram_seconds("nuncio.append.duration", "Time of one append.");
        took.record(Duration::from_millis(2), &[("log", "sqlite")]);
        took.record(Duration::from_secs(3), &[("log", "sqlite")]);
        check_has_line(&metrics, r#"nuncio_append_duration_seconds_bucket{log="sqlite",le="0.001"} 0"#);
        check_has_line(&metrics, r#"nuncio_append_duration_seconds_bucket{log="sqlite",le="0.0025"} 1"#);
        check_has_line(&metrics, r#"nuncio_append_duration_seconds_count{log="sqlite"} 2"#);
    }

    #[test]
    fn two_sets_in_one_process_are_apart() {
        let (first, second) = (Metrics::new("a", "1"), Metrics::new("b", "1"));
        first.counter("nuncio.sends", "{send}", "Sends.").add(1, &[]);
        assert!(first.render().contains("nuncio_sends_total 1"));
        assert!(!second.render().contains("nuncio_sends"));
    }
}
