//! Buttons.

use super::super::Fields;
use domain::content::{Button, Game, Height, WebPage};
use serde_json::{Value, json};

pub(super) fn all(buttons: &[Button]) -> Vec<Value> {
    buttons.iter().map(one).collect()
}

fn one(button: &Button) -> Value {
    match button {
        Button::WebUrl { title, page: opened } => page(opened).with("title", title.as_str()).json(),
        Button::Postback { title, payload } => {
            json!({ "type": "postback", "title": title.as_str(), "payload": payload.as_str() })
        }
        Button::PhoneNumber { title, number } => {
            json!({ "type": "phone_number", "title": title.as_str(), "payload": number.as_str() })
        }
        Button::AccountLink { url } => json!({ "type": "account_link", "url": url.as_str() }),
        Button::AccountUnlink => json!({ "type": "account_unlink" }),
        Button::GamePlay { title, payload, game } => {
            let game = game.as_ref().map(|game| match game {
                Game::Player(id) => json!({ "player_id": id.as_str() }),
                Game::Context(id) => json!({ "context_id": id.as_str() }),
            });
            Fields::of("type", "game_play")
                .with("title", title.as_str())
                .words("payload", payload.as_ref())
                .given("game_metadata", game)
                .json()
        }
        Button::AudioCall { title, expires_in_days } => Fields::of("type", "audio_call")
            .with("title", title.as_str())
            .given("expires_in_days", *expires_in_days)
            .json(),
    }
}

/// A page that opens on a tap: a button without its title.
pub(super) fn page(page: &WebPage) -> Fields {
    let height = page.height.map(|height| match height {
        Height::Compact => "compact",
        Height::Tall => "tall",
        Height::Full => "full",
    });
    Fields::of("type", "web_url")
        .with("url", page.url.as_str())
        .given("webview_height_ratio", height)
        .flag("messenger_extensions", page.has_extensions)
        .words("fallback_url", page.fallback_url.as_ref())
        .given("webview_share_button", page.hides_share.then_some("hide"))
}
