//! Templates, as the Send API's `payload` of type `template`.

mod button;
mod form;
mod receipt;

use super::Fields;
use domain::content::{Coupon, Element, Grid, GridImage, Medium, Tap, Template, Visual, Words};
use serde_json::{Value, json};

pub(super) fn payload(template: &Template) -> Value {
    match template {
        Template::Generic { elements, is_sharable } => of("generic")
            .with("elements", elements.iter().map(element).collect::<Vec<_>>())
            .flag("sharable", *is_sharable)
            .json(),
        Template::Button { text, buttons } => {
            of("button").with("text", text.as_str()).with("buttons", button::all(buttons)).json()
        }
        Template::Media { visual, medium, buttons, is_sharable } => {
            let fields = Fields::of("media_type", word(*visual));
            let fields = match medium {
                Medium::Saved(id) => fields.with("attachment_id", id.as_str()),
                Medium::Facebook(url) => fields.with("url", url.as_str()),
            };
            let element = fields.list("buttons", button::all(buttons)).json();
            of("media").with("elements", vec![element]).flag("sharable", *is_sharable).json()
        }
        Template::Receipt(one) => receipt::payload(one),
        Template::Product(ids) => {
            let elements: Vec<_> = ids.iter().map(|id| json!({ "id": id.as_str() })).collect();
            of("product").with("elements", elements).json()
        }
        Template::Coupon(one) => coupon(one),
        Template::ImageGrid(one) => of("image_grid").with("elements", vec![grid(one)]).json(),
        Template::CustomerFeedback(one) => form::feedback(one),
        Template::CustomerInformation(one) => form::information(one),
        Template::InstantForm(id) => of("instant_form").with("form_id", id.as_str()).json(),
        Template::OneTimeRequest { title, payload } => {
            of("one_time_notif_req").with("title", title.as_str()).with("payload", payload.as_str()).json()
        }
        Template::RecurringRequest(one) => form::recurring(one),
    }
}

fn of(template_type: &str) -> Fields {
    Fields::of("template_type", template_type)
}

const fn word(visual: Visual) -> &'static str {
    match visual {
        Visual::Image => "image",
        Visual::Video => "video",
    }
}

fn element(element: &Element) -> Value {
    Fields::new()
        .with("title", element.title.as_str())
        .words("subtitle", element.subtitle.as_ref())
        .words("image_url", element.image_url.as_ref())
        .given("default_action", element.default_action.as_ref().map(|page| button::page(page).json()))
        .list("buttons", button::all(&element.buttons))
        .json()
}

fn coupon(coupon: &Coupon) -> Value {
    of("coupon")
        .with("title", coupon.title.as_str())
        .words("subtitle", coupon.subtitle.as_ref())
        .words("coupon_code", coupon.code.as_ref())
        .words("coupon_url", coupon.url.as_ref())
        .words("coupon_url_button_title", coupon.url_button_title.as_ref())
        .words("coupon_pre_message", coupon.pre_message.as_ref())
        .words("image_url", coupon.image_url.as_ref())
        .words("payload", coupon.payload.as_ref())
        .json()
}

fn grid(grid: &Grid) -> Value {
    Fields::new()
        .words("title", grid.title.as_ref())
        .words("subtitle", grid.subtitle.as_ref())
        .with("images", grid.images.iter().map(image).collect::<Vec<_>>())
        .list("buttons", button::all(&grid.buttons))
        .json()
}

fn image(image: &GridImage) -> Value {
    let action = image.tap.as_ref().map(|tap| match tap {
        Tap::Url(url) => json!({ "type": "web_url", "url": url.as_str() }),
        Tap::Postback { payload, text } => Fields::of("type", "postback")
            .with("payload", payload.as_str())
            .given("text", text.as_ref().map(Words::as_str))
            .json(),
    });
    Fields::new().with("url", image.url.as_str()).flag("is_hero_image", image.is_hero).given("action", action).json()
}
