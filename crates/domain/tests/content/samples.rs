//! A message of every kind, with every field in use, for the tests of all crates that carry messages.

use domain::content::{
    Address, Adjustment, Amount, Body, Button, Content, Coupon, Element, Feedback, Game, Grid, GridImage, HandOver,
    Height, ImageShape, Information, Item, Media, Medium, Notification, Parameter, Question, QuickReply, Receipt,
    Recurring, RecurringLabel, Score, Source, Summary, Tap, Template, Utility, Visual, WebPage, Words,
};
use domain::id::{AppId, AttachmentId, Mid, PersonaId};
use domain::time::Timestamp;

/// What messages name that must exist on the platform.
pub(crate) struct Names {
    /// A picture that the Page uploaded.
    pub(crate) saved: AttachmentId,
    /// A persona of the Page.
    pub(crate) persona: PersonaId,
    /// A message of the conversation.
    pub(crate) mid: Mid,
    /// An app that can have the thread.
    pub(crate) app: AppId,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            saved: AttachmentId::parse("900").expect("a sample"),
            persona: PersonaId::parse("700").expect("a sample"),
            mid: Mid::parse("m_1").expect("a sample"),
            app: AppId::parse("5005").expect("a sample"),
        }
    }
}

fn words(text: &str) -> Option<Words> {
    Some(text.into())
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("a sample")
}

fn page() -> WebPage {
    WebPage {
        url: "https://shop.example/shoes".into(),
        height: Some(Height::Tall),
        has_extensions: true,
        fallback_url: words("https://shop.example/plain"),
        hides_share: true,
    }
}

/// Every button that opens a page or tells our side, and the rest in two more lists.
fn buttons() -> [Vec<Button>; 3] {
    let title = || Words::from("Look");
    let plain = WebPage { url: "http://shop.example/".into(), ..WebPage::default() };
    [
        vec![
            Button::WebUrl { title: title(), page: page() },
            Button::WebUrl { title: title(), page: plain },
            Button::Postback { title: title(), payload: "LOOK".into() },
        ],
        vec![
            Button::PhoneNumber { title: title(), number: "+1 (650) 555-1234".into() },
            Button::AccountLink { url: "https://shop.example/login".into() },
            Button::AccountUnlink,
        ],
        vec![
            Button::GamePlay { title: title(), payload: words("PLAY"), game: Some(Game::Player("77".into())) },
            Button::GamePlay { title: title(), payload: None, game: Some(Game::Context("78".into())) },
            Button::AudioCall { title: title(), expires_in_days: Some(5) },
        ],
    ]
}

/// Every template, by its name.
fn templates(names: &Names) -> Vec<(&'static str, Template)> {
    let [some, calls, games] = buttons();
    let image = || words("https://shop.example/a.png");
    let element = |buttons| Element {
        title: "Shoe".into(),
        subtitle: words("red"),
        image_url: image(),
        default_action: Some(page()),
        buttons,
    };
    let question =
        |score| Question { id: "q_1".into(), score, title: words("How was it?"), follow_up: words("Tell us more") };
    let feedback = |score| {
        Template::CustomerFeedback(Box::new(Feedback {
            title: "Your visit".into(),
            subtitle: words("It takes a minute"),
            button_title: words("Rate it"),
            question: question(score),
            privacy_url: "https://shop.example/privacy".into(),
            expires_in_days: Some(3),
        }))
    };
    let media = |visual, medium| Template::Media { visual, medium, buttons: some.clone(), is_sharable: true };
    let tap = |tap| GridImage { url: "https://shop.example/b.png".into(), is_hero: false, tap };
    let hero = GridImage { is_hero: true, ..tap(None) };
    let postback = Tap::Postback { payload: "B".into(), text: words("the blue one") };
    vec![
        (
            "generic",
            Template::Generic { elements: vec![element(some.clone()), element(calls.clone())], is_sharable: true },
        ),
        ("button", Template::Button { text: "What next?".into(), buttons: calls }),
        ("button_with_games", Template::Button { text: "Play?".into(), buttons: games }),
        ("media", media(Visual::Image, Medium::Saved(names.saved.clone()))),
        ("media_of_facebook", media(Visual::Video, Medium::Facebook("https://www.facebook.com/1/videos/2".into()))),
        ("receipt", Template::Receipt(Box::new(receipt()))),
        ("product", Template::Product(vec!["1234".into(), "5678".into()])),
        ("coupon", Template::Coupon(Box::new(coupon()))),
        (
            "image_grid",
            Template::ImageGrid(Grid {
                title: words("Three of them"),
                subtitle: words("all new"),
                images: vec![hero, tap(Some(Tap::Url("https://shop.example/c".into()))), tap(Some(postback))],
                buttons: some.clone(),
            }),
        ),
        ("customer_feedback", feedback(Score::Faces)),
        ("customer_feedback_in_words", feedback(Score::FreeForm)),
        (
            "customer_information",
            Template::CustomerInformation(Information {
                countries: vec!["US".into(), "DE".into()],
                privacy_url: "https://shop.example/privacy".into(),
                expires_in_days: Some(7),
            }),
        ),
        ("instant_form", Template::InstantForm("4242".into())),
        ("one_time_request", Template::OneTimeRequest { title: "News of shoes".into(), payload: "SHOES".into() }),
        (
            "recurring_request",
            Template::RecurringRequest(Recurring {
                title: "Offers of shoes".into(),
                payload: "OFFERS".into(),
                image_url: image(),
                image_shape: Some(ImageShape::Square),
                label: Some(RecurringLabel::SignUp),
                timezone: words("America/New_York"),
            }),
        ),
    ]
}

fn receipt() -> Receipt {
    Receipt {
        recipient_name: "Asha".into(),
        order_number: "42".into(),
        currency: "USD".into(),
        payment_method: "Visa 1234".into(),
        merchant_name: words("Shoes & Co"),
        order_url: words("https://shop.example/orders/42"),
        ordered_at: Some(Timestamp::from_millis(1_767_225_600_000)),
        address: Some(Address {
            street_1: "1 Hacker Way".into(),
            street_2: words("Floor 2"),
            city: "Menlo Park".into(),
            postal_code: "94025".into(),
            state: "CA".into(),
            country: "US".into(),
        }),
        summary: Summary {
            subtotal: Some(amount("75.00")),
            shipping_cost: Some(amount("4.95")),
            total_tax: Some(amount("6.19")),
            total_cost: amount("66.14"),
        },
        adjustments: vec![Adjustment { name: "New customer".into(), amount: amount("20.00") }],
        items: vec![Item {
            title: "Shoe".into(),
            subtitle: words("red"),
            quantity: Some(2),
            price: amount("37.50"),
            currency: words("USD"),
            image_url: words("https://shop.example/a.png"),
        }],
        is_sharable: true,
    }
}

fn coupon() -> Coupon {
    Coupon {
        title: "10 % off".into(),
        subtitle: words("until Friday"),
        code: words("SHOES10"),
        url: words("https://shop.example/redeem"),
        url_button_title: words("Shop now"),
        pre_message: words("For you"),
        image_url: words("https://shop.example/a.png"),
        payload: words("COUPON"),
    }
}

/// An approved template of two places.
fn utility() -> Utility {
    Utility {
        name: "order_update".into(),
        language: "en_US".into(),
        header: Vec::new(),
        body: vec![Parameter { name: None, text: "Asha".into() }, Parameter { name: None, text: "tomorrow".into() }],
    }
}

/// Every kind of message, by its name.
pub(crate) fn all(names: &Names) -> Vec<(&'static str, Content)> {
    let file = |media, url: &str| Content::new(Body::Attachment { media, source: Source::Url(url.into()) });
    let image = |source| Content::new(Body::Attachment { media: Media::Image, source });
    let reply = |title, payload, image_url| QuickReply::Text { title, payload, image_url };
    let picture = || words("https://shop.example/red.png");
    let mut all = vec![
        ("text", Content::text("good \"news\" 😀")),
        (
            "text_with_everything",
            Content {
                quick_replies: vec![
                    reply(words("Red"), words("RED"), picture()),
                    reply(None, None, picture()),
                    QuickReply::PhoneNumber,
                    QuickReply::Email,
                ],
                reply_to: Some(names.mid.clone()),
                persona: Some(names.persona.clone()),
                notification: Notification::Silent,
                metadata: words("order 42"),
                ..Content::text("Which one?")
            },
        ),
        ("image", image(Source::Url("https://shop.example/a.png".into()))),
        ("image_kept", image(Source::Kept("https://shop.example/a.png".into()))),
        ("image_saved", image(Source::Saved(names.saved.clone()))),
        ("audio", file(Media::Audio, "https://shop.example/a.mp3")),
        ("video", file(Media::Video, "https://shop.example/a.mp4")),
        ("file", Content { notification: Notification::Off, ..file(Media::File, "https://shop.example/a.pdf") }),
        (
            "images",
            Content::new(Body::Images(vec![
                Source::Url("https://shop.example/a.png".into()),
                Source::Saved(names.saved.clone()),
            ])),
        ),
        ("sticker", Content::new(Body::Sticker(369_239_263_222_822))),
        ("utility", Content::new(Body::Utility(Box::new(utility())))),
    ];
    all.extend(templates(names).into_iter().map(|(name, template)| (name, Content::template(template))));
    // Last, since nothing may follow them while another app has the thread.
    let hand_over = |hand_over| Content { hand_over: Some(hand_over), ..Content::text("over to you") };
    all.push(("text_that_releases", hand_over(HandOver::Release)));
    all.push(("text_that_passes", hand_over(HandOver::Pass(names.app.clone()))));
    all
}
