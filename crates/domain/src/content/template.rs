//! Templates of the platform that need no approval.

use super::button::{Button, WebPage};
use super::check::Check;
use super::form::{Feedback, Information};
use super::limits;
use super::receipt::Receipt;
use super::words::Words;
use crate::decision::ContentKind;
use crate::id::AttachmentId;
use serde::{Deserialize, Serialize};

/// A template. Those without a type of their own have few parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Template {
    /// Cards beside each other, 1 to 10.
    Generic {
        /// The cards.
        elements: Vec<Element>,
        /// Whether people can pass it on by a button of its own.
        is_sharable: bool,
    },
    /// A text with buttons.
    Button {
        /// At most 640 characters.
        text: Words,
        /// 1 to 3.
        buttons: Vec<Button>,
    },
    /// A picture or film with buttons.
    Media {
        /// Which of them.
        visual: Visual,
        /// Where it comes from.
        medium: Medium,
        /// 3 at most.
        buttons: Vec<Button>,
        /// Whether people can pass it on by a button of its own.
        is_sharable: bool,
    },
    /// The confirmation of an order.
    Receipt(Box<Receipt>),
    /// Products of the Page's catalogue, 1 to 10 by their ids.
    Product(Vec<Words>),
    /// A code or address that makes something cheaper.
    Coupon(Box<Coupon>),
    /// 2 to 6 pictures in a grid.
    ImageGrid(Grid),
    /// A form for feedback.
    CustomerFeedback(Box<Feedback>),
    /// A form for the person's address.
    CustomerInformation(Information),
    /// A form that was made on the platform, by its id.
    InstantForm(Words),
    /// Asks whether the person wants one message about something.
    OneTimeRequest {
        /// What they would hear of, at most 65 characters.
        title: Words,
        /// What our side is told, at most 1,000 characters.
        payload: Words,
    },
    /// Asks whether the person wants messages about something again and again.
    RecurringRequest(Recurring),
}

/// A card of the generic template: a title and at least one thing beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// At most 80 characters.
    pub title: Words,
    /// At most 80 characters.
    pub subtitle: Option<Words>,
    /// A picture.
    pub image_url: Option<Words>,
    /// What opens when the card is tapped.
    pub default_action: Option<WebPage>,
    /// 3 at most.
    pub buttons: Vec<Button>,
}

/// What can be shown with buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visual {
    /// A picture.
    Image,
    /// A film.
    Video,
}

/// Where the media template's picture or film comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Medium {
    /// The Page uploaded it before.
    Saved(AttachmentId),
    /// It stands on Facebook at this address; others are refused.
    Facebook(Words),
}

/// A code or address that makes something cheaper.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coupon {
    /// At most 80 characters.
    pub title: Words,
    /// At most 80 characters.
    pub subtitle: Option<Words>,
    /// The code, without spaces; required where there is no address.
    pub code: Option<Words>,
    /// Where it is redeemed; required where there is no code.
    pub url: Option<Words>,
    /// What stands on the button to that address.
    pub url_button_title: Option<Words>,
    /// What is said before the coupon is shown.
    pub pre_message: Option<Words>,
    /// A picture.
    pub image_url: Option<Words>,
    /// What our side is told, at most 1,000 characters.
    pub payload: Option<Words>,
}

/// Pictures in a grid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// At most 45 characters.
    pub title: Option<Words>,
    /// At most 80 characters.
    pub subtitle: Option<Words>,
    /// 2 to 6.
    pub images: Vec<GridImage>,
    /// 3 at most, which open pages or tell our side.
    pub buttons: Vec<Button>,
}

/// A picture of a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridImage {
    /// Its address.
    pub url: Words,
    /// Whether it is shown larger; one picture at most.
    pub is_hero: bool,
    /// What a tap does.
    pub tap: Option<Tap>,
}

/// What a tap on a picture does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tap {
    /// Opens a page.
    Url(Words),
    /// Tells our side.
    Postback {
        /// What our side is told, at most 1,000 characters.
        payload: Words,
        /// What the person then seems to have written.
        text: Option<Words>,
    },
}

/// A request to agree to messages about something, again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recurring {
    /// What they would hear of, at most 65 characters.
    pub title: Words,
    /// What our side is told, at most 1,000 characters.
    pub payload: Words,
    /// A picture.
    pub image_url: Option<Words>,
    /// The picture's shape.
    pub image_shape: Option<ImageShape>,
    /// What stands on the button.
    pub label: Option<RecurringLabel>,
    /// The Page's time zone, such as `America/New_York`.
    pub timezone: Option<Words>,
}

/// A picture's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageShape {
    /// Wider than high.
    Horizontal,
    /// As wide as high.
    Square,
}

/// What stands on the button that agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecurringLabel {
    /// That it is allowed.
    Allow,
    /// That messages are got.
    Get,
    /// That updates are got.
    GetUpdates,
    /// That the person opts in.
    OptIn,
    /// That the person signs up.
    SignUp,
}

impl Template {
    pub(super) fn kind(&self) -> ContentKind {
        match self {
            Self::CustomerFeedback(_) => ContentKind::FeedbackTemplate,
            Self::OneTimeRequest { title, .. } => ContentKind::OneTimeRequest { title: title.as_str().to_owned() },
            Self::RecurringRequest(ask) => ContentKind::RecurringRequest { title: ask.title.as_str().to_owned() },
            Self::Generic { .. }
            | Self::Button { .. }
            | Self::Media { .. }
            | Self::Receipt(_)
            | Self::Product(_)
            | Self::Coupon(_)
            | Self::ImageGrid(_)
            | Self::CustomerInformation(_)
            | Self::InstantForm(_) => ContentKind::Message,
        }
    }

    pub(super) fn words(&self) -> Option<&str> {
        let words = match self {
            Self::Generic { elements, .. } => &elements.first()?.title,
            Self::Button { text, .. } => text,
            Self::Coupon(coupon) => &coupon.title,
            Self::ImageGrid(grid) => grid.title.as_ref()?,
            Self::CustomerFeedback(form) => &form.title,
            Self::OneTimeRequest { title, .. } => title,
            Self::RecurringRequest(ask) => &ask.title,
            Self::Media { .. }
            | Self::Receipt(_)
            | Self::Product(_)
            | Self::CustomerInformation(_)
            | Self::InstantForm(_) => return None,
        };
        Some(words.as_str())
    }

    pub(super) fn check(&self, check: &mut Check) {
        match self {
            Self::Generic { elements, .. } => check.within("generic", |check| {
                check.each("elements", elements, limits::ELEMENTS, Element::check);
            }),
            Self::Button { text, buttons } => check.within("button", |check| {
                check.words("text", text, limits::BUTTON_TEXT);
                check.buttons(buttons, limits::BUTTONS_NEEDED);
            }),
            Self::Media { medium, buttons, .. } => check.within("media", |check| {
                if let Medium::Facebook(url) = medium
                    && !is_on_facebook(url.as_str())
                {
                    check.add("facebook_url", "is an address on Facebook; upload other media first");
                }
                check.buttons(buttons, limits::BUTTONS);
            }),
            Self::Receipt(receipt) => check.within("receipt", |check| receipt.check(check)),
            Self::Product(ids) => check.within("product", |check| {
                check.each("ids", ids, limits::ELEMENTS, |_, _| ());
                ids.iter().enumerate().for_each(|(place, id)| check.number(&format!("ids[{place}]"), id));
            }),
            Self::Coupon(coupon) => check.within("coupon", |check| coupon.check(check)),
            Self::ImageGrid(grid) => check.within("image_grid", |check| grid.check(check)),
            Self::CustomerFeedback(form) => check.within("customer_feedback", |check| form.check(check)),
            Self::CustomerInformation(form) => check.within("customer_information", |check| form.check(check)),
            Self::InstantForm(id) => check.within("instant_form", |check| check.number("form_id", id)),
            Self::OneTimeRequest { title, payload } => check.within("one_time_request", |check| {
                check.words("title", title, limits::FORM_TITLE);
                check.words("payload", payload, limits::PAYLOAD);
            }),
            Self::RecurringRequest(ask) => check.within("recurring_request", |check| ask.check(check)),
        }
    }
}

impl Element {
    fn check(&self, check: &mut Check) {
        check.words("title", &self.title, limits::TITLE);
        check.optional("subtitle", self.subtitle.as_ref(), limits::TITLE);
        check.optional_url("image_url", self.image_url.as_ref());
        if let Some(page) = &self.default_action {
            check.within("default_action", |check| page.check(check));
        }
        check.buttons(&self.buttons, limits::BUTTONS);
        let is_bare = self.subtitle.is_none() && self.image_url.is_none();
        if is_bare && self.default_action.is_none() && self.buttons.is_empty() {
            check.add("subtitle", "is required where there is no picture, action or button");
        }
    }
}

impl Coupon {
    fn check(&self, check: &mut Check) {
        check.words("title", &self.title, limits::TITLE);
        check.optional("subtitle", self.subtitle.as_ref(), limits::TITLE);
        check.optional("code", self.code.as_ref(), limits::UNBOUNDED);
        if self.code.as_ref().is_some_and(|code| code.as_str().contains(char::is_whitespace)) {
            check.add("code", "has no spaces");
        }
        if self.code.is_none() && self.url.is_none() {
            check.add("code", "is required where there is no url");
        }
        check.optional_url("url", self.url.as_ref());
        check.optional("url_button_title", self.url_button_title.as_ref(), limits::UNBOUNDED);
        check.optional("pre_message", self.pre_message.as_ref(), limits::UNBOUNDED);
        check.optional_url("image_url", self.image_url.as_ref());
        check.optional("payload", self.payload.as_ref(), limits::PAYLOAD);
    }
}

impl Grid {
    fn check(&self, check: &mut Check) {
        check.optional("title", self.title.as_ref(), limits::GRID_TITLE);
        check.optional("subtitle", self.subtitle.as_ref(), limits::TITLE);
        check.each("images", &self.images, limits::GRID_IMAGES, GridImage::check);
        if self.images.iter().filter(|image| image.is_hero).count() > 1 {
            check.add("images", "have one hero at most");
        }
        check.buttons(&self.buttons, limits::BUTTONS);
        let fits = |button: &Button| matches!(button, Button::WebUrl { .. } | Button::Postback { .. });
        if !self.buttons.iter().all(fits) {
            check.add("buttons", "open pages or tell our side: web_url or postback");
        }
    }
}

impl GridImage {
    fn check(&self, check: &mut Check) {
        check.url("url", &self.url);
        match &self.tap {
            None => (),
            Some(Tap::Url(url)) => check.url("tap_url", url),
            Some(Tap::Postback { payload, text }) => check.within("tap_postback", |check| {
                check.words("payload", payload, limits::PAYLOAD);
                check.optional("text", text.as_ref(), limits::UNBOUNDED);
            }),
        }
    }
}

impl Recurring {
    fn check(&self, check: &mut Check) {
        check.words("title", &self.title, limits::FORM_TITLE);
        check.words("payload", &self.payload, limits::PAYLOAD);
        check.optional_url("image_url", self.image_url.as_ref());
        check.optional("timezone", self.timezone.as_ref(), limits::UNBOUNDED);
    }
}

/// Whether the platform takes it as its own; the media template refuses all other addresses.
fn is_on_facebook(url: &str) -> bool {
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_of = |own: &str| host == own || host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
    let is_plain = url.len() <= limits::URL && !url.contains(char::is_whitespace);
    is_plain && ["facebook.com", "fb.com", "fb.watch"].into_iter().any(is_of)
}
