//! A Messenger Platform for tests and demos: the Graph API's messaging, webhooks out, people with a will of their own, a
//! clock that can be moved, faults on command. It judges every call on its own, from the rule packs' data and never by the
//! domain's code, so it can contradict us.

mod admin;
mod agenda;
mod clock;
mod config;
mod errors;
mod faults;
mod graph;
mod http;
mod moment;
mod offline;
mod page;
mod platform;
mod recorder;
mod server;
mod traffic;
mod webhooks;
mod world;

pub use admin::client::{AdminClient, AdminError};
pub use admin::model::{
    ClockReading, EchoSetting, NewApp, NewPage, NewPerson, PersonRow, Population, Postback, ThreadRow,
};
pub use config::{AppConfig, ClockStart, Config, Delivery, WebhookTarget};
pub use faults::{Fault, FaultKind};
pub use offline::{Offline, SignedBody};
pub use recorder::{AlertRow, CallRow, EventJson, Filter, SendRow, WebhookRow, WebhookStatus};
pub use server::Simulator;
pub use world::EchoTiming;
pub use world::deeds::{Deed, Happened};
pub use world::limits::Limits;
pub use world::page::PageSettings;
pub use world::script::Script;
