//! A Messenger Platform for tests and demos: the Send API, webhooks out, a clock that can be moved, faults on command.
//! It judges every call on its own, from the rule pack's data and never by the domain's code, so it can contradict us.

mod admin;
mod clock;
mod config;
mod faults;
mod http;
mod platform;
mod recorder;
mod server;
mod webhooks;
mod world;

pub use admin::client::{AdminClient, AdminError};
pub use admin::model::{ClockReading, EchoSetting, Happened, NewPerson, PersonRow, Postback};
pub use config::{Config, Delivery, WebhookTarget};
pub use faults::FaultKind;
pub use platform::EchoTiming;
pub use recorder::{CallRow, SendRow, WebhookRow, WebhookStatus};
pub use server::Simulator;
