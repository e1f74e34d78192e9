//! Forms that the platform shows: feedback, and the person's address.

use super::check::Check;
use super::limits;
use super::words::Words;
use serde::{Deserialize, Serialize};

/// A form for feedback, with one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// At most 65 characters.
    pub title: Words,
    /// At most 80 characters.
    pub subtitle: Option<Words>,
    /// What stands on the button that opens it, at most 20 characters.
    pub button_title: Option<Words>,
    /// What is asked.
    pub question: Question,
    /// The business's rules of privacy.
    pub privacy_url: Words,
    /// For how many days it can be filled in, 1 to 7; the platform's default is 1.
    pub expires_in_days: Option<u32>,
}

/// A question of a form for feedback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its name in the answer: letters, digits and underscores, at most 80.
    pub id: Words,
    /// How it is answered.
    pub score: Score,
    /// 5 to 85 characters; left out, the platform asks in its own words.
    pub title: Option<Words>,
    /// Asks for words besides the score: what stands in the empty field, at most 65 characters.
    pub follow_up: Option<Words>,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Score {
    /// Satisfaction, by five stars.
    Stars,
    /// Satisfaction, by five faces.
    Faces,
    /// Satisfaction, from 1 to 5.
    OneToFive,
    /// Whether they would recommend the business, from 0 to 10.
    Recommendation,
    /// How easy it was, from 1 to 7.
    Effort,
    /// In words.
    FreeForm,
}

/// A form for the person's address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Information {
    /// Countries to which addresses may belong, as two capital letters, such as `US`.
    pub countries: Vec<Words>,
    /// The business's rules of privacy.
    pub privacy_url: Words,
    /// For how many days it can be filled in, 1 to 7; the platform's default is 1.
    pub expires_in_days: Option<u32>,
}

impl Feedback {
    pub(super) fn check(&self, check: &mut Check) {
        check.words("title", &self.title, limits::FORM_TITLE);
        check.optional("subtitle", self.subtitle.as_ref(), limits::TITLE);
        check.optional("button_title", self.button_title.as_ref(), limits::BUTTON_TITLE);
        check.within("question", |check| self.question.check(check));
        check.url("privacy_url", &self.privacy_url);
        check.days("expires_in_days", self.expires_in_days);
    }
}

impl Question {
    fn check(&self, check: &mut Check) {
        check.words("id", &self.id, limits::QUESTION_ID);
        if !self.id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            check.add("id", "has letters, digits and underscores alone");
        }
        if self.title.as_ref().is_some_and(|title| !limits::QUESTION.contains(&title.n_chars())) {
            let (least, most) = (limits::QUESTION.start(), limits::QUESTION.end());
            check.add("title", format!("is {least} to {most} characters"));
        }
        check.optional("follow_up", self.follow_up.as_ref(), limits::FORM_TITLE);
    }
}

impl Information {
    pub(super) fn check(&self, check: &mut Check) {
        check.each("countries", &self.countries, limits::COUNTRIES, |_, _| ());
        let is_country = |country: &Words| {
            country.as_str().len() == 2 && country.as_str().bytes().all(|one| one.is_ascii_uppercase())
        };
        if !self.countries.iter().all(is_country) {
            check.add("countries", "are two capital letters each, such as `US`");
        }
        check.url("privacy_url", &self.privacy_url);
        check.days("expires_in_days", self.expires_in_days);
    }
}
