//! What a message may hold: every kind within its limits, and every limit by the field that breaks it.

mod samples;

use domain::content::{
    Body, Button, Content, Coupon, Element, Feedback, Grid, GridImage, HandOver, Information, Item, Media, Medium,
    Parameter, Question, QuickReply, Receipt, Score, Source, Template, Utility, Visual, WebPage, Words,
};
use domain::decision::ContentKind;
use domain::id::{AppId, Mid};
use samples::{Names, all};

fn long(n_chars: usize) -> Words {
    "é".repeat(n_chars).into()
}

#[track_caller]
fn check(content: &Content, expected: &[&str]) {
    let found = content.violations();
    let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, expected, "{found:?}");
}

#[track_caller]
fn check_template(template: Template, expected: &[&str]) {
    let whole: Vec<_> = expected.iter().map(|field| format!("content.template.{field}")).collect();
    check(&Content::template(template), &whole.iter().map(String::as_str).collect::<Vec<_>>());
}

fn attachment(source: Source) -> Content {
    Content::new(Body::Attachment { media: Media::Image, source })
}

#[test]
fn every_kind_can_be_said_within_its_limits() {
    for (name, content) in all(&Names::default()) {
        assert_eq!(content.violations(), [], "{name}");
    }
}

#[test]
fn no_words_of_a_message_are_shown() {
    for (name, content) in all(&Names::default()) {
        let shown = format!("{content:?}");
        for secret in ["good", "shop.example", "Which", "Shoe", "RED", "order 42", "Asha", "66.14", "SHOES", "555"] {
            assert!(!shown.contains(secret), "{name}: {shown}");
        }
    }
}

#[test]
fn the_rules_read_what_they_need_from_the_content_itself() {
    for (name, content) in all(&Names::default()) {
        let expected = match name {
            "customer_feedback" | "customer_feedback_in_words" => ContentKind::FeedbackTemplate,
            "utility" => ContentKind::UtilityTemplate { name: "order_update".to_owned(), language: "en_US".to_owned() },
            "one_time_request" => ContentKind::OneTimeRequest { title: "News of shoes".to_owned() },
            "recurring_request" => ContentKind::RecurringRequest { title: "Offers of shoes".to_owned() },
            _ => ContentKind::Message,
        };
        assert_eq!(content.kind(), expected, "{name}");
        assert_eq!(content.is_media(), ["audio", "video"].contains(&name), "{name}");
    }
}

#[test]
fn a_text_has_1_to_2000_characters() {
    check(&Content::text(long(2_000)), &[]);
    check(&Content::text(long(2_001)), &["content.text"]);
    check(&Content::text(" \n"), &["content.text"]);
}

#[test]
fn what_stands_beside_a_message_has_limits_of_its_own() {
    let reply =
        |title: Words, payload: Words| QuickReply::Text { title: Some(title), payload: Some(payload), image_url: None };
    let with = |quick_replies| Content { quick_replies, ..Content::text("x") };
    check(&with(vec![reply(long(20), long(1_000)); 13]), &[]);
    check(&with(vec![reply(long(20), long(1_000)); 14]), &["content.quick_replies"]);
    let bare = QuickReply::Text { title: None, payload: None, image_url: None };
    let foreign = QuickReply::Text { title: None, payload: None, image_url: Some("ftp://x".into()) };
    check(
        &with(vec![reply(long(21), long(1_001)), bare, foreign]),
        &[
            "content.quick_replies[0].text.title",
            "content.quick_replies[0].text.payload",
            "content.quick_replies[1].text.title",
            "content.quick_replies[1].text.payload",
            "content.quick_replies[2].text.image_url",
        ],
    );
    check(&Content { metadata: Some(long(850)), ..Content::text("x") }, &[]);
    check(&Content { metadata: Some(long(851)), ..Content::text("x") }, &["content.metadata"]);
}

#[test]
fn some_things_cannot_stand_beside_each_other() {
    let quick_replies = vec![QuickReply::Email];
    let (_, utility) = all(&Names::default()).into_iter().find(|(name, _)| *name == "utility").unwrap();
    check(&Content { quick_replies, ..utility }, &["content.quick_replies"]);
    let ask = Template::OneTimeRequest { title: "Shoes".into(), payload: "S".into() };
    let asks = Content {
        reply_to: Some(Mid::parse("m_1").unwrap()),
        hand_over: Some(HandOver::Pass(AppId::parse("5005").unwrap())),
        ..Content::template(ask)
    };
    check(&asks, &["content.reply_to", "content.hand_over"]);
}

#[test]
fn files_come_from_addresses_on_the_web() {
    for url in ["http://a.example/x", "https://a.example"] {
        check(&attachment(Source::Url(url.into())), &[]);
    }
    for url in ["", "a.example", "ftp://a.example", "https://", "https:///x", "https://a b", "https://a\n"] {
        check(&attachment(Source::Url(url.into())), &["content.attachment.source.url"]);
    }
    let far = format!("https://a.example/{}", "x".repeat(2_083));
    check(&attachment(Source::Kept(far.into())), &["content.attachment.source.kept_url"]);
    let images = |n| Content::new(Body::Images(vec![Source::Url("https://a.example".into()); n]));
    check(&images(30), &[]);
    check(&images(1), &["content.images.sources"]);
    check(&images(31), &["content.images.sources"]);
    check(&Content::new(Body::Sticker(5)), &["content.sticker"]);
}

#[test]
fn every_button_is_checked() {
    let page = WebPage { url: "http://a.example".into(), has_extensions: true, ..WebPage::default() };
    let fallback = WebPage { url: "https://a.example".into(), fallback_url: Some("http://a".into()), ..page.clone() };
    let fallback = WebPage { has_extensions: false, ..fallback };
    let buttons = vec![
        Button::WebUrl { title: long(21), page },
        Button::WebUrl { title: "x".into(), page: fallback },
        Button::Postback { title: "".into(), payload: long(1_001) },
        Button::PhoneNumber { title: "x".into(), number: "555 1234".into() },
        Button::AccountLink { url: "http://a.example".into() },
        Button::GamePlay { title: "x".into(), payload: Some(long(1_001)), game: None },
        Button::AudioCall { title: "x".into(), expires_in_days: Some(8) },
    ];
    check_template(
        Template::Button { text: long(641), buttons },
        &[
            "button.text",
            "button.buttons",
            "button.buttons[0].web_url.title",
            "button.buttons[0].web_url.page.url",
            "button.buttons[1].web_url.page.fallback_url",
            "button.buttons[1].web_url.page.fallback_url",
            "button.buttons[2].postback.title",
            "button.buttons[2].postback.payload",
            "button.buttons[3].phone_number.number",
            "button.buttons[4].account_link.url",
            "button.buttons[5].game_play.payload",
            "button.buttons[6].audio_call.expires_in_days",
        ],
    );
    check_template(Template::Button { text: "x".into(), buttons: Vec::new() }, &["button.buttons"]);
}

#[test]
fn every_template_is_checked() {
    let card = Element { title: "x".into(), subtitle: Some("y".into()), ..Element::default() };
    check_template(Template::Generic { elements: vec![card; 11], is_sharable: false }, &["generic.elements"]);
    let bare = Element { title: long(81), ..Element::default() };
    let fields = ["generic.elements[0].title", "generic.elements[0].subtitle"];
    check_template(Template::Generic { elements: vec![bare], is_sharable: false }, &fields);
    for url in ["https://a.example/v", "https://notfacebook.com/v", "http://facebook.com/v"] {
        let medium = Medium::Facebook(url.into());
        let template = Template::Media {
            visual: Visual::Video,
            medium,
            buttons: vec![Button::AccountUnlink; 4],
            is_sharable: false,
        };
        check_template(template, &["media.facebook_url", "media.buttons"]);
    }
    check_template(Template::Product(vec!["1".into(), "a".into()]), &["product.ids[1]"]);
    check_template(Template::Product(Vec::new()), &["product.ids"]);
    let coupon = Coupon { title: "x".into(), code: Some("A B".into()), ..Coupon::default() };
    check_template(Template::Coupon(Box::new(coupon)), &["coupon.code"]);
    check_template(Template::Coupon(Box::default()), &["coupon.title", "coupon.code"]);
    let hero = GridImage { url: "https://a.example".into(), is_hero: true, tap: None };
    let grid = Grid { images: vec![hero; 7], buttons: vec![Button::AccountUnlink], ..Grid::default() };
    check_template(Template::ImageGrid(grid), &["image_grid.images", "image_grid.images", "image_grid.buttons"]);
    check_template(Template::InstantForm("x".into()), &["instant_form.form_id"]);
    let ask = Template::OneTimeRequest { title: long(66), payload: "".into() };
    check_template(ask, &["one_time_request.title", "one_time_request.payload"]);
}

#[test]
fn receipts_and_forms_name_every_wrong_field() {
    let item = Item { currency: Some("usd".into()), ..Item::default() };
    let receipt = Receipt { items: vec![item], currency: "USD".into(), ..Receipt::default() };
    check_template(
        Template::Receipt(Box::new(receipt)),
        &[
            "receipt.recipient_name",
            "receipt.order_number",
            "receipt.payment_method",
            "receipt.items[0].title",
            "receipt.items[0].currency",
        ],
    );
    let question = Question { id: "q 1".into(), score: Score::Stars, title: Some("Why?".into()), follow_up: None };
    let form = Feedback {
        title: long(66),
        subtitle: None,
        button_title: None,
        question,
        privacy_url: "none".into(),
        expires_in_days: Some(0),
    };
    let fields = ["title", "question.id", "question.title", "privacy_url", "expires_in_days"];
    let fields = fields.map(|field| format!("customer_feedback.{field}"));
    check_template(Template::CustomerFeedback(Box::new(form)), &fields.each_ref().map(String::as_str));
    let form = Information {
        countries: vec!["Germany".into()],
        privacy_url: "https://a.example".into(),
        expires_in_days: None,
    };
    check_template(Template::CustomerInformation(form), &["customer_information.countries"]);
}

#[test]
fn an_approved_template_needs_its_name_and_language() {
    let utility = Utility { body: vec![Parameter::default()], ..Utility::default() };
    let fields = ["content.utility.name", "content.utility.language", "content.utility.body[0].text"];
    check(&Content::new(Body::Utility(Box::new(utility))), &fields);
}
