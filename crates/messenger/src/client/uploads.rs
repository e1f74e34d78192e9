//! Files that a Page keeps on the platform, and the names under which it speaks.

use super::calls::{As, Call, CallAnswer};
use super::content::media;
use super::conversations::Paging;
use super::{Answered, SendClient};
use crate::json::{Detail, Words as Text};
use domain::content::{Media, Words};
use domain::id::{AttachmentId, PersonaId};
use serde::{Deserialize, Deserializer};
use serde_json::json;

/// How many personas are read at most, a hundred at a time.
const MOST_PERSONAS: usize = 1_000;

/// A name and a picture under which a Page speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// Its id.
    pub id: PersonaId,
    /// The name.
    pub name: String,
    /// Where its picture is.
    pub picture_url: Option<Words>,
}

#[derive(Deserialize)]
struct Uploaded {
    #[serde(deserialize_with = "attachment")]
    attachment_id: AttachmentId,
}

#[derive(Deserialize)]
struct Created {
    #[serde(deserialize_with = "persona")]
    id: PersonaId,
}

#[derive(Deserialize)]
struct WirePersona {
    #[serde(deserialize_with = "persona")]
    id: PersonaId,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    profile_picture_url: Detail<String>,
}

#[derive(Deserialize)]
struct Personas {
    data: Vec<WirePersona>,
    #[serde(default)]
    paging: Detail<Paging>,
}

/// The platform says that it did what was asked.
#[derive(Deserialize)]
pub(super) struct Done {}

fn attachment<'de, D: Deserializer<'de>>(from: D) -> Result<AttachmentId, D::Error> {
    let id = crate::json::Id::deserialize(from)?;
    AttachmentId::parse(&id.0).map_err(serde::de::Error::custom)
}

fn persona<'de, D: Deserializer<'de>>(from: D) -> Result<PersonaId, D::Error> {
    let id = crate::json::Id::deserialize(from)?;
    PersonaId::parse(&id.0).map_err(serde::de::Error::custom)
}

impl From<WirePersona> for Persona {
    fn from(wire: WirePersona) -> Self {
        let picture_url = wire.profile_picture_url.0.and_then(Words::unless_empty);
        Self { id: wire.id, name: wire.name.0, picture_url }
    }
}

impl SendClient {
    /// Lets the platform fetch a file from this address and keep it, for 90 days, for messages of this Page.
    pub async fn upload(&self, by: As<'_>, kind: Media, url: &Words) -> CallAnswer<AttachmentId> {
        let payload = json!({ "url": url.as_str(), "is_reusable": true });
        let body = json!({ "message": { "attachment": { "type": media(kind), "payload": payload } } });
        let answer = self.call(by, Call::post(&[by.page.as_str(), "message_attachments"], body)).await;
        answer.map(|uploaded: Uploaded| uploaded.attachment_id)
    }

    /// Makes a persona of this name, of at most 50 characters, with the picture at this address, of at most 8 MB.
    pub async fn create_persona(&self, by: As<'_>, name: &str, picture_url: &Words) -> CallAnswer<PersonaId> {
        let body = json!({ "name": name, "profile_picture_url": picture_url.as_str() });
        let answer = self.call(by, Call::post(&[by.page.as_str(), "personas"], body)).await;
        answer.map(|created: Created| created.id)
    }

    /// One persona.
    pub async fn persona(&self, by: As<'_>, id: &PersonaId) -> CallAnswer<Persona> {
        let answer = self.call(by, Call::get(&[id.as_str()])).await;
        answer.map(|found: WirePersona| found.into())
    }

    /// The Page's personas, up to a thousand of them.
    pub async fn personas(&self, by: As<'_>) -> CallAnswer<Vec<Persona>> {
        let mut all: Vec<Persona> = Vec::new();
        let mut after = None;
        loop {
            let mut call = Call::get(&[by.page.as_str(), "personas"]).with("limit", "100");
            if let Some(after) = after {
                call = call.with("after", after);
            }
            let Answered { answer, usage } = self.call::<Personas>(by, call).await;
            let page = match answer {
                Ok(page) => page,
                Err(error) => return Answered { answer: Err(error), usage },
            };
            all.extend(page.data.into_iter().map(Persona::from));
            after = page.paging.0.and_then(Paging::next).filter(|_| all.len() < MOST_PERSONAS);
            if after.is_none() {
                return Answered { answer: Ok(all), usage };
            }
        }
    }

    /// Deletes a persona. What was sent under it keeps its name.
    pub async fn delete_persona(&self, by: As<'_>, id: &PersonaId) -> CallAnswer<()> {
        self.call(by, Call::delete(&[id.as_str()])).await.map(|Done {}| ())
    }
}
