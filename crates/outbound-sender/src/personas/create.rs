//! Makes a persona once for each request id, though the platform would make one for each call: the wish is noted before the
//! call, and whoever finds a wish whose call came to no end looks on the platform first.

use super::tables;
use crate::Parts;
use api::name;
use api::proto::outbound::v1 as pb;
use api::status::{self, Violations};
use domain::content::{Body, Content, Media, Source, Words};
use domain::id::{PageId, PersonaId, RequestId};
use messenger::client::{As, CallError};
use sha2::{Digest, Sha256};
use sql::personas::{self, Begun, Failed};
use tonic::Status;

/// The platform's limit for a persona's name (its page on personas).
const NAME_CHARS: usize = 50;

/// A request whose every field is as it must be.
struct Asked {
    page: PageId,
    request: RequestId,
    name: String,
    picture: Words,
}

impl Asked {
    /// Stands for all that was asked for. The picture's address is kept nowhere else.
    fn digest(&self) -> Vec<u8> {
        let digest = Sha256::new().chain_update(b"nuncio persona 1\0").chain_update(&self.name).chain_update(b"\0");
        digest.chain_update(self.picture.as_str()).finalize().to_vec()
    }
}

fn parse(asked: pb::CreatePersonaRequest) -> Result<Asked, Status> {
    let mut violations = Violations::default();
    let page = violations.take("parent", name::parse_one_page(&asked.parent));
    let request = violations.take("request_id", RequestId::parse(&asked.request_id));
    let name = asked.display_name;
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        violations.add("display_name", format!("is 1 to {NAME_CHARS} characters on one line"));
    }
    let picture = Words::from(asked.picture_url);
    // The same limits as for the address of a message's picture.
    let source = Source::Url(picture.clone());
    for violation in Content::new(Body::Attachment { media: Media::Image, source }).violations() {
        violations.add("picture_url", violation.what);
    }
    match (page, request) {
        (Some(page), Some(request)) if violations.is_empty() => Ok(Asked { page, request, name, picture }),
        _ => Err(violations.into_status()),
    }
}

impl Parts {
    pub(super) async fn create_persona(&self, asked: pb::CreatePersonaRequest) -> Result<pb::Persona, Status> {
        let validate_only = asked.validate_only;
        let asked = parse(asked)?;
        let page = &asked.page;
        let token = self.token_for_call(page).await?;
        if validate_only {
            return Ok(pb::Persona { display_name: asked.name, ..pb::Persona::default() });
        }
        let digest = asked.digest();
        let begun = personas::begin(&self.database, page, &asked.request, (&asked.name, &digest), self.clock.now());
        match begun.await.map_err(tables)? {
            Begun::Made(known) => self.shown_persona(page, known).await,
            Begun::Busy => Err(status::contended()),
            Begun::Reused => Err(status::persona_request_id_reused(&name::page(page))),
            Begun::Ours { is_again } => {
                let id = self.make_persona(As { page, token: &token }, &asked, is_again).await?;
                personas::made(&self.database, page, &asked.request, &id).await.map_err(tables)?;
                let known = self.known_persona(page, &id).await?;
                self.shown_persona(page, known).await
            }
        }
    }

    /// The platform's id of the persona that was asked for.
    async fn make_persona(&self, by: As<'_>, asked: &Asked, is_again: bool) -> Result<PersonaId, Status> {
        let made = match if is_again { self.find_persona(by, &asked.name).await } else { Ok(None) } {
            Ok(Some(id)) => return Ok(id),
            Ok(None) => self.client.create_persona(by, &asked.name, &asked.picture).await.answer,
            // Whether it is there remains unclear.
            Err(Finding::Tables(error)) => return Err(tables(error)),
            Err(Finding::Platform(error)) => {
                self.unmade(by.page, asked, Failed::Unclear).await?;
                return Err(self.told_of(by, &error, AGAIN).await);
            }
        };
        match made {
            Ok(id) => Ok(id),
            Err(error) => {
                let end = match error {
                    CallError::Refused(_) | CallError::NotSent(_) => Failed::NotMade,
                    CallError::Ambiguous(_) => Failed::Unclear,
                };
                self.unmade(by.page, asked, end).await?;
                Err(self.told_of(by, &error, AGAIN).await)
            }
        }
    }

    async fn unmade(&self, page: &PageId, asked: &Asked, end: Failed) -> Result<(), Status> {
        personas::failed(&self.database, page, &asked.request, end).await.map_err(tables)
    }

    /// A persona of this name on the platform that is no other request's.
    async fn find_persona(&self, by: As<'_>, name: &str) -> Result<Option<PersonaId>, Finding> {
        let all = self.client.personas(by).await.answer.map_err(Finding::Platform)?;
        for found in all.into_iter().filter(|found| found.name == name) {
            let known = personas::get(&self.database, by.page, &found.id).await.map_err(Finding::Tables)?;
            if known.is_none() {
                return Ok(Some(found.id));
            }
        }
        Ok(None)
    }
}

/// What repeating the call does.
const AGAIN: &str = "repeat the call with the same request id: what was made is found again";

/// Why it is not known whether a persona is there.
enum Finding {
    Platform(CallError),
    Tables(sql::SqlError),
}
