//! What people fill in: feedback, addresses, carts, games.

use api::proto::log::v1 as wire;
use domain::event::{
    CustomerFeedback, CustomerInformation, FeedbackAnswer, FeedbackScreen, FollowUp, GamePlay, InformationScreen,
    Order, OrderedProduct,
};

pub(super) fn feedback_to_wire(feedback: &CustomerFeedback) -> wire::CustomerFeedback {
    let follow_up = |words: &FollowUp| wire::FollowUp { kind: words.kind.clone(), payload: words.payload.clone() };
    let answer = |answer: &FeedbackAnswer| wire::FeedbackAnswer {
        question: answer.question.clone(),
        kind: answer.kind.clone(),
        payload: answer.payload.clone(),
        follow_up: answer.follow_up.as_ref().map(follow_up),
    };
    let screen = |screen: &FeedbackScreen| wire::FeedbackScreen {
        screen: screen.screen.clone(),
        answers: screen.answers.iter().map(answer).collect(),
    };
    wire::CustomerFeedback { screens: feedback.screens.iter().map(screen).collect() }
}

pub(super) fn feedback_from_wire(feedback: wire::CustomerFeedback) -> CustomerFeedback {
    let follow_up = |words: wire::FollowUp| FollowUp { kind: words.kind, payload: words.payload };
    let answer = |answer: wire::FeedbackAnswer| FeedbackAnswer {
        question: answer.question,
        kind: answer.kind,
        payload: answer.payload,
        follow_up: answer.follow_up.map(follow_up),
    };
    let screen = |screen: wire::FeedbackScreen| FeedbackScreen {
        screen: screen.screen,
        answers: screen.answers.into_iter().map(answer).collect(),
    };
    CustomerFeedback { screens: feedback.screens.into_iter().map(screen).collect() }
}

pub(super) fn information_to_wire(told: &CustomerInformation) -> wire::CustomerInformation {
    let response =
        |(key, value): &(String, String)| wire::InformationResponse { key: key.clone(), value: value.clone() };
    let screen = |screen: &InformationScreen| wire::InformationScreen {
        screen: screen.screen.clone(),
        responses: screen.responses.iter().map(response).collect(),
    };
    wire::CustomerInformation { screens: told.screens.iter().map(screen).collect() }
}

pub(super) fn information_from_wire(told: wire::CustomerInformation) -> CustomerInformation {
    let screen = |screen: wire::InformationScreen| InformationScreen {
        screen: screen.screen,
        responses: screen.responses.into_iter().map(|response| (response.key, response.value)).collect(),
    };
    CustomerInformation { screens: told.screens.into_iter().map(screen).collect() }
}

pub(super) fn order_to_wire(order: &Order) -> wire::Order {
    let product = |product: &OrderedProduct| wire::OrderedProduct {
        id: product.id.clone(),
        retailer: product.retailer.clone(),
        name: product.name.clone(),
        unit_price: product.unit_price.clone(),
        currency: product.currency.clone(),
        quantity: product.quantity,
    };
    wire::Order { products: order.products.iter().map(product).collect(), note: order.note.clone() }
}

pub(super) fn order_from_wire(order: wire::Order) -> Order {
    let product = |product: wire::OrderedProduct| {
        let wire::OrderedProduct { id, retailer, name, unit_price, currency, quantity } = product;
        OrderedProduct { id, retailer, name, unit_price, currency, quantity }
    };
    Order { products: order.products.into_iter().map(product).collect(), note: order.note }
}

pub(super) fn play_to_wire(play: &GamePlay) -> wire::GamePlay {
    wire::GamePlay {
        game: play.game.clone(),
        player: play.player.clone(),
        context_kind: play.context_kind.clone(),
        context: play.context.clone(),
        score: play.score,
        payload: play.payload.clone(),
    }
}

pub(super) fn play_from_wire(play: wire::GamePlay) -> GamePlay {
    let wire::GamePlay { game, player, context_kind, context, score, payload } = play;
    GamePlay { game, player, context_kind, context, score, payload }
}
