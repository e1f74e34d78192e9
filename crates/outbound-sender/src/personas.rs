//! `nuncio.outbound.v1.Personas`: names and pictures under which a Page speaks, and who speaks under which.

mod create;

use crate::{Parts, Sender};
use api::convert::timestamp;
use api::name;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::personas_server::{Personas, PersonasServer};
use api::status::{self, Violations};
use domain::id::{AgentId, PageId, PersonaId};
use domain::time::Timestamp;
use messenger::client::{As, CallError};
use sql::SqlError;
use sql::personas::{self, Known};
use tonic::{Request, Response, Status};

/// How many personas are listed where nobody says, and at most.
const ROWS: usize = 50;
const MOST_ROWS: usize = 1_000;

/// The gRPC service.
#[derive(Debug)]
pub struct PersonasService(Sender);

impl PersonasService {
    /// The service on this sender, ready for a server.
    pub fn server(sender: Sender) -> PersonasServer<Self> {
        PersonasServer::new(Self(sender))
    }
}

#[tonic::async_trait]
impl Personas for PersonasService {
    async fn create_persona(
        &self,
        request: Request<pb::CreatePersonaRequest>,
    ) -> Result<Response<pb::Persona>, Status> {
        self.0.0.create_persona(request.into_inner()).await.map(Response::new)
    }

    async fn get_persona(&self, request: Request<pb::GetPersonaRequest>) -> Result<Response<pb::Persona>, Status> {
        let (page, id) = parse(&request.into_inner().name)?;
        let known = self.0.0.known_persona(&page, &id).await?;
        self.0.0.shown_persona(&page, known).await.map(Response::new)
    }

    async fn list_personas(
        &self,
        request: Request<pb::ListPersonasRequest>,
    ) -> Result<Response<pb::ListPersonasResponse>, Status> {
        self.0.0.list_personas(request.into_inner()).await.map(Response::new)
    }

    async fn delete_persona(
        &self,
        request: Request<pb::DeletePersonaRequest>,
    ) -> Result<Response<pb::Persona>, Status> {
        let (page, id) = parse(&request.into_inner().name)?;
        self.0.0.delete_persona(&page, &id).await.map(Response::new)
    }

    async fn assign_persona(
        &self,
        request: Request<pb::AssignPersonaRequest>,
    ) -> Result<Response<pb::AssignPersonaResponse>, Status> {
        self.0.0.assign_persona(request.into_inner()).await.map(Response::new)
    }
}

fn parse(name: &str) -> Result<(PageId, PersonaId), Status> {
    let mut violations = Violations::default();
    violations.take("name", name::parse_persona(name)).ok_or_else(|| violations.into_status())
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over results")]
fn tables(error: SqlError) -> Status {
    status::tables_unavailable(&error)
}

impl Parts {
    async fn known_persona(&self, page: &PageId, id: &PersonaId) -> Result<Known, Status> {
        let known = personas::get(&self.database, page, id).await.map_err(tables)?;
        known.ok_or_else(|| status::no_such_persona(&name::persona(page, id)))
    }

    async fn shown_persona(&self, page: &PageId, known: Known) -> Result<pb::Persona, Status> {
        let agents = personas::agents(&self.database, page, &known.id).await.map_err(tables)?;
        Ok(pb::Persona {
            name: name::persona(page, &known.id),
            display_name: known.name,
            agent_ids: agents,
            create_time: Some(timestamp(known.created_at)),
            delete_time: known.deleted_at.map(timestamp),
        })
    }

    async fn list_personas(&self, asked: pb::ListPersonasRequest) -> Result<pb::ListPersonasResponse, Status> {
        let mut violations = Violations::default();
        let page = violations.take("parent", name::parse_one_page(&asked.parent));
        if asked.page_size < 0 {
            violations.add("page_size", "is 0 for 50, or a number of personas up to 1,000");
        }
        let after = place(&asked.page_token);
        if after.is_none() {
            violations.add("page_token", "is what the answer before gave as next_page_token");
        }
        let (Some(page), Some(after), true) = (page, after, violations.is_empty()) else {
            return Err(violations.into_status());
        };
        let rows = usize::try_from(asked.page_size).unwrap_or(0);
        let rows = if rows == 0 { ROWS } else { rows.min(MOST_ROWS) };
        let found = personas::list(&self.database, &page, after, (rows, asked.show_deleted)).await.map_err(tables)?;
        let next = found.last().filter(|_| found.len() == rows);
        let next_page_token = next.map(|last| format!("{}/{}", last.created_at.as_millis(), last.id.as_str()));
        let mut personas = Vec::with_capacity(found.len());
        for known in found {
            personas.push(self.shown_persona(&page, known).await?);
        }
        Ok(pb::ListPersonasResponse { personas, next_page_token: next_page_token.unwrap_or_default() })
    }

    async fn delete_persona(&self, page: &PageId, id: &PersonaId) -> Result<pb::Persona, Status> {
        let known = self.known_persona(page, id).await?;
        if known.deleted_at.is_none() {
            let token = self.token_for_call(page).await?;
            let by = As { page, token: &token };
            match self.client.delete_persona(by, id).await.answer {
                Ok(()) => (),
                // It is gone already, which is what was asked for.
                Err(CallError::Refused(error)) if error.code == 100 => (),
                Err(error) => return Err(self.told_of(by, &error, "repeat the call").await),
            }
            personas::gone(&self.database, page, id, self.clock.now()).await.map_err(tables)?;
        }
        let known = self.known_persona(page, id).await?;
        self.shown_persona(page, known).await
    }

    async fn assign_persona(&self, asked: pb::AssignPersonaRequest) -> Result<pb::AssignPersonaResponse, Status> {
        let mut violations = Violations::default();
        let page = violations.take("parent", name::parse_one_page(&asked.parent));
        let agent = violations.take("agent_id", AgentId::parse(&asked.agent_id));
        let persona = (!asked.persona.is_empty()).then(|| name::parse_persona(&asked.persona));
        let persona = violations.take("persona", persona.transpose()).flatten();
        if persona.as_ref().zip(page.as_ref()).is_some_and(|((of, _), page)| of != page) {
            violations.add("persona", "belongs to another Page");
        }
        let (Some(page), Some(agent), true) = (page, agent, violations.is_empty()) else {
            return Err(violations.into_status());
        };
        let persona = persona.map(|(_, id)| id);
        if let Some(id) = &persona
            && self.known_persona(&page, id).await?.deleted_at.is_some()
        {
            return Err(status::no_such_persona(&asked.persona));
        }
        personas::assign(&self.database, &page, &agent, persona.as_ref()).await.map_err(tables)?;
        Ok(pb::AssignPersonaResponse { agent_id: asked.agent_id, persona: asked.persona })
    }
}

/// Behind which persona a list goes on; the inner none stands for its beginning.
fn place(token: &str) -> Option<Option<(Timestamp, &str)>> {
    if token.is_empty() {
        return Some(None);
    }
    let (at, id) = token.split_once('/')?;
    Some(Some((Timestamp::from_millis(at.parse().ok()?), id)))
}
