//! A request to send, parsed once: from here on its every field is as it must be.

use crate::{Parts, content};
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
    /// Whether a message that the rules forbid is answered with an error.
    pub(crate) rejects: bool,
    pub(crate) validate_only: bool,
}

impl Parts {
    /// Reads a request, or names everything that is wrong with it.
    pub(crate) fn parse(&self, asked: pb::SendMessageRequest) -> Result<Asked, Status> {
        let mut violations = Violations::default();
        let request_digest = digest(&asked);
        let parent = violations.take("parent", name::parse_conversation(&asked.parent));
        let request = violations.take("request_id", RequestId::parse(&asked.request_id));
        let intent = convert::intent(asked.actor, asked.purpose, &mut violations);
        let content = content::parse(asked.content, &mut violations);
        let intent = content::matter(intent, asked.matter, content.as_ref(), &mut violations);
        let rejects = match pb::OnBlock::try_from(asked.on_block) {
            Ok(pb::OnBlock::Unspecified | pb::OnBlock::Reject) => Some(true),
            Ok(pb::OnBlock::Record) => Some(false),
            Err(_) => {
                violations.add("on_block", "is ON_BLOCK_REJECT or ON_BLOCK_RECORD");
                None
            }
        };
        let (Some((page, recipient)), Some(request), Some(intent), Some(content), Some(rejects)) =
            (parent, request, intent, content, rejects)
        else {
            return Err(violations.into_status());
        };
        let person = self.conversations.person_key(&page, &recipient);
        let send = SendId::new(page, person, self.ids.uuid_v7(self.clock.now()));
        Ok(Asked {
            send,
            recipient,
            request,
            request_digest,
            intent,
            content,
            handling: Handling::default(),
            rejects,
            validate_only: asked.validate_only,
        })
    }
}

/// A digest of what is asked for, without how the call is to be answered: the same digest is the same request.
fn digest(asked: &pb::SendMessageRequest) -> [u8; 16] {
    let bare = pb::SendMessageRequest { request_id: String::new(), on_block: 0, validate_only: false, ..asked.clone() };
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(bare.encode_to_vec())[..16]);
    short
}
