//! The parts of what people fill in: these kinds have no id of the platform's.

use super::parts::Parts;
use domain::event::{CustomerFeedback, CustomerInformation, GamePlay, Order};

pub(super) fn feedback(parts: Parts, feedback: &CustomerFeedback) -> Parts {
    feedback.screens.iter().fold(parts, |parts, screen| {
        let parts = parts.option(&screen.screen).count(screen.answers.len());
        screen.answers.iter().fold(parts, |parts, answer| {
            let words = answer.follow_up.as_ref();
            let parts = parts.text(&answer.question).text(&answer.kind).text(&answer.payload);
            parts.text(words.map_or("", |words| &words.kind)).text(words.map_or("", |words| &words.payload))
        })
    })
}

pub(super) fn information(parts: Parts, told: &CustomerInformation) -> Parts {
    told.screens.iter().fold(parts, |parts, screen| {
        let parts = parts.option(&screen.screen).count(screen.responses.len());
        screen.responses.iter().fold(parts, |parts, (key, value)| parts.text(key).text(value))
    })
}

pub(super) fn order(parts: Parts, order: &Order) -> Parts {
    order.products.iter().fold(parts.option(&order.note), |parts, product| {
        let parts = parts.text(&product.id).option(&product.retailer).option(&product.name);
        parts.option(&product.unit_price).option(&product.currency).number(product.quantity)
    })
}

pub(super) fn game_play(parts: Parts, play: &GamePlay) -> Parts {
    let parts = parts.text(&play.game).option(&play.player).option(&play.context_kind).option(&play.context);
    parts.number(play.score).option(&play.payload)
}
