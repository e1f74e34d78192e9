//! What a message needs before it is claimed, and what may be mended after the platform refused it: files that the platform
//! keeps, and the persona under which somebody speaks.
//!
//! A refused message did not go out, so trying it again in another form is no second send; it is another attempt, and counts.

use crate::Parts;
use crate::append::ChangeError;
use crate::dispatch::Work;
use crate::files::{File, Wanted};
use domain::content::{Body, Content, Media, Source};
use domain::decision::Actor;
use domain::event::Outcome;
use domain::id::{AttachmentId, PageId, PersonaId, SendId, StreamId};
use domain::time::{Span, Timestamp};
use messenger::client::errors::ErrorClass;
use messenger::client::{ApiError, As, CallError, SendRequest};
use secrecy::SecretString;
use sql::{SqlError, personas};
use std::time::Duration;

/// How long a message rests when the tables do not answer.
const REST: Span = Span::from_secs(1);
/// How long it may take to ask whether a persona is still there. The message's outcome waits for it.
const ASKING: Duration = Duration::from_secs(2);
/// The platform's code for a wrong parameter, a persona that is gone among them: it has none of its own for that.
const PARAMETER: i64 = 100;
/// And for an object that is not there.
const NO_OBJECT: i64 = 33;

/// What a message needs.
pub(crate) enum Prepared {
    /// It can be claimed.
    Ready(Ready),
    /// Not yet: when to look again.
    NotYet(Timestamp),
    /// The platform refuses one of its files, by this error.
    Refused { code: i64, subcode: i64 },
}

/// What is written in the place of what was asked for.
#[derive(Default)]
pub(crate) struct Ready {
    /// None: what was asked for.
    content: Option<Content>,
    /// Files that were kept before this attempt, by their ids.
    kept: Vec<AttachmentId>,
    /// Whether a person of the staff speaks.
    pub(crate) is_by_staff: bool,
}

impl Ready {
    /// The content as it is written.
    pub(crate) fn instead_of(&mut self, asked: Content) -> Content {
        self.content.take().unwrap_or(asked)
    }
}

/// How the files of a message were found.
enum Found {
    All(Vec<AttachmentId>),
    NotYet(Timestamp),
    Refused(ApiError),
}

impl Parts {
    /// Before the claim: has the platform keep the message's files, and finds out who speaks.
    pub(crate) async fn prepare(
        &self,
        stream: &StreamId,
        send: &SendId,
        token: &SecretString,
        work: &Work,
    ) -> Result<Prepared, ChangeError> {
        let loaded = self.at_hand(stream).await.map_err(ChangeError::Read)?;
        let Some((content, actor)) = loaded.state.send(send).and_then(|open| {
            let content = open.content.as_ref()?;
            let is_special = content.persona.is_some() || open.intent.actor.is_human() || has_kept(&content.body);
            is_special.then(|| (content.clone(), open.intent.actor.clone()))
        }) else {
            return Ok(Prepared::Ready(Ready::default()));
        };
        drop(loaded);
        let by = As { page: send.page(), token };
        Ok(self.resolve(by, content, &actor, work).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a send waits for the tables");
            Prepared::NotYet(self.clock.now().plus(REST))
        }))
    }

    async fn resolve(
        &self,
        by: As<'_>,
        mut content: Content,
        actor: &Actor,
        work: &Work,
    ) -> Result<Prepared, SqlError> {
        content.persona = self.speaker(by.page, content.persona.take(), actor).await?;
        let kept = match self.keep(by, &mut content.body, work).await? {
            Found::All(kept) => kept,
            Found::NotYet(at) => return Ok(Prepared::NotYet(at)),
            Found::Refused(ApiError { code, subcode, .. }) => return Ok(Prepared::Refused { code, subcode }),
        };
        Ok(Prepared::Ready(Ready { content: Some(content), kept, is_by_staff: actor.is_human() }))
    }

    /// The persona that is named, unless it is gone; else the one under which this person of the staff speaks.
    async fn speaker(
        &self,
        page: &PageId,
        named: Option<PersonaId>,
        actor: &Actor,
    ) -> Result<Option<PersonaId>, SqlError> {
        let persona = match (named, actor) {
            (Some(named), _) => Some(named),
            (None, Actor::Human(agent) | Actor::AiAssistedHuman(agent)) => {
                personas::of_agent(&self.database, page, agent).await?
            }
            (None, Actor::Bot | Actor::Automation | Actor::Broadcast) => None,
        };
        let Some(id) = persona else { return Ok(None) };
        let known = personas::get(&self.database, page, &id).await?;
        Ok(Some(id).filter(|_| known.is_none_or(|known| known.deleted_at.is_none())))
    }

    /// Puts the ids of files that the platform keeps in the place of their addresses.
    async fn keep(&self, by: As<'_>, body: &mut Body, work: &Work) -> Result<Found, SqlError> {
        let mut known = Vec::new();
        for (media, source) in sources(body) {
            let Source::Kept(url) = source else { continue };
            let wanted = Wanted { by, media, url, request: None };
            match self.file(&wanted, work).await? {
                File::Kept { kept, was_there } => {
                    known.extend(was_there.then(|| kept.id.clone()));
                    *source = Source::Saved(kept.id);
                }
                File::Later(at) => return Ok(Found::NotYet(at)),
                File::Refused(error) => return Ok(Found::Refused(error)),
            }
        }
        Ok(Found::All(known))
    }

    /// After a refusal: what became of the attempt where the message can be tried again in another form; none where not.
    pub(crate) async fn mend(
        &self,
        by: As<'_>,
        request: &SendRequest,
        ready: &Ready,
        error: &ApiError,
    ) -> Option<Outcome> {
        let is_mended = match error.class() {
            ErrorClass::Attachment => self.forget_files(by.page, request, ready).await,
            ErrorClass::Message if error.code == PARAMETER && matches!(error.subcode, 0 | NO_OBJECT) => {
                self.is_without_persona(by, request.content.persona.as_ref()?).await
            }
            ErrorClass::Message
            | ErrorClass::Rate(_)
            | ErrorClass::Transient
            | ErrorClass::Token
            | ErrorClass::Person
            | ErrorClass::Thread
            | ErrorClass::Feature
            | ErrorClass::Page(_)
            | ErrorClass::Ambiguous => Ok(false),
        };
        match is_mended {
            Ok(true) => Some(Outcome::Retrying { not_before: self.clock.now(), code: error.code }),
            Ok(false) => None,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a refused message could not be mended");
                None
            }
        }
    }

    /// Forgets the files of a message that the platform does not know any more. Answers whether the next attempt uploads one
    /// again: an id that was uploaded for this very attempt would be no better the next time.
    async fn forget_files(&self, page: &PageId, request: &SendRequest, ready: &Ready) -> Result<bool, SqlError> {
        for id in saved(&request.content.body) {
            self.files.forget(page, id).await?;
        }
        Ok(!ready.kept.is_empty())
    }

    /// Whether the persona is gone on the platform. Then it is so here too, and no message names it any more.
    async fn is_without_persona(&self, by: As<'_>, persona: &PersonaId) -> Result<bool, SqlError> {
        let asked = tokio::time::timeout(ASKING, self.client.persona(by, persona)).await;
        let is_gone = match asked.map(|answered| answered.answer) {
            Ok(Err(CallError::Refused(error))) => error.code == PARAMETER,
            Ok(Ok(_) | Err(CallError::NotSent(_) | CallError::Ambiguous(_))) | Err(_) => false,
        };
        if is_gone {
            tracing::warn!(page = %by.page, %persona, "a persona is gone on the platform; messages leave without it");
            personas::gone(&self.database, by.page, persona, self.clock.now()).await?;
        }
        Ok(is_gone)
    }
}

fn has_kept(body: &Body) -> bool {
    let is_kept = |source: &Source| matches!(source, Source::Kept(_));
    match body {
        Body::Attachment { source, .. } => is_kept(source),
        Body::Images(sources) => sources.iter().any(is_kept),
        Body::Text(_) | Body::Sticker(_) | Body::Template(_) | Body::Utility(_) => false,
    }
}

/// Where the files of a message come from.
fn sources(body: &mut Body) -> Vec<(Media, &mut Source)> {
    match body {
        Body::Attachment { media, source } => vec![(*media, source)],
        Body::Images(sources) => sources.iter_mut().map(|source| (Media::Image, source)).collect(),
        Body::Text(_) | Body::Sticker(_) | Body::Template(_) | Body::Utility(_) => Vec::new(),
    }
}

/// The ids of a message's files.
fn saved(body: &Body) -> Vec<&AttachmentId> {
    match body {
        Body::Attachment { source, .. } => id(source).into_iter().collect(),
        Body::Images(sources) => sources.iter().filter_map(id).collect(),
        Body::Text(_) | Body::Sticker(_) | Body::Template(_) | Body::Utility(_) => Vec::new(),
    }
}

const fn id(source: &Source) -> Option<&AttachmentId> {
    match source {
        Source::Saved(id) => Some(id),
        Source::Url(_) | Source::Kept(_) => None,
    }
}
