//! The Graph API without a network, for whoever wants its judgement alone: fuzzers, property tests, other tools.

use serde_json::Value;

use crate::config::Config;
use crate::graph;
use crate::graph::call::{Call, Raw};
use crate::platform;
use crate::world::World;
use crate::world::deeds::Deed;

/// A platform that hears calls as arguments and answers with values. Its clock is whatever the caller says.
pub struct Offline {
    world: World,
}

impl Offline {
    /// A platform with the configuration's apps and Pages. Address, clock and delivery mean nothing here.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        Ok(Self { world: platform::world(config)? })
    }

    /// A person does something at that moment, in ms since 1970. Answers whether they could.
    pub fn act(&mut self, page: &str, psid: &str, deed: Deed, now_ms: i64) -> bool {
        let is_done = self.world.act(page, psid, deed, now_ms, now_ms).is_ok();
        drop(self.world.take_effects());
        is_done
    }

    /// One call, like `POST /v25.0/me/messages?access_token=…` with a body of that content type: HTTP status and JSON.
    pub fn call(&mut self, method: &str, target: &str, content_type: &str, body: &[u8], now_ms: i64) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let call = Call::parse(Raw { method, path, query, content_type, authorization: None, body });
        let reply = graph::handle(&mut self.world, &call, now_ms);
        drop(self.world.take_effects());
        (reply.status, reply.body)
    }
}
