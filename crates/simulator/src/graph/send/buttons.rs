//! Buttons of templates (buttons page): each type with what it needs.

use serde_json::{Map, Value};

use super::super::check;
use crate::errors::GraphError;
use crate::world::facts::{PAYLOAD_CHARS, TITLE_CHARS};

const TYPES: [&str; 7] =
    ["web_url", "postback", "phone_number", "account_link", "account_unlink", "game_play", "audio_call"];

/// The buttons of one holder.
pub(super) fn check_all(
    holder: &Map<String, Value>,
    lengths: std::ops::RangeInclusive<usize>,
    path: &str,
) -> Result<(), GraphError> {
    for (place, button) in check::list(holder, "buttons", lengths, path)?.iter().enumerate() {
        check_one(button, &format!("{path}[buttons][{place}]"))?;
    }
    Ok(())
}

fn check_one(button: &Value, path: &str) -> Result<(), GraphError> {
    let button = check::object(button, path)?;
    check::one_of(button, "type", &TYPES, path)?;
    let title = || check::needed_text(button, "title", TITLE_CHARS, path);
    match check::needed_text(button, "type", usize::MAX, path)? {
        "web_url" => {
            title()?;
            check_url(button, path)
        }
        "postback" => {
            title()?;
            check::needed_text(button, "payload", PAYLOAD_CHARS, path).map(|_| ())
        }
        "phone_number" => {
            title()?;
            let number = check::needed_text(button, "payload", PAYLOAD_CHARS, path)?;
            let is_number = number.strip_prefix('+').is_some_and(|rest| {
                rest.len() >= 7 && rest.chars().all(|letter| letter.is_ascii_digit() || " -().".contains(letter))
            });
            if is_number {
                Ok(())
            } else {
                Err(GraphError::param(format!("param {path}[payload] must be a phone number like +16505551234")))
            }
        }
        "account_link" => {
            check::needed_text(button, "url", usize::MAX, path)?;
            check::encrypted(button, "url", path)
        }
        "account_unlink" => Ok(()),
        "audio_call" => {
            title()?;
            check::days(button, "expires_in_days", path)
        }
        "game_play" => {
            title()?;
            check::text(button, "payload", PAYLOAD_CHARS, path).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// A button or default action that opens a page. With extensions it must be encrypted.
pub(super) fn check_url(button: &Map<String, Value>, path: &str) -> Result<(), GraphError> {
    let url = check::needed_text(button, "url", usize::MAX, path)?;
    check::url(button, "url", path)?;
    check::one_of(button, "webview_height_ratio", &["compact", "tall", "full", "COMPACT", "TALL", "FULL"], path)?;
    check::one_of(button, "webview_share_button", &["hide"], path)?;
    check::encrypted(button, "fallback_url", path)?;
    let has_extensions = button.get("messenger_extensions").is_some_and(|value| value == true);
    if check::member(button, "fallback_url").is_some() && !has_extensions {
        return Err(GraphError::param(format!("param {path}[fallback_url] needs messenger_extensions")));
    }
    if has_extensions && !url.starts_with("https://") {
        return Err(GraphError::param(format!("param {path}[url] must use https with messenger_extensions")));
    }
    Ok(())
}
