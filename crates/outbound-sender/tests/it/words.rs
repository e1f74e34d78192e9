//! What callers say, and what is read from the answers.

use crate::sandbox::PAGE;
use api::proto::compliance::v1::{Actor, Bot, HumanAgent, Purpose, actor};
use api::proto::outbound::v1::{Content, OnBlock, SendMessageRequest, content};
use tonic::Status;
use tonic_types::StatusExt;

/// A bot's answer to a person.
pub(crate) fn says(psid: &str, request_id: &str, text: &str) -> SendMessageRequest {
    SendMessageRequest {
        parent: format!("pages/{PAGE}/conversations/{psid}"),
        request_id: request_id.to_owned(),
        actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
        purpose: Purpose::Conversation.into(),
        content: Some(Content { kind: Some(content::Kind::Text(text.to_owned())), ..Content::default() }),
        ..SendMessageRequest::default()
    }
}

/// A bot's thumb.
pub(crate) fn stuck(psid: &str, request_id: &str) -> SendMessageRequest {
    let content = Content { kind: Some(content::Kind::Sticker(369_239_263_222_822)), ..Content::default() };
    SendMessageRequest { content: Some(content), ..says(psid, request_id, "") }
}

/// An answer by a person of the staff.
pub(crate) fn staff_says(psid: &str, request_id: &str, text: &str) -> SendMessageRequest {
    let agent = HumanAgent { agent_id: "agent-7".to_owned() };
    SendMessageRequest { actor: Some(Actor { kind: Some(actor::Kind::Human(agent)) }), ..says(psid, request_id, text) }
}

/// The request, answered with the blocked message instead of an error.
pub(crate) fn recorded(request: SendMessageRequest) -> SendMessageRequest {
    SendMessageRequest { on_block: OnBlock::Record.into(), ..request }
}

/// The request, judged only.
pub(crate) fn judged_only(request: SendMessageRequest) -> SendMessageRequest {
    SendMessageRequest { validate_only: true, ..request }
}

/// The reason that a program reads.
#[track_caller]
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_error_details().error_info().cloned().expect("every status has an ErrorInfo");
    assert_eq!(info.domain, "nuncio");
    info.reason
}

/// One entry of the status's metadata.
#[track_caller]
pub(crate) fn metadata(status: &Status, key: &str) -> String {
    let info = status.get_error_details().error_info().cloned().expect("every status has an ErrorInfo");
    info.metadata.get(key).cloned().unwrap_or_else(|| panic!("no {key} in {:?}", info.metadata))
}

/// The wrong fields that a status names.
#[track_caller]
pub(crate) fn wrong_fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let bad = details.bad_request().expect("a BadRequest");
    bad.field_violations.iter().map(|violation| violation.field.clone()).collect()
}
