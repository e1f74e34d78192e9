//! Forms, and requests for notifications.

use super::{Read, optional, owned};
use crate::proto::content::v1 as pb;
use domain::content::{Feedback, ImageShape, Information, Question, Recurring, RecurringLabel, Score, Words};

pub(super) fn feedback_to_wire(form: &Feedback) -> pb::CustomerFeedbackTemplate {
    let question = &form.question;
    pb::CustomerFeedbackTemplate {
        title: owned(&form.title),
        subtitle: optional(form.subtitle.as_ref()),
        button_title: optional(form.button_title.as_ref()),
        question: Some(pb::FeedbackQuestion {
            id: owned(&question.id),
            score: score(question.score).into(),
            title: optional(question.title.as_ref()),
            follow_up: optional(question.follow_up.as_ref()),
        }),
        privacy_url: owned(&form.privacy_url),
        expires_in_days: form.expires_in_days,
    }
}

pub(super) fn information_to_wire(form: &Information) -> pb::CustomerInformationTemplate {
    pb::CustomerInformationTemplate {
        countries: form.countries.iter().map(owned).collect(),
        privacy_url: owned(&form.privacy_url),
        expires_in_days: form.expires_in_days,
    }
}

pub(super) fn information(form: pb::CustomerInformationTemplate) -> Information {
    Information {
        countries: form.countries.into_iter().map(Words::from).collect(),
        privacy_url: form.privacy_url.into(),
        expires_in_days: form.expires_in_days,
    }
}

pub(super) fn recurring_to_wire(ask: &Recurring) -> pb::RecurringRequest {
    pb::RecurringRequest {
        title: owned(&ask.title),
        payload: owned(&ask.payload),
        image_url: optional(ask.image_url.as_ref()),
        image_shape: shape(ask.image_shape).into(),
        label: label(ask.label).into(),
        timezone: optional(ask.timezone.as_ref()),
    }
}

const SCORES: [Score; 6] =
    [Score::Stars, Score::Faces, Score::OneToFive, Score::Recommendation, Score::Effort, Score::FreeForm];

const fn score(score: Score) -> pb::Score {
    match score {
        Score::Stars => pb::Score::Stars,
        Score::Faces => pb::Score::Faces,
        Score::OneToFive => pb::Score::OneToFive,
        Score::Recommendation => pb::Score::Recommendation,
        Score::Effort => pb::Score::Effort,
        Score::FreeForm => pb::Score::FreeForm,
    }
}

const SHAPES: [Option<ImageShape>; 3] = [None, Some(ImageShape::Horizontal), Some(ImageShape::Square)];

const fn shape(shape: Option<ImageShape>) -> pb::ImageShape {
    match shape {
        None => pb::ImageShape::Unspecified,
        Some(ImageShape::Horizontal) => pb::ImageShape::Horizontal,
        Some(ImageShape::Square) => pb::ImageShape::Square,
    }
}

const LABELS: [Option<RecurringLabel>; 6] = [
    None,
    Some(RecurringLabel::Allow),
    Some(RecurringLabel::Get),
    Some(RecurringLabel::GetUpdates),
    Some(RecurringLabel::OptIn),
    Some(RecurringLabel::SignUp),
];

const fn label(label: Option<RecurringLabel>) -> pb::RecurringLabel {
    match label {
        None => pb::RecurringLabel::Unspecified,
        Some(RecurringLabel::Allow) => pb::RecurringLabel::Allow,
        Some(RecurringLabel::Get) => pb::RecurringLabel::Get,
        Some(RecurringLabel::GetUpdates) => pb::RecurringLabel::GetUpdates,
        Some(RecurringLabel::OptIn) => pb::RecurringLabel::OptIn,
        Some(RecurringLabel::SignUp) => pb::RecurringLabel::SignUp,
    }
}

impl Read<'_> {
    pub(super) fn feedback(&mut self, form: pb::CustomerFeedbackTemplate) -> Option<Feedback> {
        let question = form.question.unwrap_or_default();
        let score = self.within("question", |read| read.word("score", question.score, &SCORES, score))?;
        Some(Feedback {
            title: form.title.into(),
            subtitle: Words::unless_empty(form.subtitle),
            button_title: Words::unless_empty(form.button_title),
            question: Question {
                id: question.id.into(),
                score,
                title: Words::unless_empty(question.title),
                follow_up: Words::unless_empty(question.follow_up),
            },
            privacy_url: form.privacy_url.into(),
            expires_in_days: form.expires_in_days,
        })
    }

    pub(super) fn recurring(&mut self, ask: pb::RecurringRequest) -> Option<Recurring> {
        let image_shape = self.word("image_shape", ask.image_shape, &SHAPES, shape);
        let label = self.word("label", ask.label, &LABELS, label);
        Some(Recurring {
            title: ask.title.into(),
            payload: ask.payload.into(),
            image_url: Words::unless_empty(ask.image_url),
            image_shape: image_shape?,
            label: label?,
            timezone: Words::unless_empty(ask.timezone),
        })
    }
}
