//! What every process of Nuncio needs and no service should write again: configuration, logs, metrics, health, the
//! admin port, an orderly stop, and the only sources of time and randomness.
//!
//! Nothing here is a process global except the log subscriber, so any number of services can run in one test process.

pub mod admin;
pub mod backoff;
pub mod clock;
pub mod config;
pub mod health;
pub mod ids;
pub mod metrics;
mod process;
pub mod shutdown;
pub mod telemetry;

pub use admin::{Admin, Version};
pub use backoff::Backoff;
pub use clock::{Clock, ManualClock};
pub use config::{ByteSize, ConfigError, Layers, Reader, Setting, Shown};
pub use health::{CheckHandle, Health, Readiness};
pub use ids::Ids;
pub use metrics::{Counter, Gauge, Histogram, Metrics};
pub use process::main;
pub use shutdown::{Drained, Shutdown};
pub use telemetry::{LogFormat, init_logs};

#[cfg(test)]
mod testing;
