//! Meta's wire: what its webhooks say, how they are signed, and how a message is sent. No state and no clock.

pub mod client;
pub mod metadata;
pub mod signature;
pub mod webhook;

mod json;
