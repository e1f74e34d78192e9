//! What changes on the Page itself: comments, posts, labels, campaigns, templates.

use super::word::words;
use crate::id::{AppId, CommentId, Mid, PageId, PostId, Psid, Token};
use crate::time::Timestamp;

words! {
    /// What was done with a comment.
    CommentVerb {
        /// Written.
        Add = "add",
        /// Changed.
        Edited = "edited",
        /// Taken away.
        Remove = "remove",
        /// Hidden from others.
        Hide = "hide",
        /// Shown again.
        Unhide = "unhide",
    }
}

/// Something was done with a comment on a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// Which comment.
    pub comment: CommentId,
    /// On which post.
    pub post: PostId,
    /// What it answers: the post itself, or another comment.
    pub parent: Option<String>,
    /// What was done.
    pub verb: CommentVerb,
    /// Whose comment it is; none where the platform does not say.
    pub from: Option<Author>,
    /// What it says. Personal data.
    pub text: String,
    /// The time that the platform gives with it.
    pub created_at: Option<Timestamp>,
}

/// Somebody who writes in public.
#[derive(Clone, PartialEq)]
pub struct Author {
    /// Who, on this Page.
    pub id: Psid,
    /// Their name. Personal data.
    pub name: Option<String>,
}

impl std::fmt::Debug for Author {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Author(…)")
    }
}

/// Something else was done on the Page's timeline: posts, shares, likes, and others.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedChange {
    /// The platform's word for the thing, such as `post`.
    pub item: String,
    /// The platform's word for what was done, such as `add`.
    pub verb: String,
    /// Which post.
    pub post: Option<PostId>,
    /// Which comment, when it was done to one.
    pub comment: Option<CommentId>,
    /// What it hangs below.
    pub parent: Option<String>,
    /// Who did it; none where the platform does not say.
    pub from: Option<Author>,
    /// What it says. Personal data.
    pub text: String,
    /// The sort of a reaction, such as `like`.
    pub reaction: Option<String>,
    /// The time that the platform gives with it.
    pub created_at: Option<Timestamp>,
}

/// What a visitor can put on a Page's wall, by the platform's words (fixtures of the field `feed`).
const POSTS: [&str; 4] = ["post", "status", "photo", "video"];

impl FeedChange {
    /// The post and its author, when this is about a post that somebody else than the Page wrote on its wall. Such a post
    /// can be answered in private like a comment (private-replies page).
    pub fn visitor_post(&self, page: &PageId) -> Option<(&PostId, &Author)> {
        let author = self.from.as_ref().filter(|author| author.id.as_str() != page.as_str())?;
        let is_post = POSTS.contains(&self.item.as_str()) && self.comment.is_none() && self.parent.is_none();
        Some((self.post.as_ref().filter(|_| is_post)?, author))
    }

    /// What was done with it, in the words for comments, where it is one of those.
    pub fn verb(&self) -> Option<CommentVerb> {
        CommentVerb::parse(&self.verb)
    }
}

/// A label was given to the person, or taken away, in the Page's inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxLabel {
    /// The platform's word, such as `add`.
    pub action: String,
    /// The label's id.
    pub label: String,
    /// What it says.
    pub name: Option<String>,
}

words! {
    /// What became of a paid message, by the name of the platform's field.
    MarketingStep {
        /// Sent.
        Echo = "marketing_message_echoes",
        /// Arrived.
        Delivered = "marketing_message_deliveries",
        /// Read.
        Read = "marketing_message_reads",
        /// A link in it was opened.
        Clicked = "marketing_message_clicks",
        /// Accepted, and then not delivered.
        Failed = "marketing_message_delivery_failed",
    }
}

/// Something became of a paid message.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketingMessage {
    /// What.
    pub step: MarketingStep,
    /// The campaign.
    pub campaign: Option<String>,
    /// The right by which it was sent.
    pub token: Option<Token>,
    /// The app that sent it.
    pub app: Option<AppId>,
    /// The business that pays.
    pub business: Option<String>,
    /// The message, where the platform names it.
    pub mid: Option<Mid>,
    /// What ties the steps of one message together.
    pub tracking: Option<String>,
    /// Why it failed, in the platform's words.
    pub error: Option<String>,
}

/// How far the upload of subscribers has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscriberUpload {
    /// The audience that is filled.
    pub audience: String,
    /// The advertising account.
    pub ad_account: Option<String>,
    /// How many rows came.
    pub n_rows: Option<i64>,
    /// About how many people were found: at least.
    pub at_least: Option<i64>,
    /// At most.
    pub at_most: Option<i64>,
    /// The platform's word for where it stands.
    pub status: Option<String>,
}

/// The review of a message template said something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateStatus {
    /// The template's id.
    pub template: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its language.
    pub language: Option<String>,
    /// The platform's word, such as `APPROVED`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}
