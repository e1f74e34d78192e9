//! What changes on the Page itself: comments, posts, labels, campaigns, templates.

use super::{consent, millis, moment, word};
use crate::codec::{Undecodable, optional, optional_mid, required, text_of};
use api::proto::log::v1 as wire;
use domain::event::{
    Author, Comment, CommentVerb, FeedChange, InboxLabel, MarketingMessage, MarketingStep, SubscriberUpload,
    TemplateStatus,
};
use domain::id::{AppId, CommentId, Mid, PostId, Psid};

pub(super) fn comment_to_wire(comment: &Comment) -> wire::Comment {
    wire::Comment {
        comment: comment.comment.as_str().to_owned(),
        post: comment.post.as_str().to_owned(),
        parent: comment.parent.clone(),
        verb: comment.verb.as_str().to_owned(),
        from: comment.from.as_ref().map(author_to_wire),
        text: comment.text.clone(),
        created_at_ms: millis(comment.created_at),
    }
}

pub(super) fn comment_from_wire(comment: wire::Comment) -> Result<Comment, Undecodable> {
    Ok(Comment {
        comment: required(&comment.comment, CommentId::parse, "comment.comment")?,
        post: required(&comment.post, PostId::parse, "comment.post")?,
        parent: comment.parent,
        verb: word(&comment.verb, CommentVerb::parse, "comment.verb")?,
        from: comment.from.map(author_from_wire).transpose()?,
        text: comment.text,
        created_at: moment(comment.created_at_ms),
    })
}

fn author_to_wire(author: &Author) -> wire::Author {
    wire::Author { id: author.id.as_str().to_owned(), name: author.name.clone() }
}

fn author_from_wire(author: wire::Author) -> Result<Author, Undecodable> {
    Ok(Author { id: required(&author.id, Psid::parse, "author.id")?, name: author.name })
}

pub(super) fn feed_to_wire(feed: &FeedChange) -> wire::FeedChange {
    wire::FeedChange {
        item: feed.item.clone(),
        verb: feed.verb.clone(),
        post: text_of(feed.post.as_ref(), PostId::as_str),
        comment: text_of(feed.comment.as_ref(), CommentId::as_str),
        parent: feed.parent.clone(),
        from: feed.from.as_ref().map(author_to_wire),
        text: feed.text.clone(),
        reaction: feed.reaction.clone(),
        created_at_ms: millis(feed.created_at),
    }
}

pub(super) fn feed_from_wire(feed: wire::FeedChange) -> Result<FeedChange, Undecodable> {
    Ok(FeedChange {
        item: feed.item,
        verb: feed.verb,
        post: optional(&feed.post, PostId::parse, "feed.post")?,
        comment: optional(&feed.comment, CommentId::parse, "feed.comment")?,
        parent: feed.parent,
        from: feed.from.map(author_from_wire).transpose()?,
        text: feed.text,
        reaction: feed.reaction,
        created_at: moment(feed.created_at_ms),
    })
}

pub(super) fn label_to_wire(label: &InboxLabel) -> wire::InboxLabel {
    wire::InboxLabel { action: label.action.clone(), label: label.label.clone(), name: label.name.clone() }
}

pub(super) fn label_from_wire(label: wire::InboxLabel) -> InboxLabel {
    let wire::InboxLabel { action, label, name } = label;
    InboxLabel { action, label, name }
}

pub(super) fn marketing_to_wire(message: &MarketingMessage) -> wire::MarketingMessage {
    wire::MarketingMessage {
        step: message.step.as_str().to_owned(),
        campaign: message.campaign.clone(),
        token: message.token.as_ref().map(consent::token_bytes).unwrap_or_default(),
        sealed_token: None,
        app: text_of(message.app.as_ref(), AppId::as_str),
        business: message.business.clone(),
        mid: text_of(message.mid.as_ref(), Mid::as_str),
        tracking: message.tracking.clone(),
        error: message.error.clone(),
    }
}

pub(super) fn marketing_from_wire(message: wire::MarketingMessage) -> Result<MarketingMessage, Undecodable> {
    let token = match (message.token.as_slice(), message.sealed_token.as_ref()) {
        ([], None) => None,
        (bytes, sealed) => Some(consent::token(bytes, sealed, "marketing_message.token")?),
    };
    Ok(MarketingMessage {
        step: word(&message.step, MarketingStep::parse, "marketing_message.step")?,
        campaign: message.campaign,
        token,
        app: optional(&message.app, AppId::parse, "marketing_message.app")?,
        business: message.business,
        mid: optional_mid(&message.mid)?,
        tracking: message.tracking,
        error: message.error,
    })
}

pub(super) fn upload_to_wire(upload: &SubscriberUpload) -> wire::SubscriberUpload {
    wire::SubscriberUpload {
        audience: upload.audience.clone(),
        ad_account: upload.ad_account.clone(),
        n_rows: upload.n_rows,
        at_least: upload.at_least,
        at_most: upload.at_most,
        status: upload.status.clone(),
    }
}

pub(super) fn upload_from_wire(upload: wire::SubscriberUpload) -> SubscriberUpload {
    let wire::SubscriberUpload { audience, ad_account, n_rows, at_least, at_most, status } = upload;
    SubscriberUpload { audience, ad_account, n_rows, at_least, at_most, status }
}

pub(super) fn template_to_wire(status: &TemplateStatus) -> wire::TemplateStatus {
    wire::TemplateStatus {
        template: status.template.clone(),
        name: status.name.clone(),
        language: status.language.clone(),
        status: status.status.clone(),
        reason: status.reason.clone(),
    }
}

pub(super) fn template_from_wire(status: wire::TemplateStatus) -> TemplateStatus {
    let wire::TemplateStatus { template, name, language, status, reason } = status;
    TemplateStatus { template, name, language, status, reason }
}
