//! How people come, what they agree to and fill in, and who speaks with them.

use super::messages::{hop_context, text, words};
use super::*;
use domain::event::{
    AccountLink, AdsContext, AppRoles, ControlStep, Coupon, CustomerFeedback, CustomerInformation, FeedbackAnswer,
    FeedbackScreen, FollowUp, GamePlay, InformationScreen, Lead, LeadAnswer, LeadEnd, NotificationChange,
    Notifications, OptIn, Order, OrderedProduct, PolicyAction, PolicyEnforcement, ThreadControl, TokenStatus,
};
use domain::id::{LinkCode, Token};

pub(super) fn shapes() -> Vec<Shape> {
    arrivals().into_iter().chain(opt_ins()).chain(control()).chain(filled()).chain([aside()]).collect()
}

fn link(source: &str) -> Referral {
    Referral {
        source: source.to_owned(),
        kind: "OPEN_THREAD".to_owned(),
        reference: owned("spring"),
        ..Referral::default()
    }
}

fn arrivals() -> Vec<Shape> {
    let tap = Postback {
        mid: Some(mid("m_30")),
        title: "Get started".to_owned(),
        payload: owned("GO"),
        referral: Some(link("SHORTLINK")),
        hop_context: Some(hop_context(None)),
    };
    let by_reference = Postback { title: "Yes".to_owned(), payload: owned("YES"), ..Postback::default() };
    let referer = owned("https://shop.example/");
    let ads_context = AdsContext { title: owned("Spring"), post: owned("1001005"), ..AdsContext::default() };
    let ad = Referral { ad: owned("600"), ads_context: Some(Box::new(ads_context)), ..link("ADS") };
    let guest = Referral { reference: None, referer: referer.clone(), is_guest: true, ..link("CUSTOMER_CHAT_PLUGIN") };
    let lead = |end: LeadEnd, answers: &[(&str, &str)]| {
        let answer = |(question, answer): &(&str, &str)| LeadAnswer {
            question: (*question).to_owned(),
            answer: (*answer).to_owned(),
        };
        let referral = Referral { kind: end.as_str().to_owned(), reference: None, ad: owned("600"), ..link("ADS") };
        let hop_context = Some(hop_context(Some("messenger_lead_gen")));
        let answers = answers.iter().map(answer).collect();
        vec![of_person(InboundKind::Lead(Lead { end, referral, answers, hop_context }))]
    };
    let (size, colour) = (("Which size?", "42"), ("Which colour?", "red"));
    let coupon = Coupon { payload: owned("P"), code: owned("SPRING") };
    vec![
        ("postback", vec![of_person(InboundKind::Postback(tap))]),
        ("postback_of_reference", vec![of_reference(InboundKind::Postback(by_reference))]),
        ("referral_link", vec![of_person(InboundKind::Referral(Referral { referer, ..link("SHORTLINK") }))]),
        ("referral_ad", vec![of_person(InboundKind::Referral(ad))]),
        ("referral_chat_plugin", vec![of_reference(InboundKind::Referral(guest))]),
        ("lead_complete", lead(LeadEnd::Complete, &[size, colour])),
        ("lead_incomplete", lead(LeadEnd::Incomplete, &[size])),
        ("coupon", vec![of_person(InboundKind::Coupon(coupon))]),
        ("message_request", vec![of_person(InboundKind::RequestAccepted)]),
    ]
}

fn notifications() -> Notifications {
    Notifications {
        token: Token::parse("secret-2").unwrap(),
        change: None,
        renewal: Some(TokenStatus::NotRefreshed),
        expires_at: Some(Timestamp::from_millis(1_798_761_600_000)),
        payload: owned("P"),
        title: owned("News"),
        timezone: owned("Europe/Berlin"),
        frequency: None,
        reference: None,
        source: None,
        topic: None,
    }
}

fn opt_ins() -> Vec<Shape> {
    let agreed = |notifications| vec![of_person(InboundKind::OptIn(OptIn::Notifications(Box::new(notifications))))];
    let changed = |change| agreed(Notifications { change: Some(change), ..notifications() });
    let reference = owned("spring");
    let by_link = Notifications {
        token: Token::parse("secret-5").unwrap(),
        frequency: owned("DAILY"),
        reference: reference.clone(),
        source: owned("SHORTLINK"),
        topic: owned("shoes"),
        ..notifications()
    };
    let one_time = OptIn::OneTime { payload: owned("P"), token: Token::parse("secret-1").unwrap() };
    let checkbox = OptIn::Checkbox { reference: reference.clone(), user_ref: OptinRef::parse("u-1").unwrap() };
    let linked = AccountLink::Linked { code: LinkCode::parse("secret-3").ok() };
    vec![
        ("opt_in_plugin", vec![of_person(InboundKind::OptIn(OptIn::Plugin { reference }))]),
        ("opt_in_checkbox", vec![of_reference(InboundKind::OptIn(checkbox))]),
        ("opt_in_one_time", vec![of_person(InboundKind::OptIn(one_time))]),
        ("opt_in_notifications", agreed(notifications())),
        (
            "opt_in_notifications_renewed",
            agreed(Notifications { renewal: Some(TokenStatus::Refreshed), ..notifications() }),
        ),
        ("opt_in_notifications_stopped", changed(NotificationChange::Stop)),
        ("opt_in_notifications_resumed", changed(NotificationChange::Resume)),
        ("opt_in_notifications_by_link", agreed(by_link)),
        ("account_linked", vec![of_person(InboundKind::AccountLink(linked))]),
        ("account_unlinked", vec![of_person(InboundKind::AccountLink(AccountLink::Unlinked))]),
    ]
}

fn control() -> Vec<Shape> {
    let app = |id: &str| AppId::parse(id).unwrap();
    let control = |step, from: Option<&str>, to: &str, metadata: &str| {
        let (from, to, metadata) = (from.map(app), Some(app(to)), owned(metadata));
        vec![of_person(InboundKind::ThreadControl(ThreadControl { step, from, to, metadata }))]
    };
    let roles = |id: &str, role: &str| AppRoles { app: app(id), roles: words(&[role]) };
    let roles = vec![roles("77", "primary_receiver"), roles("78", "secondary_receiver")];
    let policy = |action, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        vec![of_page(InboundKind::PolicyEnforcement(PolicyEnforcement { action, reason }))]
    };
    vec![
        ("control_passed", control(ControlStep::Passed, None, "77", "please")),
        ("control_taken", control(ControlStep::Taken, Some("77"), "263902037430900", "mine")),
        ("control_requested", control(ControlStep::Requested, None, "77", "may I")),
        ("app_roles", vec![of_page(InboundKind::AppRoles(roles))]),
        ("policy_block", policy(PolicyAction::Block, Some("spam"))),
        ("policy_unblock", policy(PolicyAction::Unblock, None)),
    ]
}

fn filled() -> Vec<Shape> {
    let answer = |question: &str, kind: &str, payload: &str, words: Option<&str>| FeedbackAnswer {
        question: question.to_owned(),
        kind: kind.to_owned(),
        payload: payload.to_owned(),
        follow_up: words.map(|words| FollowUp { kind: "free_form".to_owned(), payload: words.to_owned() }),
    };
    let answers = vec![answer("q1", "csat", "4", Some("quick")), answer("q2", "nps", "9", None)];
    let feedback = CustomerFeedback { screens: vec![FeedbackScreen { screen: owned("0"), answers }] };
    let responses =
        [("country", "DE"), ("postal_code", "10115")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let told =
        CustomerInformation { screens: vec![InformationScreen { screen: owned("1"), responses: responses.to_vec() }] };
    let shoe = OrderedProduct {
        id: "900".to_owned(),
        retailer: owned("sku-1"),
        name: owned("Shoe"),
        unit_price: owned("79.90"),
        currency: owned("EUR"),
        quantity: Some(2),
    };
    let play = GamePlay {
        game: "g-1".to_owned(),
        player: owned("pl-1"),
        context_kind: owned("SOLO"),
        context: owned("c-1"),
        score: Some(100),
        payload: owned("P"),
    };
    let order = Order { products: vec![shoe], note: owned("as a gift") };
    let form = || vec![of_person(InboundKind::Form("650".to_owned()))];
    vec![
        ("customer_feedback", vec![of_person(InboundKind::CustomerFeedback(feedback)).at(ENTRY)]),
        ("customer_information", vec![of_person(InboundKind::CustomerInformation(told))]),
        ("order", vec![of_person(InboundKind::Order(order))]),
        ("form", form()),
        ("form_misspelt", form()),
        ("game_play", vec![of_person(InboundKind::GamePlay(play))]),
    ]
}

/// The payload of a tap is not for bystanders.
fn aside() -> Shape {
    let tap = Postback { mid: Some(mid("m_40")), title: "Yes".to_owned(), ..Postback::default() };
    let watermark = Timestamp::from_millis(STATED);
    let facts = vec![
        of_person(InboundKind::Postback(tap)).aside(),
        of_person(InboundKind::Message(text("m_41", "hi"))).aside(),
        of_person(InboundKind::Read { watermark }),
    ];
    ("standby_and_messaging", facts)
}
