//! Forms, and requests for notifications.

use super::super::Fields;
use super::of;
use domain::content::{Feedback, ImageShape, Information, Question, Recurring, RecurringLabel, Score, Words};
use serde_json::{Value, json};

pub(super) fn feedback(form: &Feedback) -> Value {
    of("customer_feedback")
        .with("title", form.title.as_str())
        .words("subtitle", form.subtitle.as_ref())
        .words("button_title", form.button_title.as_ref())
        .with("feedback_screens", json!([{ "questions": [question(&form.question)] }]))
        .with("business_privacy", json!({ "url": form.privacy_url.as_str() }))
        .given("expires_in_days", form.expires_in_days)
        .json()
}

fn question(question: &Question) -> Value {
    let (kind, option) = match question.score {
        Score::Stars => ("csat", Some("five_stars")),
        Score::Faces => ("csat", Some("five_emojis")),
        Score::OneToFive => ("csat", Some("one_to_five")),
        Score::Recommendation => ("nps", Some("zero_to_ten")),
        Score::Effort => ("ces", Some("one_to_seven")),
        Score::FreeForm => ("free_form", None),
    };
    let follow_up =
        question.follow_up.as_ref().map(|words| json!({ "type": "free_form", "placeholder": words.as_str() }));
    Fields::of("id", question.id.as_str())
        .with("type", kind)
        .words("title", question.title.as_ref())
        .given("score_option", option)
        .given("follow_up", follow_up)
        .json()
}

pub(super) fn information(form: &Information) -> Value {
    let countries: Vec<_> = form.countries.iter().map(Words::as_str).collect();
    of("customer_information")
        .with("countries", countries)
        .with("business_privacy", json!({ "url": form.privacy_url.as_str() }))
        .given("expires_in_days", form.expires_in_days)
        .json()
}

pub(super) fn recurring(ask: &Recurring) -> Value {
    let shape = ask.image_shape.map(|shape| match shape {
        ImageShape::Horizontal => "HORIZONTAL",
        ImageShape::Square => "SQUARE",
    });
    let label = ask.label.map(|label| match label {
        RecurringLabel::Allow => "ALLOW",
        RecurringLabel::Get => "GET",
        RecurringLabel::GetUpdates => "GET_UPDATES",
        RecurringLabel::OptIn => "OPT_IN",
        RecurringLabel::SignUp => "SIGN_UP",
    });
    of("notification_messages")
        .with("title", ask.title.as_str())
        .with("payload", ask.payload.as_str())
        .words("image_url", ask.image_url.as_ref())
        .given("image_aspect_ratio", shape)
        .given("notification_messages_cta_text", label)
        .words("notification_messages_timezone", ask.timezone.as_ref())
        .json()
}
