//! The Page's timeline: comments and visitors' posts, which have streams of their own, and everything else.

use super::Fact;
use crate::json::{self, Id, Moment, Object, Words};
use crate::webhook::Place;
use domain::event::{Author, Comment, CommentVerb, FeedChange, InboundKind};
use domain::id::{CommentId, PageId, PostId, Psid};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Wire {
    item: String,
    verb: String,
    post_id: Option<Id>,
    comment_id: Option<Id>,
    parent_id: Option<Id>,
    from: Option<Object<Poster>>,
    /// The older form of `from`.
    sender_id: Option<Id>,
    sender_name: Option<Words>,
    message: Option<Words>,
    reaction_type: Option<String>,
    created_time: Option<Moment>,
}

#[derive(Deserialize)]
struct Poster {
    id: Id,
    name: Option<Words>,
}

pub(super) fn read(raw: &RawValue, page: Option<&PageId>) -> Option<Fact> {
    let wire: Wire = json::object(raw)?;
    let from = match (wire.from, wire.sender_id) {
        (Some(Object(from)), _) => Some((from.id, from.name)),
        (None, Some(id)) => Some((id, wire.sender_name)),
        (None, None) => None,
    };
    let from = match from {
        Some((id, name)) => Some(Author { id: Psid::parse(&id.0).ok()?, name: name.map(|name| name.0) }),
        None => None,
    };
    let post = wire.post_id.map(|id| PostId::parse(&id.0)).transpose().ok()?;
    let comment = wire.comment_id.map(|id| CommentId::parse(&id.0)).transpose().ok()?;
    let created_at = wire.created_time.map(|at| at.0);
    let (parent, text) = (wire.parent_id.map(|id| id.0), wire.message.unwrap_or_default().0);
    let (place, kind) = if wire.item == "comment" {
        let (post, verb) = (post?, CommentVerb::parse(&wire.verb)?);
        let place = place(&post, from.as_ref(), page);
        (place, InboundKind::Comment(Comment { comment: comment?, post, parent, verb, from, text, created_at }))
    } else {
        let (item, verb, reaction) = (wire.item, wire.verb, wire.reaction_type);
        let feed = FeedChange { item, verb, post, comment, parent, from, text, reaction, created_at };
        (wall(&feed, page), InboundKind::Feed(feed))
    };
    Some(Fact { place, time: created_at, ..Fact::of_page(kind) })
}

/// A visitor's post has a place like a comment's, since it can be answered like one. All else is the Page's affair.
fn wall(feed: &FeedChange, page: Option<&PageId>) -> Place {
    let visitor = page.and_then(|page| feed.visitor_post(page));
    visitor.map_or(Place::Page, |(post, author)| Place::Comment { post: post.clone(), commenter: author.id.clone() })
}

/// A comment of the Page itself, or of nobody who is named, is the Page's affair.
fn place(post: &PostId, from: Option<&Author>, page: Option<&PageId>) -> Place {
    match from {
        Some(author) if page.is_none_or(|page| page.as_str() != author.id.as_str()) => {
            Place::Comment { post: post.clone(), commenter: author.id.clone() }
        }
        Some(_) | None => Place::Page,
    }
}
