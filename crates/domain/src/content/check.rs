//! Holds a message against the platform's limits, and notes every one that it breaks.

use super::button::Button;
use super::limits;
use super::words::Words;
use super::{Body, Content, HandOver, QuickReply, Source};
use std::ops::RangeInclusive;

/// A limit that a message breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `content.template.button.buttons[2].postback.title`.
    pub field: String,
    /// What it must be. It quotes nothing.
    pub what: String,
}

/// Every limit that the content breaks.
pub(super) fn all(content: &Content) -> Vec<Violation> {
    let mut check = Check { path: "content".to_owned(), found: Vec::new() };
    content.check(&mut check);
    check.found
}

/// Where the check is, and what it found.
pub(super) struct Check {
    path: String,
    found: Vec<Violation>,
}

impl Check {
    /// Goes into a part.
    pub(super) fn within(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push('.');
        self.path.push_str(name);
        look(self);
        self.path.truncate(length);
    }

    /// Counts the parts of a list, and goes into each.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        list: &[T],
        lengths: RangeInclusive<usize>,
        look: impl Fn(&T, &mut Self),
    ) {
        if !lengths.contains(&list.len()) {
            let (least, most) = lengths.into_inner();
            self.add(name, format!("has {} parts; the platform takes {least} to {most}", list.len()));
        }
        for (place, part) in list.iter().enumerate() {
            self.within(&format!("{name}[{place}]"), |check| look(part, check));
        }
    }

    /// Notes what a field must be.
    pub(super) fn add(&mut self, field: &str, what: impl Into<String>) {
        self.found.push(Violation { field: format!("{}.{field}", self.path), what: what.into() });
    }

    /// A text that must be there.
    pub(super) fn words(&mut self, field: &str, text: &Words, most: usize) {
        if text.as_str().trim().is_empty() {
            self.add(field, "must say something");
        }
        self.optional(field, Some(text), most);
    }

    /// A text that may be left out.
    pub(super) fn optional(&mut self, field: &str, text: Option<&Words>, most: usize) {
        let n_chars = text.map_or(0, Words::n_chars);
        if n_chars > most {
            self.add(field, format!("has {n_chars} characters; the platform takes {most}"));
        }
    }

    /// An address on the web.
    pub(super) fn url(&mut self, field: &str, url: &Words) {
        let rest = url.as_str().strip_prefix("https://").or_else(|| url.as_str().strip_prefix("http://"));
        self.address(field, url, rest);
    }

    /// An encrypted address on the web.
    pub(super) fn encrypted(&mut self, field: &str, url: &Words) {
        let rest = url.as_str().strip_prefix("https://");
        if rest.is_none() && url.as_str().starts_with("http://") {
            self.add(field, "must begin with `https://`");
        } else {
            self.address(field, url, rest);
        }
    }

    fn address(&mut self, field: &str, url: &Words, rest: Option<&str>) {
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        if host.is_empty() || url.as_str().contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            self.add(field, "is an address like `https://shop.example/page`");
        }
        self.optional(field, Some(url), limits::URL);
    }

    /// An address that may be left out.
    pub(super) fn optional_url(&mut self, field: &str, url: Option<&Words>) {
        if let Some(url) = url {
            self.url(field, url);
        }
    }

    /// An id of the platform: digits.
    pub(super) fn number(&mut self, field: &str, id: &Words) {
        let is_number = (1..=32).contains(&id.as_str().len()) && id.as_str().bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            self.add(field, "is an id of the platform: 1 to 32 digits");
        }
    }

    /// A time in days that may be left out.
    pub(super) fn days(&mut self, field: &str, days: Option<u32>) {
        if days.is_some_and(|days| !limits::DAYS.contains(&days)) {
            let (least, most) = (limits::DAYS.start(), limits::DAYS.end());
            self.add(field, format!("is {least} to {most} days"));
        }
    }

    /// Buttons.
    pub(super) fn buttons(&mut self, buttons: &[Button], lengths: RangeInclusive<usize>) {
        self.each("buttons", buttons, lengths, Button::check);
    }
}

impl Content {
    fn check(&self, check: &mut Check) {
        self.body.check(check);
        check.each("quick_replies", &self.quick_replies, 0..=limits::QUICK_REPLIES, QuickReply::check);
        if !self.quick_replies.is_empty() && matches!(self.body, Body::Utility(_)) {
            check.add("quick_replies", "cannot stand beside a utility template");
        }
        let asks = self.kind().ask().is_some();
        if asks && self.reply_to.is_some() {
            check.add("reply_to", "cannot stand beside a request for notifications");
        }
        check.optional("metadata", self.metadata.as_ref(), limits::METADATA);
        match &self.hand_over {
            Some(HandOver::Pass(_)) if asks => {
                check.add(
                    "hand_over",
                    "cannot stand beside a request for notifications: its answer comes to its sender",
                );
            }
            Some(HandOver::Pass(_) | HandOver::Release) | None => (),
        }
    }
}

impl Body {
    fn check(&self, check: &mut Check) {
        match self {
            Self::Text(text) => check.words("text", text, limits::TEXT),
            Self::Attachment { media: _, source } => {
                check.within("attachment", |check| check.within("source", |check| source.check(check)));
            }
            Self::Images(sources) => {
                check.within("images", |check| check.each("sources", sources, limits::IMAGES, Source::check));
            }
            Self::Sticker(id) => {
                if *id != limits::THUMB {
                    check.add("sticker", format!("is {}, the thumb: the platform takes no other", limits::THUMB));
                }
            }
            Self::Template(template) => check.within("template", |check| template.check(check)),
            Self::Utility(utility) => check.within("utility", |check| utility.check(check)),
        }
    }
}

impl Source {
    fn check(&self, check: &mut Check) {
        match self {
            Self::Url(url) => check.url("url", url),
            Self::Kept(url) => check.url("kept_url", url),
            Self::Saved(_) => (),
        }
    }
}

impl QuickReply {
    fn check(&self, check: &mut Check) {
        let Self::Text { title, payload, image_url } = self else { return };
        check.within("text", |check| {
            check.optional("title", title.as_ref(), limits::BUTTON_TITLE);
            check.optional("payload", payload.as_ref(), limits::PAYLOAD);
            check.optional_url("image_url", image_url.as_ref());
            for (field, text) in [("title", title), ("payload", payload)] {
                if text.is_none() && image_url.is_none() {
                    check.add(field, "is required where there is no picture");
                }
            }
        });
    }
}
