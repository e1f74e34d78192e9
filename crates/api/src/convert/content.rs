//! What is said, between the domain and its one schema, which calls and the log share.
//!
//! Reading notes what cannot be: a kind left out, an unknown word, an id in another form. Limits are the domain's.

mod button;
mod form;
mod receipt;
mod template;
#[cfg(test)]
mod tests;

use crate::proto::content::v1 as pb;
use crate::status::Violations;
use domain::content::{Body, Content, HandOver, Media, Notification, Parameter, QuickReply, Source, Utility, Words};
use domain::id::{AppId, AttachmentId, Mid, PersonaId};
use pb::content::Kind;

/// The content in its schema.
pub fn content(content: &Content) -> pb::Content {
    let hand_over = content.hand_over.as_ref().map(|hand_over| match hand_over {
        HandOver::Pass(app) => pb::hand_over::Kind::PassToAppId(app.as_str().to_owned()),
        HandOver::Release => pb::hand_over::Kind::Release(pb::Release {}),
    });
    pb::Content {
        kind: Some(body(&content.body)),
        quick_replies: content.quick_replies.iter().map(quick_reply).collect(),
        reply_to: content.reply_to.as_ref().map(|mid| mid.as_str().to_owned()).unwrap_or_default(),
        persona_id: content.persona.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        notification: notification(content.notification).into(),
        metadata: optional(content.metadata.as_ref()),
        hand_over: hand_over.map(|kind| pb::HandOver { kind: Some(kind) }),
    }
}

/// The content that stands in a `field`, or notes of what is wrong with it.
pub fn take_content(content: Option<pb::Content>, field: &str, violations: &mut Violations) -> Option<Content> {
    let mut read = Read { path: field.to_owned(), violations };
    let Some(content) = content else {
        read.violations.add(field, "is required: text, attachment, images, sticker, template or utility");
        return None;
    };
    let body = read.body(content.kind);
    let quick_replies = read.each("quick_replies", content.quick_replies, Read::quick_reply);
    let reply_to = read.id("reply_to", &content.reply_to, Mid::parse);
    let persona = read.id("persona_id", &content.persona_id, PersonaId::parse);
    let notification = read.word("notification", content.notification, &NOTIFICATIONS, notification);
    let hand_over = read.if_given("hand_over", content.hand_over, Read::hand_over);
    Some(Content {
        body: body?,
        quick_replies: quick_replies?,
        reply_to: reply_to?,
        persona: persona?,
        notification: notification?,
        metadata: Words::unless_empty(content.metadata),
        hand_over: hand_over?,
    })
}

fn body(body: &Body) -> Kind {
    match body {
        Body::Text(text) => Kind::Text(owned(text)),
        Body::Attachment { media: kind, source: from } => {
            Kind::Attachment(pb::Attachment { media: media(*kind).into(), source: Some(source(from)) })
        }
        Body::Images(sources) => Kind::Images(pb::Images { sources: sources.iter().map(source).collect() }),
        Body::Sticker(id) => Kind::Sticker(*id),
        Body::Template(one) => Kind::Template(pb::Template { kind: Some(template::to_wire(one)) }),
        Body::Utility(utility) => Kind::Utility(pb::Utility {
            name: owned(&utility.name),
            language: owned(&utility.language),
            header: utility.header.iter().map(parameter).collect(),
            body: utility.body.iter().map(parameter).collect(),
        }),
    }
}

/// The kind of file that has this number in the schema; none for any other number.
pub fn take_media(number: i32) -> Option<Media> {
    [Media::Image, Media::Audio, Media::Video, Media::File].into_iter().find(|one| i32::from(media(*one)) == number)
}

const fn media(media: Media) -> pb::Media {
    match media {
        Media::Image => pb::Media::Image,
        Media::Audio => pb::Media::Audio,
        Media::Video => pb::Media::Video,
        Media::File => pb::Media::File,
    }
}

fn source(source: &Source) -> pb::Source {
    let kind = match source {
        Source::Url(url) => pb::source::Kind::Url(owned(url)),
        Source::Kept(url) => pb::source::Kind::KeptUrl(owned(url)),
        Source::Saved(id) => pb::source::Kind::AttachmentId(id.as_str().to_owned()),
    };
    pb::Source { kind: Some(kind) }
}

const NOTIFICATIONS: [Notification; 3] = [Notification::Regular, Notification::Silent, Notification::Off];

const fn notification(notification: Notification) -> pb::Notification {
    match notification {
        Notification::Regular => pb::Notification::Unspecified,
        Notification::Silent => pb::Notification::Silent,
        Notification::Off => pb::Notification::Off,
    }
}

fn quick_reply(reply: &QuickReply) -> pb::QuickReply {
    use pb::quick_reply::Kind;
    let kind = match reply {
        QuickReply::Text { title, payload, image_url } => Kind::Text(pb::QuickReplyText {
            title: optional(title.as_ref()),
            payload: optional(payload.as_ref()),
            image_url: optional(image_url.as_ref()),
        }),
        QuickReply::PhoneNumber => Kind::PhoneNumber(pb::QuickReplyPhoneNumber {}),
        QuickReply::Email => Kind::Email(pb::QuickReplyEmail {}),
    };
    pb::QuickReply { kind: Some(kind) }
}

fn parameter(parameter: &Parameter) -> pb::Parameter {
    pb::Parameter { name: optional(parameter.name.as_ref()), text: owned(&parameter.text) }
}

fn owned(words: &Words) -> String {
    words.as_str().to_owned()
}

/// What is left out is empty on the wire.
fn optional(words: Option<&Words>) -> String {
    words.map(owned).unwrap_or_default()
}

/// Where the reading is, and what it notes.
struct Read<'a> {
    path: String,
    violations: &'a mut Violations,
}

impl Read<'_> {
    fn add(&mut self, field: &str, what: impl Into<String>) {
        self.violations.add(&format!("{}.{field}", self.path), what);
    }

    /// Reads a part by its name.
    fn within<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let length = self.path.len();
        self.path.push('.');
        self.path.push_str(name);
        let found = read(self);
        self.path.truncate(length);
        found
    }

    /// Reads a part that may be left out.
    fn if_given<P, T>(
        &mut self,
        name: &str,
        part: Option<P>,
        read: impl FnOnce(&mut Self, P) -> Option<T>,
    ) -> Option<Option<T>> {
        match part {
            Some(part) => self.within(name, |all| read(all, part)).map(Some),
            None => Some(None),
        }
    }

    /// Reads every part of a list, also behind one that cannot be read.
    fn each<P, T>(&mut self, name: &str, parts: Vec<P>, read: impl Fn(&mut Self, P) -> Option<T>) -> Option<Vec<T>> {
        let numbered = parts.into_iter().enumerate();
        let all: Vec<_> =
            numbered.map(|(place, part)| self.within(&format!("{name}[{place}]"), |all| read(all, part))).collect();
        all.into_iter().collect()
    }

    /// An id that may be left out.
    fn id<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        if raw.is_empty() {
            return Some(None);
        }
        parse(raw).map(Some).map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// One of the words that the schema knows.
    fn word<T: Copy, W: Into<i32>>(
        &mut self,
        field: &str,
        number: i32,
        known: &[T],
        name: impl Fn(T) -> W,
    ) -> Option<T> {
        let found = known.iter().copied().find(|one| name(*one).into() == number);
        if found.is_none() {
            self.add(field, "is none of its values, or is required");
        }
        found
    }

    /// The kind of something, which must be given.
    fn given<T>(&mut self, kind: Option<T>, what: &str) -> Option<T> {
        if kind.is_none() {
            self.violations.add(&self.path, format!("is required: {what}"));
        }
        kind
    }

    fn body(&mut self, kind: Option<Kind>) -> Option<Body> {
        match self.given(kind, "text, attachment, images, sticker, template or utility")? {
            Kind::Text(text) => Some(Body::Text(text.into())),
            Kind::Attachment(attachment) => self.within("attachment", |read| {
                const ALL: [Media; 4] = [Media::Image, Media::Audio, Media::Video, Media::File];
                let media = read.word("media", attachment.media, &ALL, media);
                let source = read.within("source", |read| read.source(attachment.source.unwrap_or_default()));
                Some(Body::Attachment { media: media?, source: source? })
            }),
            Kind::Images(images) => {
                self.within("images", |read| read.each("sources", images.sources, Read::source)).map(Body::Images)
            }
            Kind::Sticker(id) => Some(Body::Sticker(id)),
            Kind::Template(template) => {
                self.within("template", |read| read.template(template)).map(|one| Body::Template(Box::new(one)))
            }
            Kind::Utility(utility) => {
                let parameters = |all: Vec<pb::Parameter>| {
                    let read =
                        |one: pb::Parameter| Parameter { name: Words::unless_empty(one.name), text: one.text.into() };
                    all.into_iter().map(read).collect()
                };
                Some(Body::Utility(Box::new(Utility {
                    name: utility.name.into(),
                    language: utility.language.into(),
                    header: parameters(utility.header),
                    body: parameters(utility.body),
                })))
            }
        }
    }

    fn source(&mut self, source: pb::Source) -> Option<Source> {
        match self.given(source.kind, "url, kept_url or attachment_id")? {
            pb::source::Kind::Url(url) => Some(Source::Url(url.into())),
            pb::source::Kind::KeptUrl(url) => Some(Source::Kept(url.into())),
            pb::source::Kind::AttachmentId(id) => self.attachment_id(&id).map(Source::Saved),
        }
    }

    fn attachment_id(&mut self, raw: &str) -> Option<AttachmentId> {
        AttachmentId::parse(raw).map_err(|error| self.add("attachment_id", error.to_string())).ok()
    }

    fn quick_reply(&mut self, reply: pb::QuickReply) -> Option<QuickReply> {
        use pb::quick_reply::Kind;
        Some(match self.given(reply.kind, "text, phone_number or email")? {
            Kind::Text(text) => QuickReply::Text {
                title: Words::unless_empty(text.title),
                payload: Words::unless_empty(text.payload),
                image_url: Words::unless_empty(text.image_url),
            },
            Kind::PhoneNumber(_) => QuickReply::PhoneNumber,
            Kind::Email(_) => QuickReply::Email,
        })
    }

    fn hand_over(&mut self, hand_over: pb::HandOver) -> Option<HandOver> {
        match self.given(hand_over.kind, "pass_to_app_id or release")? {
            pb::hand_over::Kind::PassToAppId(id) => {
                let app = AppId::parse(&id).map_err(|error| self.add("pass_to_app_id", error.to_string()));
                app.map(HandOver::Pass).ok()
            }
            pb::hand_over::Kind::Release(_) => Some(HandOver::Release),
        }
    }
}
