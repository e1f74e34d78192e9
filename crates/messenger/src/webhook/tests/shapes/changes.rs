//! What comes as changes.

use super::messages::{text, words};
use super::*;
use domain::event::{
    Author, Comment, CommentVerb, FeedChange, InboxLabel, MarketingMessage, MarketingStep, Reaction, ReactionAction,
    SubscriberUpload, TemplateStatus,
};
use domain::id::{CommentId, PostId, Token};

/// When the timeline says that it changed.
const CREATED: i64 = 1_767_225_590_000;

pub(super) fn shapes() -> Vec<Shape> {
    comments().into_iter().chain(timeline()).chain(campaigns()).chain(others()).collect()
}

fn post(id: &str) -> PostId {
    PostId::parse(id).unwrap()
}

fn author(id: &str, name: Option<&str>) -> Option<Author> {
    Some(Author { id: Psid::parse(id).unwrap(), name: name.map(str::to_owned) })
}

fn comments() -> Vec<Shape> {
    let place = Place::Comment { post: post("1001_5"), commenter: Psid::parse("3003").unwrap() };
    let comment = |verb, text: &str| Comment {
        comment: CommentId::parse("5_6").unwrap(),
        post: post("1001_5"),
        parent: owned("1001_5"),
        verb,
        from: author("3003", Some("Jo")),
        text: text.to_owned(),
        created_at: Some(Timestamp::from_millis(CREATED)),
    };
    let fact = |verb, text| of(place.clone(), InboundKind::Comment(comment(verb, text))).at(CREATED);
    let own = Comment {
        comment: CommentId::parse("5_7").unwrap(),
        parent: owned("5_6"),
        from: author("1001", Some("Shop")),
        ..comment(CommentVerb::Add, "ten")
    };
    let rest = [CommentVerb::Remove, CommentVerb::Hide, CommentVerb::Unhide];
    vec![
        ("comment_add", vec![fact(CommentVerb::Add, "how much?")]),
        ("comment_edited", vec![fact(CommentVerb::Edited, "how many?")]),
        ("comment_remove_hide_unhide", rest.map(|verb| fact(verb, "")).into()),
        ("comment_of_the_page", vec![of_page(InboundKind::Comment(own)).at(CREATED)]),
    ]
}

fn timeline() -> [Shape; 3] {
    let feed = |item: &str, id| FeedChange {
        item: item.to_owned(),
        verb: "add".to_owned(),
        post: Some(post(id)),
        comment: None,
        parent: None,
        from: author("3003", None),
        text: String::new(),
        reaction: None,
        created_at: Some(Timestamp::from_millis(CREATED)),
    };
    let jo = || author("3003", Some("Jo"));
    let by_jo = |id| Place::Comment { post: post(id), commenter: Psid::parse("3003").unwrap() };
    let visitor = FeedChange { from: jo(), text: "nice shop".to_owned(), ..feed("post", "1001_8") };
    let legacy = FeedChange { from: jo(), text: "nice".to_owned(), created_at: None, ..feed("status", "1001_9") };
    let reaction = FeedChange {
        comment: CommentId::parse("5_6").ok(),
        parent: owned("1001_5"),
        reaction: owned("like"),
        ..feed("reaction", "1001_5")
    };
    [
        ("visitor_post", vec![of(by_jo("1001_8"), InboundKind::Feed(visitor)).at(CREATED)]),
        ("visitor_post_legacy", vec![of(by_jo("1001_9"), InboundKind::Feed(legacy)).at(ENTRY)]),
        ("feed_reaction", vec![of_page(InboundKind::Feed(reaction)).at(CREATED)]),
    ]
}

fn campaigns() -> Vec<Shape> {
    let step = |step| MarketingMessage {
        step,
        campaign: owned("120"),
        token: Token::parse("secret-4").ok(),
        app: None,
        business: None,
        mid: None,
        tracking: None,
        error: None,
    };
    let app = AppId::parse("77").ok();
    let known = || {
        let steps = [MarketingStep::Echo, MarketingStep::Delivered, MarketingStep::Read];
        let known = |of: MarketingStep| MarketingMessage {
            app: app.clone(),
            mid: Some(mid("m_50")),
            tracking: owned("t-1"),
            ..step(of)
        };
        steps.into_iter().map(|step| of_person(InboundKind::Marketing(known(step)))).collect()
    };
    let failed = MarketingMessage {
        app: app.clone(),
        business: owned("55"),
        error: owned("not now"),
        ..step(MarketingStep::Failed)
    };
    let upload = SubscriberUpload {
        audience: "6".to_owned(),
        ad_account: owned("act_1"),
        n_rows: Some(500),
        at_least: Some(100),
        at_most: Some(200),
        status: owned("DONE"),
    };
    vec![
        ("marketing_messages", known()),
        ("marketing_messages_flat", known()),
        ("marketing_message_clicks", vec![of_page(InboundKind::Marketing(step(MarketingStep::Clicked)))]),
        ("marketing_message_failed", vec![of_page(InboundKind::Marketing(failed))]),
        ("subscriber_upload", vec![of_page(InboundKind::SubscriberUpload(upload)).at(ENTRY)]),
    ]
}

fn others() -> Vec<Shape> {
    let label = InboxLabel { action: "add".to_owned(), label: "12".to_owned(), name: owned("VIP") };
    let reviewed = || {
        vec![
            of_page(InboundKind::TemplateStatus(TemplateStatus {
                template: owned("31"),
                name: owned("order_update"),
                language: owned("de"),
                status: "REJECTED".to_owned(),
                reason: owned("INCORRECT_PARAMS"),
            }))
            .at(ENTRY),
        ]
    };
    let smile = Reaction {
        mid: mid("m_60"),
        action: ReactionAction::React,
        reaction: owned("smile"),
        emoji: owned("\u{1f600}"),
    };
    let test = vec![
        of_person(InboundKind::Message(Message { commands: words(&["help"]), ..text("m_60", "test") })),
        of_person(InboundKind::Reaction(smile)),
        of_person(InboundKind::Message(text("m_61", "aside"))).aside(),
    ];
    let raw = r#"{ "field": "calls", "value": { "id": "c-1" } }"#.to_owned();
    let calls = InboundKind::Unrecognized(Unrecognized { field: "calls".to_owned(), raw });
    vec![
        ("inbox_labels", vec![of_person(InboundKind::InboxLabel(label)).at(ENTRY)]),
        ("template_status", reviewed()),
        ("template_status_other_name", reviewed()),
        ("dashboard_test", test),
        ("calls", vec![of_page(calls).at(ENTRY)]),
    ]
}
