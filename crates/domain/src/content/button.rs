//! Buttons of templates, and pages that open on a tap.

use super::check::Check;
use super::limits;
use super::words::Words;
use serde::{Deserialize, Serialize};

/// A button of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Button {
    /// Opens a page.
    WebUrl {
        /// At most 20 characters.
        title: Words,
        /// Which page.
        page: WebPage,
    },
    /// Tells our side that it was tapped.
    Postback {
        /// At most 20 characters.
        title: Words,
        /// What our side is told, at most 1,000 characters.
        payload: Words,
    },
    /// Calls a number.
    PhoneNumber {
        /// At most 20 characters.
        title: Words,
        /// Such as `+16505551234`.
        number: Words,
    },
    /// Lets the person log in at the Page's own site.
    AccountLink {
        /// The site's log-in page, encrypted.
        url: Words,
    },
    /// Lets them log out.
    AccountUnlink,
    /// Starts the Page's Instant Game.
    GamePlay {
        /// At most 20 characters.
        title: Words,
        /// What our side is told, at most 1,000 characters.
        payload: Option<Words>,
        /// Against whom.
        game: Option<Game>,
    },
    /// Calls the Page in Messenger.
    AudioCall {
        /// At most 20 characters.
        title: Words,
        /// For how many days it can be tapped, 1 to 7; the platform's default is 7.
        expires_in_days: Option<u32>,
    },
}

/// Against whom a game is played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Game {
    /// This player.
    Player(Words),
    /// In this group.
    Context(Words),
}

/// A page that opens on a tap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebPage {
    /// Its address.
    pub url: Words,
    /// How much of the screen it takes.
    pub height: Option<Height>,
    /// Whether it uses the platform's extensions; it must be encrypted then.
    pub has_extensions: bool,
    /// What opens where there are no extensions.
    pub fallback_url: Option<Words>,
    /// Whether the page's own button to share it is left out.
    pub hides_share: bool,
}

/// How much of the screen a page takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Height {
    /// Half of it.
    Compact,
    /// Three quarters of it.
    Tall,
    /// All of it.
    Full,
}

impl Button {
    pub(super) fn check(&self, check: &mut Check) {
        match self {
            Self::WebUrl { title, page } => check.within("web_url", |check| {
                check.words("title", title, limits::BUTTON_TITLE);
                check.within("page", |check| page.check(check));
            }),
            Self::Postback { title, payload } => check.within("postback", |check| {
                check.words("title", title, limits::BUTTON_TITLE);
                check.words("payload", payload, limits::PAYLOAD);
            }),
            Self::PhoneNumber { title, number } => check.within("phone_number", |check| {
                check.words("title", title, limits::BUTTON_TITLE);
                if !is_phone_number(number.as_str()) {
                    check.add("number", "is a phone number with its country, such as `+16505551234`");
                }
            }),
            Self::AccountLink { url } => check.within("account_link", |check| check.encrypted("url", url)),
            Self::AccountUnlink => (),
            Self::GamePlay { title, payload, game } => check.within("game_play", |check| {
                check.words("title", title, limits::BUTTON_TITLE);
                check.optional("payload", payload.as_ref(), limits::PAYLOAD);
                match game {
                    Some(Game::Player(id)) => check.words("player_id", id, limits::UNBOUNDED),
                    Some(Game::Context(id)) => check.words("context_id", id, limits::UNBOUNDED),
                    None => (),
                }
            }),
            Self::AudioCall { title, expires_in_days } => check.within("audio_call", |check| {
                check.words("title", title, limits::BUTTON_TITLE);
                check.days("expires_in_days", *expires_in_days);
            }),
        }
    }
}

impl WebPage {
    pub(super) fn check(&self, check: &mut Check) {
        if self.has_extensions {
            check.encrypted("url", &self.url);
        } else {
            check.url("url", &self.url);
        }
        if let Some(url) = &self.fallback_url {
            check.encrypted("fallback_url", url);
            if !self.has_extensions {
                check.add("fallback_url", "is for pages with extensions alone");
            }
        }
    }
}

/// A plus sign, the country, and 7 to 15 digits in all, with the signs that people put between them.
fn is_phone_number(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    let n_digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let is_known = rest.bytes().all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte));
    is_known && (7..=15).contains(&n_digits) && rest.len() <= 30
}
