//! A request to send, parsed once: from here on its every field is as it must be.

use super::handling::{self, IN_THE_FUTURE, Wanted};
use crate::{Parts, content};
use api::name::Home;
use api::proto::outbound::v1 as pb;
use api::status::Violations;
use api::{convert, name};
use domain::content::Content;
use domain::decision::Intent;
use domain::id::{Psid, RequestId, SendId};
use domain::send::Handling;
use prost::Message as _;
use sha2::{Digest, Sha256};
use tonic::Status;

/// A request whose every field is as it must be.
pub(crate) struct Asked {
    /// The id that the send will have, unless the same request was made before.
    pub(crate) send: SendId,
    pub(crate) recipient: Psid,
    pub(crate) request: RequestId,
    pub(crate) request_digest: [u8; 16],
    pub(crate) intent: Intent,
    pub(crate) content: Content,
    pub(crate) handling: Handling,
    /// Whether its time was over when the call came: then it can only be a call that was made before.
    pub(crate) is_over: bool,
    /// Whether a message that the rules forbid is answered with an error.
    pub(crate) rejects: bool,
    /// Whether a message that has the key already is the answer.
    pub(crate) takes_existing: bool,
    pub(crate) validate_only: bool,
    /// Whether the thread is taken from another app that has it.
    pub(crate) takes_thread: bool,
}

impl Parts {
    /// Reads a request, or names everything that is wrong with it.
    pub(crate) fn parse(&self, asked: pb::SendMessageRequest) -> Result<Asked, Status> {
        let mut violations = Violations::default();
        let now = self.clock.now();
        let request_digest = digest(&asked);
        let parent = violations.take("parent", name::parse_conversation(&asked.parent));
        let request = violations.take("request_id", RequestId::parse(&asked.request_id));
        let intent = convert::intent(asked.actor.clone(), asked.purpose, &mut violations);
        let content = content::parse(asked.content.clone(), &mut violations);
        let post = convert::post_of(asked.matter.as_ref());
        let intent = content::matter(intent, asked.matter.clone(), content.as_ref(), &mut violations);
        let wanted = handling::parse(&asked, intent.as_ref(), &mut violations);
        if asked.take_thread && (asked.not_before.is_some() || post.is_some()) {
            violations.add("take_thread", "goes with neither not_before nor matter.comment");
        }
        let is_over = asked.expire_time.as_ref().and_then(convert::moment).is_some_and(|end| end <= now);
        if !violations.is_empty() {
            if is_over {
                violations.add("expire_time", IN_THE_FUTURE);
            }
            return Err(violations.into_status());
        }
        let (Some((page, recipient)), Some(request), Some(intent), Some(content), Some(wanted)) =
            (parent, request, intent, content, wanted)
        else {
            return Err(violations.into_status());
        };
        let person = self.conversations.person_key(&page, &recipient);
        let home = Home { page, post, psid: recipient };
        let send = home.send(person, self.ids.uuid_v7(now));
        let Wanted { handling, rejects, takes_existing } = wanted;
        Ok(Asked {
            send,
            recipient: home.psid,
            request,
            request_digest,
            intent,
            content,
            handling,
            is_over,
            rejects,
            takes_existing,
            validate_only: asked.validate_only,
            takes_thread: asked.take_thread,
        })
    }
}

/// The refusal of a request that was not made before its time was over.
pub(super) fn over() -> Status {
    let mut violations = Violations::default();
    violations.add("expire_time", IN_THE_FUTURE);
    violations.into_status()
}

/// A digest of what is asked for, without how the call is to be answered: the same digest is the same request.
fn digest(asked: &pb::SendMessageRequest) -> [u8; 16] {
    // Whether it is held is part of what is asked for.
    let is_held = asked.on_block() == pb::OnBlock::Defer;
    let bare = pb::SendMessageRequest {
        request_id: String::new(),
        on_block: if is_held { pb::OnBlock::Defer.into() } else { 0 },
        validate_only: false,
        dedupe_policy: 0,
        ..asked.clone()
    };
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(bare.encode_to_vec())[..16]);
    short
}
