//! What a `message` object may hold, and its limits (Send API reference).

use serde_json::{Map, Value};

use super::super::{Request, check};
use super::{template, utility};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::facts::{
    FILE_BYTES, IMAGE_BYTES, LIKE_STICKER, METADATA_CHARS, PAYLOAD_CHARS, QUICK_REPLIES, TEXT_CHARS, TITLE_CHARS,
};

const TYPES: [&str; 5] = ["audio", "file", "image", "template", "video"];

/// The parts of a message that the judgement needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) kind: Kind,
    /// Audio or video: another rate.
    pub(super) is_media: bool,
    /// Only inside the standard window, whatever the tag.
    pub(super) needs_window: bool,
    /// The title under which it asks to notify.
    pub(super) asks_for: Option<String>,
    /// The id under which its attachment is saved, with its type and address.
    pub(super) saved: Option<String>,
    pub(super) to_save: Option<(String, String)>,
}

/// What kinds of messages have rules of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Ordinary,
    /// A utility template.
    Utility,
    /// Asks to send one notification.
    AsksOnce,
    /// Asks to send notifications.
    AsksOften,
    /// Asks for feedback.
    Feedback,
}

/// Reads a `message` and checks all of it.
pub(super) fn read(world: &World, request: &Request<'_>, message: &Value, now_ms: i64) -> Result<Content, GraphError> {
    let message = check::object(message, "message")?;
    let text = check::text(message, "text", TEXT_CHARS, "message")?.filter(|text| !text.is_empty());
    let metadata = check::text(message, "metadata", METADATA_CHARS, "message")?;
    let mut content =
        Content { text: text.map(str::to_owned), metadata: metadata.map(str::to_owned), ..Content::default() };
    let one = check::member(message, "attachment");
    let several = check::list(message, "attachments", 0..=30, "message")?;
    let sticker = check::member(message, "sticker_id");
    let utility = check::member(message, "template");
    let n_bodies = usize::from(one.is_some()) + usize::from(!several.is_empty()) + usize::from(sticker.is_some());
    if text.is_none() && n_bodies == 0 && utility.is_none() {
        return Err(GraphError::param("Message cannot be empty, must provide valid attachment or text"));
    }
    if n_bodies > 1 || (text.is_some() && one.is_some()) || (utility.is_some() && (text.is_some() || n_bodies > 0)) {
        return Err(GraphError::param(
            "Message must hold one of text, attachment, attachments, sticker_id or template",
        ));
    }
    if let Some(sticker) = sticker {
        check_sticker(sticker)?;
        content.needs_window = true;
    }
    if let Some(utility) = utility {
        utility::check(world, request, utility)?;
        content.kind = Kind::Utility;
    }
    if let Some(attachment) = one {
        read_attachment(world, request, attachment, &mut content, now_ms)?;
    }
    for attachment in several {
        let kind = attachment.get("type").and_then(Value::as_str);
        if kind != Some("image") {
            return Err(GraphError::param("param message[attachments] must hold images only"));
        }
        read_attachment(world, request, attachment, &mut content, now_ms)?;
    }
    quick_replies(message)?;
    if utility.is_some() && check::member(message, "quick_replies").is_some() {
        return Err(GraphError::param("param message[quick_replies] cannot stand beside message[template]"));
    }
    Ok(content)
}

fn check_sticker(sticker: &Value) -> Result<(), GraphError> {
    let id = sticker.as_u64().or_else(|| sticker.as_str()?.parse().ok());
    if id == Some(LIKE_STICKER) { Ok(()) } else { Err(GraphError::param("Invalid sticker_id")) }
}

fn read_attachment(
    world: &World,
    request: &Request<'_>,
    attachment: &Value,
    content: &mut Content,
    now_ms: i64,
) -> Result<(), GraphError> {
    const PATH: &str = "message[attachment]";
    let attachment = check::object(attachment, PATH)?;
    check::one_of(attachment, "type", &TYPES, PATH)?;
    let kind = check::needed_text(attachment, "type", usize::MAX, PATH)?;
    let empty = Map::new();
    let payload = match check::member(attachment, "payload") {
        None => &empty,
        Some(payload) => check::object(payload, "message[attachment][payload]")?,
    };
    if kind == "template" {
        return template::check(world, request, payload, content, now_ms);
    }
    content.is_media |= matches!(kind, "audio" | "video");
    let url = check::text(payload, "url", usize::MAX, "message[attachment][payload]")?;
    let id = crate::world::ids::text_or_number(payload, "attachment_id");
    let is_reusable = payload.get("is_reusable").is_some_and(|value| value == true || value == "true");
    let file = request.call.files.first();
    match (url, id, file) {
        (Some(url), None, None) => {
            check_reachable(url, kind)?;
            save(world, request, content, kind, url, is_reusable);
            Ok(())
        }
        (None, Some(id), None) => known_attachment(world, request, &id, now_ms),
        (None, None, Some(_)) => {
            check_file(request, kind)?;
            save(world, request, content, kind, "", is_reusable);
            Ok(())
        }
        _ => Err(GraphError::param("param message[attachment][payload] needs one of url, attachment_id or filedata")),
    }
}

fn save(world: &World, request: &Request<'_>, content: &mut Content, kind: &str, url: &str, is_reusable: bool) {
    if !is_reusable {
        return;
    }
    // By the person's own count: what others are sent meanwhile changes nothing.
    let Some(psid) = request.note.psid else { return };
    let n = world.person(&request.page, psid).map_or(0, crate::world::person::Person::next_message);
    let text = world.page(&request.page).map(|page| page.psid_text(psid)).unwrap_or_default();
    content.saved = Some(world.ids.thing(&format!("attachment for {text}"), &request.page, n));
    content.to_save = Some((kind.to_owned(), url.to_owned()));
}

/// An attachment that this Page uploaded within 90 days.
pub(super) fn known_attachment(world: &World, request: &Request<'_>, id: &str, now_ms: i64) -> Result<(), GraphError> {
    let attachment = world.page(&request.page).and_then(|page| page.attachments.get(id));
    match attachment.filter(|attachment| now_ms < attachment.until_ms) {
        Some(_) => Ok(()),
        None => Err(Refusal::NoSuchAttachment.into()),
    }
}

/// Nothing is fetched here; addresses under `.invalid`, which can't exist, are those that can't be reached.
pub(crate) fn check_reachable(url: &str, kind: &str) -> Result<(), GraphError> {
    if !check::is_url(url) {
        return Err(GraphError::param("param message[attachment][payload][url] should represent a valid URL"));
    }
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    if host == "invalid" || host.ends_with(".invalid") {
        return Err(if kind == "video" { Refusal::VideoFetch } else { Refusal::MediaUnreachable }.into());
    }
    Ok(())
}

/// The uploaded file fits the type, and is not too large.
pub(crate) fn check_file(request: &Request<'_>, kind: &str) -> Result<(), GraphError> {
    let Some(file) = request.call.files.first() else { return Ok(()) };
    let family = file.mime.split('/').next().unwrap_or_default();
    if kind != "file" && family != kind {
        return Err(Refusal::UploadFailed.into());
    }
    let most = if kind == "image" { IMAGE_BYTES } else { FILE_BYTES };
    if file.n_bytes > most { Err(Refusal::AttachmentTooLarge.into()) } else { Ok(()) }
}

/// At most 13 quick replies, each whole (quick-replies page).
fn quick_replies(message: &Map<String, Value>) -> Result<(), GraphError> {
    let replies = check::list(message, "quick_replies", 0..=QUICK_REPLIES, "message")?;
    for (place, reply) in replies.iter().enumerate() {
        let path = format!("message[quick_replies][{place}]");
        let reply = check::object(reply, &path)?;
        check::one_of(reply, "content_type", &["text", "user_phone_number", "user_email"], &path)?;
        if check::needed_text(reply, "content_type", usize::MAX, &path)? != "text" {
            continue;
        }
        let title = check::text(reply, "title", TITLE_CHARS, &path)?.unwrap_or_default();
        let has_image = check::member(reply, "image_url").is_some();
        check::url(reply, "image_url", &path)?;
        if title.is_empty() && !has_image {
            return Err(check::missing("title", &path));
        }
        let payload = crate::world::ids::text_or_number(reply, "payload");
        match payload {
            None => return Err(check::missing("payload", &path)),
            Some(payload) if payload.is_empty() && !has_image => return Err(check::missing("payload", &path)),
            Some(payload) if !super::is_within(&payload, PAYLOAD_CHARS) => {
                return Err(GraphError::param(format!(
                    "Length of param {path}[payload] must be less than or equal to {PAYLOAD_CHARS}"
                )));
            }
            Some(_) => (),
        }
    }
    Ok(())
}
