//! Uploads (saving-assets page): by address or as a file; the id is good for 90 days.

use serde_json::{Value, json};

use super::send::content::{check_file, check_reachable};
use super::{Request, check};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::ATTACHMENT_LIFE_MS;
use crate::world::page::Attachment;

/// `POST /{page}/message_attachments`.
pub(super) fn upload(world: &mut World, request: &mut Request<'_>, now_ms: i64) -> Result<Value, GraphError> {
    const PATH: &str = "message[attachment]";
    if let Some(platform) = request.text("platform")?
        && !["MESSENGER", "messenger"].contains(&platform.as_str())
    {
        return Err(GraphError::param("param platform must be one of {MESSENGER}"));
    }
    let message = request.value("message")?.ok_or_else(|| GraphError::param("The parameter message is required"))?;
    let attachment = check::member(check::object(message, "message")?, "attachment");
    let attachment = check::object(attachment.ok_or_else(|| check::missing("attachment", "message"))?, PATH)?;
    check::one_of(attachment, "type", &["audio", "file", "image", "video"], PATH)?;
    let kind = check::needed_text(attachment, "type", usize::MAX, PATH)?.to_owned();
    let payload = check::member(attachment, "payload").and_then(Value::as_object);
    let url = payload.map(|payload| check::text(payload, "url", usize::MAX, PATH)).transpose()?.flatten();
    match (url, request.call.files.first()) {
        (Some(url), None) => check_reachable(url, &kind)?,
        (None, Some(_)) => check_file(request, &kind)?,
        (None, None) => return Err(Refusal::UploadFailed.into()),
        (Some(_), Some(_)) => {
            return Err(GraphError::param("param message[attachment][payload] needs one of url and filedata"));
        }
    }
    let url = url.unwrap_or_default().to_owned();
    let ids = world.ids;
    let page = world.page_mut(&request.page).ok_or(Refusal::NoSuchObject)?;
    let n = page.count_thing();
    let id = ids.thing("attachment", &request.page, n);
    let until_ms = now_ms.saturating_add(ATTACHMENT_LIFE_MS);
    page.attachments.insert(id.clone(), Attachment { kind, url, until_ms });
    Ok(json!({ "attachment_id": id }))
}
