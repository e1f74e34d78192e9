//! How a change is asked for: the fields that every such call has besides what it wants.

use api::proto::compliance::v1 as pb;
use api::status::Violations;
use domain::id::RequestId;
use domain::pack::Asked;
use prost::Message;
use sha2::{Digest, Sha256};
use std::mem::take;

/// How a change is asked for.
pub(super) struct How {
    pub(super) asked: Option<Asked>,
    pub(super) validate_only: bool,
    pub(super) etag: String,
}

/// The fields as they came.
pub(super) struct Given {
    request_id: String,
    validate_only: bool,
    etag: String,
}

/// A call that changes rule packs.
pub(super) trait Call: Message {
    /// The call's name: the same content asks for something else by another call.
    const METHOD: &'static str;

    /// Takes the fields out that say how. What is left says what.
    fn take(&mut self) -> Given;
}

macro_rules! calls {
    ($($request:ident = $method:literal;)+) => {
        $(impl Call for pb::$request {
            const METHOD: &'static str = $method;

            fn take(&mut self) -> Given {
                let (request_id, etag) = (take(&mut self.request_id), take(&mut self.etag));
                Given { request_id, validate_only: take(&mut self.validate_only), etag }
            }
        })+
    };
}

calls! {
    ActivateRulePackRequest = "ActivateRulePack";
    RetireRulePackRequest = "RetireRulePack";
    PinRulePackRequest = "PinRulePack";
    OverrideRulePackRequest = "OverrideRulePack";
}

impl How {
    /// Takes the fields out of a call, and notes what is wrong with them.
    pub(super) fn take<C: Call>(call: &mut C, violations: &mut Violations) -> Self {
        let Given { request_id, validate_only, etag } = call.take();
        let id = (!request_id.is_empty()).then(|| violations.take("request_id", RequestId::parse(&request_id)));
        let asked = id.flatten().map(|id| {
            let whole = Sha256::new().chain_update(C::METHOD).chain_update(call.encode_to_vec()).finalize();
            let mut digest = [0; 16];
            digest.copy_from_slice(&whole[..16]);
            Asked { id, digest }
        });
        Self { asked, validate_only, etag }
    }
}
