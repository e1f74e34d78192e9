//! What breaks a limit is named by us before it leaves, and refused by the platform where it leaves all the same.

use crate::sandbox::{Sandbox, says};
use domain::content::{
    Body, Button, Content, Coupon, Element, Grid, GridImage, Information, Item, Media, Medium, QuickReply, Receipt,
    Source, Template, Visual, WebPage, Words,
};
use domain::id::{AttachmentId, PersonaId};

fn long(n_chars: usize) -> Words {
    "é".repeat(n_chars).into()
}

fn with_button(button: Button) -> Content {
    Content::template(Template::Button { text: "x".into(), buttons: vec![button] })
}

fn with_replies(quick_replies: Vec<QuickReply>) -> Content {
    Content { quick_replies, ..Content::text("x") }
}

fn reply(title: Words, payload: Words) -> QuickReply {
    QuickReply::Text { title: Some(title), payload: Some(payload), image_url: None }
}

fn grid(images: usize, buttons: Vec<Button>) -> Content {
    let hero = GridImage { url: "https://a.example".into(), is_hero: images == 2, tap: None };
    Content::template(Template::ImageGrid(Grid { images: vec![hero; images], buttons, ..Grid::default() }))
}

/// A message for each limit that both sides know, by a name.
fn broken() -> Vec<(&'static str, Content)> {
    let element = |title| Element { title, subtitle: Some("y".into()), ..Element::default() };
    let generic = |elements| Content::template(Template::Generic { elements, is_sharable: false });
    let page = |url: &str, has_extensions| WebPage { url: url.into(), has_extensions, ..WebPage::default() };
    let web = |title, page| with_button(Button::WebUrl { title, page });
    let media = |medium| {
        Content::template(Template::Media { visual: Visual::Video, medium, buttons: Vec::new(), is_sharable: false })
    };
    let coupon = |coupon| Content::template(Template::Coupon(Box::new(coupon)));
    let code = |code: &str| Coupon { title: "x".into(), code: Some(code.into()), ..Coupon::default() };
    let receipt = Receipt { items: vec![Item::default()], currency: "USD".into(), ..Receipt::default() };
    let file = |url: &str| Content::new(Body::Attachment { media: Media::File, source: Source::Url(url.into()) });
    vec![
        ("text", Content::text(long(2_001))),
        ("empty_text", Content::text("")),
        ("address", file("shop.example")),
        ("many_images", Content::new(Body::Images(vec![Source::Url("https://a.example".into()); 31]))),
        ("sticker", Content::new(Body::Sticker(5))),
        ("many_replies", with_replies(vec![QuickReply::Email; 14])),
        ("long_reply", with_replies(vec![reply(long(21), "x".into())])),
        ("long_payload", with_replies(vec![reply("x".into(), long(1_001))])),
        ("no_title", with_replies(vec![QuickReply::Text { title: None, payload: None, image_url: None }])),
        ("many_cards", generic(vec![element("x".into()); 11])),
        ("no_card", generic(Vec::new())),
        ("bare_card", generic(vec![Element { title: "x".into(), ..Element::default() }])),
        ("long_card", generic(vec![element(long(81))])),
        (
            "long_button_text",
            Content::template(Template::Button { text: long(641), buttons: vec![Button::AccountUnlink] }),
        ),
        ("no_button", Content::template(Template::Button { text: "x".into(), buttons: Vec::new() })),
        ("long_button", web(long(21), page("https://a.example", false))),
        ("plain_extensions", web("x".into(), page("http://a.example", true))),
        ("number", with_button(Button::PhoneNumber { title: "x".into(), number: "555".into() })),
        ("plain_login", with_button(Button::AccountLink { url: "http://a.example".into() })),
        ("long_call", with_button(Button::AudioCall { title: "x".into(), expires_in_days: Some(8) })),
        ("foreign_media", media(Medium::Facebook("https://a.example/v".into()))),
        ("receipt", Content::template(Template::Receipt(Box::new(receipt)))),
        ("many_products", Content::template(Template::Product(vec!["1".into(); 11]))),
        ("wrong_product", Content::template(Template::Product(vec!["a".into()]))),
        ("coupon_code", coupon(code("A B"))),
        ("no_coupon", coupon(Coupon { title: "x".into(), ..Coupon::default() })),
        ("two_heroes", grid(2, Vec::new())),
        ("many_grid_images", grid(7, Vec::new())),
        ("grid_buttons", grid(3, vec![Button::AccountUnlink])),
        (
            "no_country",
            Content::template(Template::CustomerInformation(Information {
                countries: Vec::new(),
                privacy_url: "https://a.example".into(),
                expires_in_days: None,
            })),
        ),
        ("form", Content::template(Template::InstantForm("x".into()))),
        ("long_ask", Content::template(Template::OneTimeRequest { title: long(66), payload: "x".into() })),
    ]
}

#[tokio::test]
async fn what_breaks_a_limit_is_refused_on_both_sides() {
    let sandbox = Sandbox::start().await;
    for (name, content) in broken() {
        assert_ne!(content.violations(), [], "{name}");
        let refusal = sandbox.refuses(says(content)).await;
        let expected = match name {
            "foreign_media" => (2_018_184, 0),
            "wrong_product" => (100, 2_018_320),
            "form" => (1, 2_018_382),
            _ => (100, 0),
        };
        assert_eq!(refusal, expected, "{name}");
    }
    assert_eq!(sandbox.admin.sends().await.unwrap(), []);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_only_the_platform_can_know_it_refuses_itself() {
    let sandbox = Sandbox::start().await;
    let saved = Source::Saved(AttachmentId::parse("900").unwrap());
    let file = Content::new(Body::Attachment { media: Media::Image, source: saved });
    let persona = Content { persona: PersonaId::parse("700").ok(), ..Content::text("x") };
    let gone = Content::new(Body::Attachment {
        media: Media::Image,
        source: Source::Url("https://gone.invalid/a.png".into()),
    });
    for (content, expected) in [(file, (100, 2_018_074)), (persona, (100, 0)), (gone, (100, 2_018_008))] {
        assert_eq!(content.violations(), []);
        assert_eq!(sandbox.refuses(says(content)).await, expected);
    }
    sandbox.stop().await;
}
