//! Templates of the Page that the platform approved.

use super::check::Check;
use super::limits;
use super::words::Words;
use serde::{Deserialize, Serialize};

/// An approved template, with what stands in its places. Whether the places fit, the platform knows alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Utility {
    /// The template's name.
    pub name: Words,
    /// Its language, such as `de` or `en_US`.
    pub language: Words,
    /// What stands in the places of its header.
    pub header: Vec<Parameter>,
    /// What stands in the places of its text.
    pub body: Vec<Parameter>,
}

/// What stands in one place of a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The place's name, in templates whose places have names; else their order counts.
    pub name: Option<Words>,
    /// What stands there.
    pub text: Words,
}

impl Utility {
    pub(super) fn check(&self, check: &mut Check) {
        check.words("name", &self.name, limits::TEMPLATE_NAME);
        check.words("language", &self.language, limits::TEMPLATE_LANGUAGE);
        check.each("header", &self.header, limits::PARAMETERS, Parameter::check);
        check.each("body", &self.body, limits::PARAMETERS, Parameter::check);
    }
}

impl Parameter {
    fn check(&self, check: &mut Check) {
        check.optional("name", self.name.as_ref(), limits::TEMPLATE_NAME);
        check.words("text", &self.text, limits::UNBOUNDED);
    }
}
