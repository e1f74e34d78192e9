//! What was said: one conversation as it stands, its history, and what people do as it happens.

mod erase;
mod event;
mod graves;
mod history;
mod pages;
mod receipts;
mod records;
mod table;
mod watch;

use api::convert::timestamp;
use api::name;
use api::proto::conversation::v1 as pb;
use api::proto::conversation::v1::conversations_server::{Conversations as Api, ConversationsServer};
use api::status::{self, Violations};
use domain::conversation::{Erasure, Opening};
use domain::evaluate::window_of;
use domain::id::{PageId, Psid};
use domain::pack::Pack;
use erase::ChangeError;
use event_log::{Conversations, EventLog, JudgedBy, Loaded};
use records::Records;
use service_kit::{Clock, Ids, Metrics};
use sql::Database;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

pub use erase::Eraser;
pub use event::describe;
pub use graves::shown;
pub use pages::{Overview, PagesDeps, PagesService, watch as watch_pages};
pub use table::HistoryTable;

/// What the service and the eraser work with.
#[derive(Clone)]
pub struct Deps {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The conversations of that log.
    pub conversations: Conversations,
    /// Where the history table is, and what else is kept of conversations.
    pub database: Database,
    /// The time.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: Ids,
    /// Where is counted.
    pub metrics: Metrics,
}

/// `nuncio.conversation.v1.Conversations`.
pub struct ConversationService {
    log: Arc<dyn EventLog>,
    records: Records,
    conversations: Conversations,
    judged_by: JudgedBy,
    clock: Clock,
    stop: CancellationToken,
    eraser: Eraser,
}

impl ConversationService {
    /// The service on this log, ready for a server. Its streams end when `stop` is cancelled.
    pub fn server(deps: Deps, eraser: Eraser, stop: CancellationToken) -> ConversationsServer<Self> {
        let Deps { log, conversations, database, clock, metrics, .. } = deps;
        let records = Records::new(Arc::clone(&log), database, &metrics);
        let judged_by = JudgedBy::new(Arc::clone(&log));
        ConversationsServer::new(Self { log, records, conversations, judged_by, clock, stop, eraser })
    }
}

#[tonic::async_trait]
impl Api for ConversationService {
    async fn get_conversation(
        &self,
        request: Request<pb::GetConversationRequest>,
    ) -> Result<Response<pb::Conversation>, Status> {
        let (page, psid) = parse(&request.into_inner().name, "name")?;
        let stream = self.conversations.stream(&page, &psid);
        let loaded = self.conversations.load(&stream).await.map_err(|error| status::unavailable(&error))?;
        let packs = self.judged_by.packs_lately().await.map_err(|error| status::unavailable(&error))?;
        let pack = packs.in_force_for(&page, self.clock.now());
        Ok(Response::new(render(&page, &psid, &loaded, pack)))
    }

    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let asked = request.into_inner();
        let mut violations = Violations::default();
        let parent = violations.take("parent", name::parse_conversation(&asked.parent));
        let page = history::Page::parse(asked.page_size, &asked.page_token, &mut violations);
        let (Some((page_id, psid)), Some(page)) = (parent, page) else { return Err(violations.into_status()) };
        let stream = self.conversations.stream(&page_id, &psid);
        let records = self.records.read(&stream).await.map_err(|error| status::unavailable(&error))?;
        Ok(Response::new(history::list(&records, &page, &psid)))
    }

    async fn erase_conversation(
        &self,
        request: Request<pb::EraseConversationRequest>,
    ) -> Result<Response<pb::Erasure>, Status> {
        let name = request.into_inner().name;
        let (page, psid) = parse(&name, "name")?;
        let stream = self.conversations.stream(&page, &psid);
        let begun = self.eraser.begin(&stream).await.map_err(|error| match error {
            ChangeError::Contended => status::contended(),
            ChangeError::Append(_) | ChangeError::Read(_) => status::unavailable(&error),
        })?;
        Ok(Response::new(erasure(name, begun)))
    }

    async fn get_erasure(&self, request: Request<pb::GetErasureRequest>) -> Result<Response<pb::Erasure>, Status> {
        let name = request.into_inner().name;
        let (page, psid) = parse(&name, "name")?;
        let stream = self.conversations.stream(&page, &psid);
        let loaded = self.conversations.load(&stream).await.map_err(|error| status::unavailable(&error))?;
        let found = loaded.state.erasure().ok_or_else(|| status::no_such_erasure(&name))?;
        Ok(Response::new(erasure(name, found)))
    }

    type WatchInboundStream = watch::Inbounds;

    async fn watch_inbound(
        &self,
        request: Request<pb::WatchInboundRequest>,
    ) -> Result<Response<Self::WatchInboundStream>, Status> {
        watch::inbounds(&*self.log, &request.into_inner(), self.stop.clone()).await.map(Response::new)
    }
}

fn render(page: &PageId, psid: &Psid, loaded: &Loaded, pack: &Pack) -> pb::Conversation {
    let state = &loaded.state;
    let opened = window_of(pack, state);
    let written = state.last_opening(&[Opening::Message]);
    let unsettled = state.sends().filter(|(_, send)| !send.status.is_final()).count();
    pb::Conversation {
        name: name::conversation(page, psid),
        revision: loaded.revision,
        last_opening_time: opened.map(|(fact, _)| timestamp(fact.at)),
        window_end_time: opened.map(|(_, end)| timestamp(end)),
        human_agent_end_time: written.map(|fact| timestamp(fact.at.plus(pack.windows().human_agent))),
        delivered_time: state.delivered_to().map(timestamp),
        read_time: state.read_to().map(timestamp),
        unsettled_messages: i32::try_from(unsettled).unwrap_or(i32::MAX),
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ConversationService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConversationService").finish_non_exhaustive()
    }
}

fn erasure(name: String, erasure: Erasure) -> pb::Erasure {
    let state = match erasure.n_removed {
        None => pb::ErasureState::Running,
        Some(_) => pb::ErasureState::Completed,
    };
    pb::Erasure {
        name,
        until_time: Some(timestamp(erasure.until)),
        state: state.into(),
        removed_records: erasure.n_removed.unwrap_or_default(),
    }
}

fn parse(raw: &str, field: &str) -> Result<(PageId, Psid), Status> {
    let mut violations = Violations::default();
    violations.take(field, name::parse_conversation(raw)).ok_or_else(|| violations.into_status())
}
