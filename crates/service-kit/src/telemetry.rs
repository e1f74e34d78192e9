//! Logs to standard error, for people or for machines.

use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer as _, Registry, fmt};

use crate::config::Setting;

/// What a log line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text, coloured on a terminal.
    Human,
    /// One JSON object a line: timestamp (RFC 3339, UTC), level, target, message and the event's fields at the top,
    /// and under `span` the fields of the span around it.
    Json,
}

impl Setting for LogFormat {
    const FORM: &'static str = "human or json";

    fn parse(raw: &str) -> Result<Self, String> {
        match raw {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(format!("{raw:?} is not a log format")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Human => "human".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// Why there will be no logs.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The filter is not a list such as `info,outbound_sender=debug`.
    #[error("log filter `{filter}` cannot be read")]
    BadFilter {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },
    /// The process has a log subscriber: there is one for the whole process.
    #[error("logs were set up before")]
    AlreadySet(#[source] TryInitError),
}

/// Sends the logs of the whole process to standard error. `filter` is a level, or levels by target, such as
/// `info,outbound_sender=debug`.
pub fn init_logs(format: LogFormat, filter: &str) -> Result<(), LogsError> {
    let filter = parse_filter(filter)?;
    let colour = if wants_colour() { Colour::On } else { Colour::Off };
    subscriber(format, filter, colour, io::stderr).try_init().map_err(LogsError::AlreadySet)
}

/// Whether [`init_logs`] would take this filter, so that a wrong one is reported with the other wrong keys.
pub fn check_filter(filter: &str) -> Result<(), LogsError> {
    parse_filter(filter).map(drop)
}

fn parse_filter(filter: &str) -> Result<EnvFilter, LogsError> {
    let parsed = EnvFilter::builder().parse(filter);
    parsed.map_err(|source| LogsError::BadFilter { filter: filter.to_owned(), source })
}

#[derive(Clone, Copy)]
enum Colour {
    On,
    Off,
}

/// Colour is for a terminal, unless the person asked all programs for none (<https://no-color.org>).
fn wants_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

fn subscriber<W>(format: LogFormat, filter: EnvFilter, colour: Colour, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Human => layer.with_ansi(matches!(colour, Colour::On)).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    Registry::default().with(filter).with(lines)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str, colour: Colour, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, parse_filter(filter).unwrap(), colour, move || writer.clone());
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_is_one_object_a_line_with_the_fields_at_the_top() {
        let text = logged(LogFormat::Json, "info", Colour::On, || {
            let _inside = tracing::info_span!("send", page = "p1").entered();
            tracing::info!(message.id = "m1", attempt = 2, "delivered\nmessage");
            tracing::warn!("second");
        });
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        let first = &lines[0];
        assert_eq!((&first["level"], &first["message"]), (&"INFO".into(), &"delivered\nmessage".into()));
        assert_eq!((&first["message.id"], &first["attempt"]), (&"m1".into(), &2.into()));
        assert_eq!(first["span"]["page"], "p1");
        assert_eq!(first["target"], "service_kit::telemetry::tests");
        let timestamp = first["timestamp"].as_str().unwrap();
        assert!(timestamp.contains('T') && timestamp.ends_with('Z'), "{timestamp} is not RFC 3339 in UTC");
    }

    #[test]
    fn the_filter_decides_by_target() {
        let log = || {
            tracing::debug!(target: "outbound_sender::work", "kept");
            tracing::debug!(target: "elsewhere", "dropped");
        };
        let text = logged(LogFormat::Human, "info,outbound_sender=debug", Colour::Off, log);
        assert!(text.contains("kept") && !text.contains("dropped"), "{text}");
    }

    #[test]
    fn people_get_colour_only_on_a_terminal() {
        let log = || tracing::info!(attempt = 1, "hello");
        assert!(!logged(LogFormat::Human, "info", Colour::Off, log).contains('\u{1b}'));
        assert!(logged(LogFormat::Human, "info", Colour::On, log).contains('\u{1b}'));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        assert!(check_filter("info,nuncio=debug").is_ok());
        let error = check_filter("nuncio=loudest").unwrap_err();
        assert_eq!(error.to_string(), "log filter `nuncio=loudest` cannot be read");
    }
}
