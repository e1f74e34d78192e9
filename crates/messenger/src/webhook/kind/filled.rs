//! What people fill in: feedback, addresses, carts, forms, games.

use crate::json::{self, Id, Integer, Object, Scalar, Words};
use domain::event::{
    CustomerFeedback, CustomerInformation, FeedbackAnswer, FeedbackScreen, FollowUp, GamePlay, InboundKind,
    InformationScreen, Order, OrderedProduct,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) fn customer_feedback(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Feedback {
        feedback_screens: Vec<Object<Screen>>,
    }
    #[derive(Deserialize)]
    struct Screen {
        screen_id: Option<Scalar>,
        questions: BTreeMap<String, Object<Answered>>,
    }
    #[derive(Deserialize)]
    struct Answered {
        r#type: Option<String>,
        payload: Option<Scalar>,
        follow_up: Option<Object<Added>>,
    }
    #[derive(Deserialize)]
    struct Added {
        r#type: Option<String>,
        payload: Option<Scalar>,
    }
    let text = |scalar: Option<Scalar>| scalar.unwrap_or_default().0;
    let follow_up = |Object(added): Object<Added>| FollowUp {
        kind: added.r#type.unwrap_or_default(),
        payload: text(added.payload),
    };
    let answer = |(question, Object(answered)): (String, Object<Answered>)| FeedbackAnswer {
        question,
        kind: answered.r#type.unwrap_or_default(),
        payload: text(answered.payload),
        follow_up: answered.follow_up.map(follow_up),
    };
    let screen = |Object(screen): Object<Screen>| FeedbackScreen {
        screen: screen.screen_id.map(|id| id.0),
        answers: screen.questions.into_iter().map(answer).collect(),
    };
    let feedback: Feedback = json::object(raw)?;
    let screens = feedback.feedback_screens.into_iter().map(screen).collect();
    Some(InboundKind::CustomerFeedback(CustomerFeedback { screens }))
}

pub(super) fn customer_information(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Information {
        screens: Vec<Object<Screen>>,
    }
    #[derive(Deserialize)]
    struct Screen {
        screen_id: Option<Scalar>,
        responses: Vec<Object<Response>>,
    }
    #[derive(Deserialize)]
    struct Response {
        key: String,
        value: Option<Scalar>,
    }
    let response = |Object(one): Object<Response>| (one.key, one.value.unwrap_or_default().0);
    let screen = |Object(screen): Object<Screen>| InformationScreen {
        screen: screen.screen_id.map(|id| id.0),
        responses: screen.responses.into_iter().map(response).collect(),
    };
    let information: Information = json::object(raw)?;
    let screens = information.screens.into_iter().map(screen).collect();
    Some(InboundKind::CustomerInformation(CustomerInformation { screens }))
}

pub(super) fn order(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Cart {
        products: Vec<Object<Line>>,
        note: Option<Words>,
    }
    #[derive(Deserialize)]
    struct Line {
        id: Option<Id>,
        retailer_id: Option<Id>,
        name: Option<Words>,
        unit_price: Option<Scalar>,
        currency: Option<String>,
        quantity: Option<Integer>,
    }
    let line = |Object(line): Object<Line>| OrderedProduct {
        id: line.id.map(|id| id.0).unwrap_or_default(),
        retailer: line.retailer_id.map(|id| id.0),
        name: line.name.map(|name| name.0),
        unit_price: line.unit_price.map(|price| price.0),
        currency: line.currency,
        quantity: line.quantity.map(|quantity| quantity.0),
    };
    let cart: Cart = json::object(raw)?;
    let products = cart.products.into_iter().map(line).collect();
    Some(InboundKind::Order(Order { products, note: cart.note.map(|note| note.0) }))
}

pub(super) fn form(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Form {
        id: Id,
    }
    let form: Form = json::object(raw)?;
    Some(InboundKind::Form(form.id.0))
}

pub(super) fn game_play(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Play {
        game_id: Id,
        player_id: Option<Id>,
        context_type: Option<String>,
        context_id: Option<Id>,
        score: Option<Integer>,
        payload: Option<Words>,
    }
    let play: Play = json::object(raw)?;
    Some(InboundKind::GamePlay(GamePlay {
        game: play.game_id.0,
        player: play.player_id.map(|id| id.0),
        context_kind: play.context_type,
        context: play.context_id.map(|id| id.0),
        score: play.score.map(|score| score.0),
        payload: play.payload.map(|payload| payload.0),
    }))
}
