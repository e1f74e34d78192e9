//! Templates that need no approval.

use super::{Read, button, form, optional, owned, receipt};
use crate::proto::content::v1 as pb;
use domain::content::{Coupon, Element, Grid, GridImage, Medium, Tap, Template, Visual, Words};
use pb::template::Kind;

pub(super) fn to_wire(template: &Template) -> Kind {
    match template {
        Template::Generic { elements, is_sharable } => Kind::Generic(pb::GenericTemplate {
            elements: elements.iter().map(element_to_wire).collect(),
            is_sharable: *is_sharable,
        }),
        Template::Button { text, buttons } => {
            Kind::Button(pb::ButtonTemplate { text: owned(text), buttons: button::all_to_wire(buttons) })
        }
        Template::Media { visual: kind, medium, buttons, is_sharable } => Kind::Media(pb::MediaTemplate {
            media: visual(*kind).into(),
            source: Some(match medium {
                Medium::Saved(id) => pb::media_template::Source::AttachmentId(id.as_str().to_owned()),
                Medium::Facebook(url) => pb::media_template::Source::FacebookUrl(owned(url)),
            }),
            buttons: button::all_to_wire(buttons),
            is_sharable: *is_sharable,
        }),
        Template::Receipt(one) => Kind::Receipt(receipt::to_wire(one)),
        Template::Product(ids) => Kind::Product(pb::ProductTemplate { ids: ids.iter().map(owned).collect() }),
        Template::Coupon(coupon) => Kind::Coupon(coupon_to_wire(coupon)),
        Template::ImageGrid(grid) => Kind::ImageGrid(pb::ImageGridTemplate {
            title: optional(grid.title.as_ref()),
            subtitle: optional(grid.subtitle.as_ref()),
            images: grid.images.iter().map(image_to_wire).collect(),
            buttons: button::all_to_wire(&grid.buttons),
        }),
        Template::CustomerFeedback(one) => Kind::CustomerFeedback(form::feedback_to_wire(one)),
        Template::CustomerInformation(one) => Kind::CustomerInformation(form::information_to_wire(one)),
        Template::InstantForm(id) => Kind::InstantForm(pb::InstantFormTemplate { form_id: owned(id) }),
        Template::OneTimeRequest { title, payload } => {
            Kind::OneTimeRequest(pb::OneTimeRequest { title: owned(title), payload: owned(payload) })
        }
        Template::RecurringRequest(ask) => Kind::RecurringRequest(form::recurring_to_wire(ask)),
    }
}

fn element_to_wire(element: &Element) -> pb::Element {
    pb::Element {
        title: owned(&element.title),
        subtitle: optional(element.subtitle.as_ref()),
        image_url: optional(element.image_url.as_ref()),
        default_action: element.default_action.as_ref().map(button::page_to_wire),
        buttons: button::all_to_wire(&element.buttons),
    }
}

const fn visual(visual: Visual) -> pb::Media {
    match visual {
        Visual::Image => pb::Media::Image,
        Visual::Video => pb::Media::Video,
    }
}

fn coupon_to_wire(coupon: &Coupon) -> pb::CouponTemplate {
    pb::CouponTemplate {
        title: owned(&coupon.title),
        subtitle: optional(coupon.subtitle.as_ref()),
        code: optional(coupon.code.as_ref()),
        url: optional(coupon.url.as_ref()),
        url_button_title: optional(coupon.url_button_title.as_ref()),
        pre_message: optional(coupon.pre_message.as_ref()),
        image_url: optional(coupon.image_url.as_ref()),
        payload: optional(coupon.payload.as_ref()),
    }
}

fn image_to_wire(image: &GridImage) -> pb::GridImage {
    let tap = image.tap.as_ref().map(|tap| match tap {
        Tap::Url(url) => pb::grid_image::Tap::TapUrl(owned(url)),
        Tap::Postback { payload, text } => pb::grid_image::Tap::TapPostback(pb::GridPostback {
            payload: owned(payload),
            text: optional(text.as_ref()),
        }),
    });
    pb::GridImage { url: owned(&image.url), is_hero: image.is_hero, tap }
}

fn coupon(coupon: pb::CouponTemplate) -> Coupon {
    Coupon {
        title: coupon.title.into(),
        subtitle: Words::unless_empty(coupon.subtitle),
        code: Words::unless_empty(coupon.code),
        url: Words::unless_empty(coupon.url),
        url_button_title: Words::unless_empty(coupon.url_button_title),
        pre_message: Words::unless_empty(coupon.pre_message),
        image_url: Words::unless_empty(coupon.image_url),
        payload: Words::unless_empty(coupon.payload),
    }
}

fn image(image: pb::GridImage) -> GridImage {
    let tap = image.tap.map(|tap| match tap {
        pb::grid_image::Tap::TapUrl(url) => Tap::Url(url.into()),
        pb::grid_image::Tap::TapPostback(tap) => {
            Tap::Postback { payload: tap.payload.into(), text: Words::unless_empty(tap.text) }
        }
    });
    GridImage { url: image.url.into(), is_hero: image.is_hero, tap }
}

impl Read<'_> {
    pub(super) fn template(&mut self, template: pb::Template) -> Option<Template> {
        match self.given(template.kind, "one of the templates")? {
            Kind::Generic(one) => {
                let elements = self.within("generic", |read| read.each("elements", one.elements, Read::element))?;
                Some(Template::Generic { elements, is_sharable: one.is_sharable })
            }
            Kind::Button(one) => {
                let buttons = self.within("button", |read| read.buttons(one.buttons))?;
                Some(Template::Button { text: one.text.into(), buttons })
            }
            Kind::Media(one) => self.within("media", |read| read.media(one)),
            Kind::Receipt(one) => {
                self.within("receipt", |read| read.receipt(one)).map(|one| Template::Receipt(Box::new(one)))
            }
            Kind::Product(one) => Some(Template::Product(one.ids.into_iter().map(Words::from).collect())),
            Kind::Coupon(one) => Some(Template::Coupon(Box::new(coupon(one)))),
            Kind::ImageGrid(one) => self.within("image_grid", |read| {
                Some(Template::ImageGrid(Grid {
                    title: Words::unless_empty(one.title),
                    subtitle: Words::unless_empty(one.subtitle),
                    images: one.images.into_iter().map(image).collect(),
                    buttons: read.buttons(one.buttons)?,
                }))
            }),
            Kind::CustomerFeedback(one) => self
                .within("customer_feedback", |read| read.feedback(one))
                .map(|one| Template::CustomerFeedback(Box::new(one))),
            Kind::CustomerInformation(one) => Some(Template::CustomerInformation(form::information(one))),
            Kind::InstantForm(one) => Some(Template::InstantForm(one.form_id.into())),
            Kind::OneTimeRequest(ask) => {
                Some(Template::OneTimeRequest { title: ask.title.into(), payload: ask.payload.into() })
            }
            Kind::RecurringRequest(ask) => {
                self.within("recurring_request", |read| read.recurring(ask)).map(Template::RecurringRequest)
            }
        }
    }

    fn element(&mut self, element: pb::Element) -> Option<Element> {
        let default_action = self.if_given("default_action", element.default_action, Read::page);
        let buttons = self.buttons(element.buttons);
        Some(Element {
            title: element.title.into(),
            subtitle: Words::unless_empty(element.subtitle),
            image_url: Words::unless_empty(element.image_url),
            default_action: default_action?,
            buttons: buttons?,
        })
    }

    fn media(&mut self, template: pb::MediaTemplate) -> Option<Template> {
        let visual = self.word("media", template.media, &[Visual::Image, Visual::Video], visual);
        let medium = match self.given(template.source, "attachment_id or facebook_url") {
            Some(pb::media_template::Source::AttachmentId(id)) => self.attachment_id(&id).map(Medium::Saved),
            Some(pb::media_template::Source::FacebookUrl(url)) => Some(Medium::Facebook(url.into())),
            None => None,
        };
        let buttons = self.buttons(template.buttons);
        let is_sharable = template.is_sharable;
        Some(Template::Media { visual: visual?, medium: medium?, buttons: buttons?, is_sharable })
    }
}
