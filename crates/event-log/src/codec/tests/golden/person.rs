//! Kinds about one person that came later.

use super::details::{hop_context, referral};
use super::{app, mid, owned, token};
use crate::codec::tests::at;
use domain::event::{
    AccountLink, ControlStep, Coupon, CustomerFeedback, CustomerInformation, Edit, FeedbackAnswer, FeedbackScreen,
    FollowUp, GamePlay, InboundKind, InboxLabel, InformationScreen, Lead, LeadAnswer, LeadEnd, NotificationChange,
    Notifications, OptIn, Order, OrderedProduct, Reaction, ReactionAction, ResponseFeedback, Side, ThreadControl,
    Thumb, TokenStatus, Unsent,
};
use domain::id::{LinkCode, OptinRef};

pub(super) fn kinds() -> Vec<(&'static str, InboundKind)> {
    let mut kinds = vec![
        ("unsent", InboundKind::Unsent(Unsent { mid: mid("m_1"), of: Side::Page })),
        ("edit", InboundKind::Edit(Edit { mid: mid("m_1"), text: "sold?".to_owned(), n_edits: Some(2) })),
        (
            "reaction",
            InboundKind::Reaction(Reaction {
                mid: mid("m_1"),
                action: ReactionAction::React,
                reaction: owned("love"),
                emoji: owned("❤"),
            }),
        ),
        ("account_unlinked", InboundKind::AccountLink(AccountLink::Unlinked)),
        (
            "account_linked",
            InboundKind::AccountLink(AccountLink::Linked { code: Some(LinkCode::parse("code-1").unwrap()) }),
        ),
        (
            "thread_control",
            InboundKind::ThreadControl(ThreadControl {
                step: ControlStep::Passed,
                from: Some(app("263902037430900")),
                to: Some(app("77")),
                metadata: owned("please"),
            }),
        ),
        ("response_feedback", InboundKind::ResponseFeedback(ResponseFeedback { mid: mid("m_2"), thumb: Thumb::Bad })),
        ("form", InboundKind::Form("5".to_owned())),
        ("coupon", InboundKind::Coupon(Coupon { payload: owned("P"), code: owned("SPRING") })),
        ("request_accepted", InboundKind::RequestAccepted),
        (
            "inbox_label",
            InboundKind::InboxLabel(InboxLabel {
                action: "add".to_owned(),
                label: "12".to_owned(),
                name: owned("VIP"),
            }),
        ),
        (
            "lead",
            InboundKind::Lead(Lead {
                end: LeadEnd::Incomplete,
                referral: referral(),
                answers: vec![LeadAnswer { question: "Which size?".to_owned(), answer: "42".to_owned() }],
                hop_context: Some(hop_context()),
            }),
        ),
    ];
    kinds.extend(opt_ins());
    kinds.extend(filled());
    kinds
}

fn opt_ins() -> [(&'static str, InboundKind); 5] {
    let notifications = Notifications {
        token: token(),
        change: Some(NotificationChange::Stop),
        renewal: Some(TokenStatus::Refreshed),
        expires_at: Some(at(86_400_000)),
        payload: owned("P"),
        title: owned("News"),
        timezone: owned("Europe/Berlin"),
        frequency: owned("DAILY"),
        reference: owned("spring"),
        source: owned("SHORTLINK"),
        topic: owned("shoes"),
    };
    let bare = Notifications {
        token: token(),
        change: None,
        renewal: None,
        expires_at: None,
        payload: None,
        title: None,
        timezone: None,
        frequency: None,
        reference: None,
        source: None,
        topic: None,
    };
    let user_ref = OptinRef::parse("u/1").unwrap();
    [
        ("opt_in_plugin", InboundKind::OptIn(OptIn::Plugin { reference: owned("spring") })),
        ("opt_in_checkbox", InboundKind::OptIn(OptIn::Checkbox { reference: owned("spring"), user_ref })),
        ("opt_in_one_time", InboundKind::OptIn(OptIn::OneTime { payload: owned("P"), token: token() })),
        ("opt_in_notifications", InboundKind::OptIn(OptIn::Notifications(Box::new(notifications)))),
        ("opt_in_notifications_bare", InboundKind::OptIn(OptIn::Notifications(Box::new(bare)))),
    ]
}

fn filled() -> [(&'static str, InboundKind); 4] {
    let answer = FeedbackAnswer {
        question: "q1".to_owned(),
        kind: "csat".to_owned(),
        payload: "4".to_owned(),
        follow_up: Some(FollowUp { kind: "free_form".to_owned(), payload: "quick".to_owned() }),
    };
    let product = OrderedProduct {
        id: "p-1".to_owned(),
        retailer: owned("sku-1"),
        name: owned("Shoe"),
        unit_price: owned("79.90"),
        currency: owned("EUR"),
        quantity: Some(2),
    };
    let feedback = FeedbackScreen { screen: owned("0"), answers: vec![answer, FeedbackAnswer::default()] };
    let told = InformationScreen {
        screen: owned("1"),
        responses: vec![("country".to_owned(), "DE".to_owned()), ("name".to_owned(), "Jo".to_owned())],
    };
    let play = GamePlay {
        game: "g-1".to_owned(),
        player: owned("pl-1"),
        context_kind: owned("SOLO"),
        context: owned("c-1"),
        score: Some(-3),
        payload: owned("P"),
    };
    let order = Order { products: vec![product, OrderedProduct::default()], note: owned("as a gift") };
    [
        ("customer_feedback", InboundKind::CustomerFeedback(CustomerFeedback { screens: vec![feedback] })),
        ("customer_information", InboundKind::CustomerInformation(CustomerInformation { screens: vec![told] })),
        ("order", InboundKind::Order(order)),
        ("game_play", InboundKind::GamePlay(play)),
    ]
}
