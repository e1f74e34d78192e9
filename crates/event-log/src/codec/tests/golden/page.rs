//! Kinds about the Page itself.

use super::{app, mid, owned, token};
use crate::codec::tests::at;
use domain::event::{
    AppRoles, Author, Comment, CommentVerb, FeedChange, InboundKind, MarketingMessage, MarketingStep, PolicyAction,
    PolicyEnforcement, SubscriberUpload, TemplateStatus,
};
use domain::id::{CommentId, PostId, Psid};

pub(super) fn kinds() -> Vec<(&'static str, InboundKind)> {
    let (post, comment) = (PostId::parse("1001_5").unwrap(), CommentId::parse("5_6").unwrap());
    let from = Some(Author { id: Psid::parse("3003").unwrap(), name: owned("Jo") });
    let (item, verb) = ("reaction".to_owned(), "add".to_owned());
    let roles = ["primary_receiver", "secondary_receiver"].map(str::to_owned).to_vec();
    vec![
        ("app_roles", InboundKind::AppRoles(vec![AppRoles { app: app("77"), roles }])),
        (
            "policy_enforcement",
            InboundKind::PolicyEnforcement(PolicyEnforcement { action: PolicyAction::Block, reason: owned("spam") }),
        ),
        (
            "comment",
            InboundKind::Comment(Comment {
                comment: comment.clone(),
                post: post.clone(),
                parent: owned("1001_5"),
                verb: CommentVerb::Edited,
                from: from.clone(),
                text: "how much?".to_owned(),
                created_at: Some(at(-5)),
            }),
        ),
        (
            "feed",
            InboundKind::Feed(FeedChange {
                item,
                verb,
                post: Some(post),
                comment: Some(comment),
                parent: owned("1001_5"),
                from,
                text: "hi".to_owned(),
                reaction: owned("like"),
                created_at: Some(at(-5)),
            }),
        ),
        (
            "marketing_message",
            InboundKind::Marketing(MarketingMessage {
                step: MarketingStep::Failed,
                campaign: owned("120"),
                token: Some(token()),
                app: Some(app("77")),
                business: owned("55"),
                mid: Some(mid("m_9")),
                tracking: owned("t-1"),
                error: owned("not now"),
            }),
        ),
        (
            "marketing_message_without_token",
            InboundKind::Marketing(MarketingMessage {
                step: MarketingStep::Clicked,
                campaign: None,
                token: None,
                app: None,
                business: None,
                mid: None,
                tracking: None,
                error: None,
            }),
        ),
        (
            "subscriber_upload",
            InboundKind::SubscriberUpload(SubscriberUpload {
                audience: "6".to_owned(),
                ad_account: owned("act_1"),
                n_rows: Some(500),
                at_least: Some(100),
                at_most: Some(200),
                status: owned("DONE"),
            }),
        ),
        (
            "template_status",
            InboundKind::TemplateStatus(TemplateStatus {
                template: owned("31"),
                name: owned("order_update"),
                language: owned("de"),
                status: "REJECTED".to_owned(),
                reason: owned("INCORRECT_PARAMS"),
            }),
        ),
    ]
}
