//! What is said, as the Send API's `message`.

mod template;

use domain::content::{Body, Content, Media, Parameter, QuickReply, Source, Utility, Words};
use serde_json::{Map, Value, json};

/// The `message` of a call, without its metadata.
pub(super) fn message(content: &Content) -> Value {
    let mut message = body(&content.body);
    if !content.quick_replies.is_empty() {
        message["quick_replies"] = content.quick_replies.iter().map(quick_reply).collect();
    }
    message
}

/// The platform's word for a kind of file.
pub(super) const fn media(media: Media) -> &'static str {
    match media {
        Media::Image => "image",
        Media::Audio => "audio",
        Media::Video => "video",
        Media::File => "file",
    }
}

fn body(body: &Body) -> Value {
    match body {
        Body::Text(text) => json!({ "text": text.as_str() }),
        Body::Attachment { media, source } => json!({ "attachment": attachment(*media, source) }),
        Body::Images(sources) => {
            let all: Vec<_> = sources.iter().map(|source| attachment(Media::Image, source)).collect();
            json!({ "attachments": all })
        }
        Body::Sticker(id) => json!({ "sticker_id": id }),
        Body::Template(one) => json!({ "attachment": { "type": "template", "payload": template::payload(one) } }),
        Body::Utility(one) => json!({ "template": utility(one) }),
    }
}

fn attachment(kind: Media, source: &Source) -> Value {
    let payload = match source {
        Source::Url(url) => json!({ "url": url.as_str() }),
        Source::Kept(url) => json!({ "url": url.as_str(), "is_reusable": true }),
        Source::Saved(id) => json!({ "attachment_id": id.as_str() }),
    };
    json!({ "type": media(kind), "payload": payload })
}

fn quick_reply(reply: &QuickReply) -> Value {
    match reply {
        QuickReply::Text { title, payload, image_url } => {
            // Beside a picture both may be empty, and must be there all the same.
            let text = |words: &Option<Words>| words.as_ref().map_or("", Words::as_str).to_owned();
            Fields::of("content_type", "text")
                .with("title", text(title))
                .with("payload", text(payload))
                .words("image_url", image_url.as_ref())
                .json()
        }
        QuickReply::PhoneNumber => json!({ "content_type": "user_phone_number" }),
        QuickReply::Email => json!({ "content_type": "user_email" }),
    }
}

fn utility(utility: &Utility) -> Value {
    let component = |kind: &str, parameters: &[Parameter]| {
        let all: Vec<_> = parameters.iter().map(parameter).collect();
        (!all.is_empty()).then(|| json!({ "type": kind, "parameters": all }))
    };
    let components = [component("header", &utility.header), component("body", &utility.body)];
    let components: Vec<_> = components.into_iter().flatten().collect();
    let language = json!({ "code": utility.language.as_str() });
    json!({ "name": utility.name.as_str(), "language": language, "components": components })
}

fn parameter(parameter: &Parameter) -> Value {
    let fields = Fields::of("type", "text").words("parameter_name", parameter.name.as_ref());
    fields.with("text", parameter.text.as_str()).json()
}

/// An object of which some fields are left out.
struct Fields(Map<String, Value>);

impl Fields {
    fn new() -> Self {
        Self(Map::new())
    }

    fn of(key: &str, value: &str) -> Self {
        Self::new().with(key, value)
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn given(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn words(self, key: &str, words: Option<&Words>) -> Self {
        self.given(key, words.map(Words::as_str))
    }

    /// What is only said when it is so.
    fn flag(self, key: &str, is_so: bool) -> Self {
        self.given(key, is_so.then_some(true))
    }

    /// A list, which is left out when it is empty.
    fn list(self, key: &str, all: Vec<Value>) -> Self {
        self.given(key, (!all.is_empty()).then_some(all))
    }

    fn json(self) -> Value {
        Value::Object(self.0)
    }
}
