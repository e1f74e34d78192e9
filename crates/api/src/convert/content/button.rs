//! Buttons, and pages that open on a tap.

use super::{Read, optional, owned};
use crate::proto::content::v1 as pb;
use domain::content::{Button, Game, Height, WebPage, Words};
use pb::button::Kind;

pub(super) fn all_to_wire(buttons: &[Button]) -> Vec<pb::Button> {
    buttons.iter().map(|button| pb::Button { kind: Some(to_wire(button)) }).collect()
}

fn to_wire(button: &Button) -> Kind {
    match button {
        Button::WebUrl { title, page } => {
            Kind::WebUrl(pb::WebUrlButton { title: owned(title), page: Some(page_to_wire(page)) })
        }
        Button::Postback { title, payload } => {
            Kind::Postback(pb::PostbackButton { title: owned(title), payload: owned(payload) })
        }
        Button::PhoneNumber { title, number } => {
            Kind::PhoneNumber(pb::PhoneNumberButton { title: owned(title), number: owned(number) })
        }
        Button::AccountLink { url } => Kind::AccountLink(pb::AccountLinkButton { url: owned(url) }),
        Button::AccountUnlink => Kind::AccountUnlink(pb::AccountUnlinkButton {}),
        Button::GamePlay { title, payload, game } => {
            let game = game.as_ref().map(|game| match game {
                Game::Player(id) => pb::game_play_button::Game::PlayerId(owned(id)),
                Game::Context(id) => pb::game_play_button::Game::ContextId(owned(id)),
            });
            Kind::GamePlay(pb::GamePlayButton { title: owned(title), payload: optional(payload.as_ref()), game })
        }
        Button::AudioCall { title, expires_in_days } => {
            Kind::AudioCall(pb::AudioCallButton { title: owned(title), expires_in_days: *expires_in_days })
        }
    }
}

pub(super) fn page_to_wire(page: &WebPage) -> pb::WebPage {
    pb::WebPage {
        url: owned(&page.url),
        height: height(page.height).into(),
        has_extensions: page.has_extensions,
        fallback_url: optional(page.fallback_url.as_ref()),
        hides_share: page.hides_share,
    }
}

const HEIGHTS: [Option<Height>; 4] = [None, Some(Height::Compact), Some(Height::Tall), Some(Height::Full)];

const fn height(height: Option<Height>) -> pb::WebPageHeight {
    match height {
        None => pb::WebPageHeight::Unspecified,
        Some(Height::Compact) => pb::WebPageHeight::Compact,
        Some(Height::Tall) => pb::WebPageHeight::Tall,
        Some(Height::Full) => pb::WebPageHeight::Full,
    }
}

impl Read<'_> {
    pub(super) fn buttons(&mut self, buttons: Vec<pb::Button>) -> Option<Vec<Button>> {
        self.each("buttons", buttons, Read::button)
    }

    fn button(&mut self, button: pb::Button) -> Option<Button> {
        let kinds = "web_url, postback, phone_number, account_link, account_unlink, game_play or audio_call";
        Some(match self.given(button.kind, kinds)? {
            Kind::WebUrl(button) => Button::WebUrl {
                title: button.title.into(),
                page: self
                    .within("web_url", |read| read.within("page", |read| read.page(button.page.unwrap_or_default())))?,
            },
            Kind::Postback(button) => Button::Postback { title: button.title.into(), payload: button.payload.into() },
            Kind::PhoneNumber(button) => {
                Button::PhoneNumber { title: button.title.into(), number: button.number.into() }
            }
            Kind::AccountLink(button) => Button::AccountLink { url: button.url.into() },
            Kind::AccountUnlink(_) => Button::AccountUnlink,
            Kind::GamePlay(button) => Button::GamePlay {
                title: button.title.into(),
                payload: Words::unless_empty(button.payload),
                game: button.game.map(|game| match game {
                    pb::game_play_button::Game::PlayerId(id) => Game::Player(id.into()),
                    pb::game_play_button::Game::ContextId(id) => Game::Context(id.into()),
                }),
            },
            Kind::AudioCall(button) => {
                Button::AudioCall { title: button.title.into(), expires_in_days: button.expires_in_days }
            }
        })
    }

    pub(super) fn page(&mut self, page: pb::WebPage) -> Option<WebPage> {
        Some(WebPage {
            url: page.url.into(),
            height: self.word("height", page.height, &HEIGHTS, height)?,
            has_extensions: page.has_extensions,
            fallback_url: Words::unless_empty(page.fallback_url),
            hides_share: page.hides_share,
        })
    }
}
