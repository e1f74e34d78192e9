//! `nuncio.page.v1.Pages`: registers Pages and keeps their tokens, has the platform asked whether they are ready, and
//! pauses them.

mod parse;
mod platform;
mod register;
mod render;
mod watch;
mod write;

use api::name;
use api::proto::page::v1 as pb;
use api::proto::page::v1::pages_server::{Pages as Api, PagesServer};
use api::status::{self, Violations};
use domain::decision::Capability;
use domain::id::{AppId, PageId};
use domain::page::Change;
use event_log::{EventLog, JudgedBy, LoadedPage};
use messenger::client::{As, SendClient};
use parse::Call;
use platform::Found;
use secrecy::{ExposeSecret, SecretString};
use service_kit::{Clock, Ids, Metrics};
use sql::Database;
use sql::pages::{Registered, Registry, RegistryError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Request, Response, Status};
use write::{ChangeError, Confirmed};

pub use watch::{Overview, watch};

/// How many Pages are listed where nobody says, and at most.
const ROWS: usize = 50;
const MOST_ROWS: usize = 1_000;

/// What the service works with.
pub struct PagesDeps {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Where the leases of senders are.
    pub database: Database,
    /// Registered Pages and their tokens.
    pub registry: Registry,
    /// Tokens of Pages that are not registered, from the configuration.
    pub configured: BTreeMap<PageId, SecretString>,
    /// The app whose webhooks come in; none: that was not configured.
    pub app: Option<AppId>,
    /// Speaks to the platform.
    pub client: SendClient,
    /// The time.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: Ids,
    /// Where is counted.
    pub metrics: Metrics,
    /// How far apart the checks of a Page are.
    pub check_every: Duration,
}

/// The service. Clones are the same.
#[derive(Clone)]
pub struct PagesService(Arc<Parts>);

struct Parts {
    log: Arc<dyn EventLog>,
    judged_by: JudgedBy,
    database: Database,
    registry: Registry,
    configured: BTreeMap<PageId, SecretString>,
    app: Option<AppId>,
    client: SendClient,
    clock: Clock,
    ids: Ids,
    metrics: Metrics,
    check_every: Duration,
}

/// What is known of a Page here.
struct Known {
    loaded: LoadedPage,
    registered: Option<Registered>,
}

impl PagesService {
    /// The service on this log and registry.
    pub fn new(deps: PagesDeps) -> Self {
        let PagesDeps { log, database, registry, configured, app, client, clock, ids, metrics, check_every } = deps;
        let judged_by = JudgedBy::new(Arc::clone(&log));
        let parts =
            Parts { log, judged_by, database, registry, configured, app, client, clock, ids, metrics, check_every };
        Self(Arc::new(parts))
    }

    /// The same, ready for a server.
    pub fn server(&self) -> PagesServer<Self> {
        PagesServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl Api for PagesService {
    async fn register_page(&self, request: Request<pb::RegisterPageRequest>) -> Result<Response<pb::Page>, Status> {
        self.0.register(request.into_inner()).await.map(Response::new)
    }

    async fn rotate_page_token(
        &self,
        request: Request<pb::RotatePageTokenRequest>,
    ) -> Result<Response<pb::Page>, Status> {
        self.0.rotate(request.into_inner()).await.map(Response::new)
    }

    async fn get_page(&self, request: Request<pb::GetPageRequest>) -> Result<Response<pb::Page>, Status> {
        let page = parse::page(&request.into_inner().name)?;
        let Known { loaded, registered } = self.0.known(&page).await?;
        Ok(Response::new(render::page(&page, &loaded, registered.as_ref())))
    }

    async fn list_pages(
        &self,
        request: Request<pb::ListPagesRequest>,
    ) -> Result<Response<pb::ListPagesResponse>, Status> {
        self.0.list(request.into_inner()).await.map(Response::new)
    }

    async fn check_page(&self, request: Request<pb::CheckPageRequest>) -> Result<Response<pb::Page>, Status> {
        let page = parse::page(&request.into_inner().name)?;
        self.0.check_now(&page).await.map(Response::new)
    }

    async fn subscribe_page(&self, request: Request<pb::SubscribePageRequest>) -> Result<Response<pb::Page>, Status> {
        let page = parse::page(&request.into_inner().name)?;
        let parts = &self.0;
        let token = parts.token_of(&page, parts.known(&page).await?.registered.as_ref())?;
        let subscribed =
            platform::subscribe(&parts.client, As { page: &page, token: &token }, parts.app.as_ref()).await;
        if let Err(error) = subscribed {
            // The check says what is wrong, in full.
            tracing::warn!(%error, "webhooks of a Page could not be subscribed");
        }
        parts.check_now(&page).await.map(Response::new)
    }

    async fn pause_page(&self, request: Request<pb::PausePageRequest>) -> Result<Response<pb::Page>, Status> {
        let pb::PausePageRequest { name, reason, request_id } = request.into_inner();
        let mut violations = Violations::default();
        parse::words("reason", &reason, 1, &mut violations);
        let call = parse::call(&name, &request_id, &["pause", &reason], &mut violations);
        let call = complete(call, violations)?;
        self.0.stop(&call, &Change::Pause { reason }).await.map(Response::new)
    }

    async fn resume_page(&self, request: Request<pb::ResumePageRequest>) -> Result<Response<pb::Page>, Status> {
        let pb::ResumePageRequest { name, request_id } = request.into_inner();
        let mut violations = Violations::default();
        let call = parse::call(&name, &request_id, &["resume"], &mut violations);
        let call = complete(call, violations)?;
        self.0.apply(&call, &Change::Resume).await.map(Response::new)
    }

    async fn set_messaging(&self, request: Request<pb::SetMessagingRequest>) -> Result<Response<pb::Page>, Status> {
        let pb::SetMessagingRequest { name, enabled, request_id } = request.into_inner();
        let mut violations = Violations::default();
        let call = parse::call(&name, &request_id, &["messaging", if enabled { "on" } else { "off" }], &mut violations);
        let call = complete(call, violations)?;
        let change = Change::SwitchMessaging { is_on: enabled };
        let answer = if enabled { self.0.apply(&call, &change).await } else { self.0.stop(&call, &change).await };
        answer.map(Response::new)
    }

    async fn set_capability(&self, request: Request<pb::SetCapabilityRequest>) -> Result<Response<pb::Page>, Status> {
        let pb::SetCapabilityRequest { name, capability: word, granted, request_id } = request.into_inner();
        let mut violations = Violations::default();
        let what = ["capability", word.as_str(), if granted { "granted" } else { "taken" }];
        let call = parse::call(&name, &request_id, &what, &mut violations);
        let capability = Capability::parse(&word);
        if capability.is_none() {
            let all: Vec<_> = Capability::ALL.into_iter().map(Capability::as_str).collect();
            violations.add("capability", format!("is one of {}", all.join(", ")));
        }
        let (call, capability) = complete(call.zip(capability), violations)?;
        let change = Change::SetCapability { capability, is_granted: granted };
        self.0.apply(&call, &change).await.map(Response::new)
    }
}

/// What was parsed, or everything that is wrong.
fn complete<T>(parsed: Option<T>, violations: Violations) -> Result<T, Status> {
    match parsed {
        Some(parsed) if violations.is_empty() => Ok(parsed),
        Some(_) | None => Err(violations.into_status()),
    }
}

impl Parts {
    /// What is known of a Page; an error when nobody ever told of it.
    async fn known(&self, page: &PageId) -> Result<Known, Status> {
        let registered = self.registry.get(page).await.map_err(|error| status::unavailable(&error))?;
        let loaded = self.judged_by.page(page).await.map_err(|error| status::unavailable(&error))?;
        let is_known = registered.is_some() || loaded.revision > 0 || self.configured.contains_key(page);
        if is_known { Ok(Known { loaded, registered }) } else { Err(status::no_such_page(&name::page(page))) }
    }

    /// The token that a Page speaks by: the registered one, or else the configured one.
    fn token_of(&self, page: &PageId, registered: Option<&Registered>) -> Result<SecretString, Status> {
        match registered {
            Some(found) => self.registry.open(found).map_err(|error| refused(&error)),
            None => self.configured.get(page).cloned().ok_or_else(|| status::no_such_page(&name::page(page))),
        }
    }

    async fn list(&self, asked: pb::ListPagesRequest) -> Result<pb::ListPagesResponse, Status> {
        let mut violations = Violations::default();
        if asked.page_size < 0 {
            violations.add("page_size", "is 0 for 50, or a number of Pages up to 1,000");
        }
        let after = (!asked.page_token.is_empty()).then(|| PageId::parse(&asked.page_token));
        let after = violations.take("page_token", after.transpose());
        let after = complete(after, violations)?;
        let rows = usize::try_from(asked.page_size).unwrap_or(0);
        let rows = if rows == 0 { ROWS } else { rows.min(MOST_ROWS) };
        let found = self.registry.list(after.as_ref(), rows).await.map_err(|error| status::unavailable(&error))?;
        let next = found.last().filter(|_| found.len() == rows).map(|last| last.page.as_str().to_owned());
        let mut pages = Vec::with_capacity(found.len());
        for registered in &found {
            let loaded = self.judged_by.page(&registered.page).await.map_err(|error| status::unavailable(&error))?;
            pages.push(render::page(&registered.page, &loaded, Some(registered)));
        }
        Ok(pb::ListPagesResponse { pages, next_page_token: next.unwrap_or_default() })
    }

    /// Changes a Page that is known.
    async fn apply(&self, call: &Call, change: &Change) -> Result<pb::Page, Status> {
        let known = self.known(&call.page).await?;
        let loaded = self.change(&call.page, change, Some(&call.asked)).await;
        let loaded = loaded.map_err(|error| changed(&call.page, &error))?;
        Ok(render::page(&call.page, &loaded, known.registered.as_ref()))
    }

    /// The same for a change after which nothing may leave: answers when nothing can.
    async fn stop(&self, call: &Call, change: &Change) -> Result<pb::Page, Status> {
        let page = self.apply(call, change).await?;
        match self.confirm(&call.page, page.revision).await {
            Ok(Confirmed::Yes) => Ok(page),
            Ok(Confirmed::NotYet) => Err(status::pause_not_confirmed(&page.name)),
            Err(error) => Err(status::unavailable(&error)),
        }
    }

    /// Asks the platform, records what is new, and answers everything that is missing.
    async fn check_now(&self, page: &PageId) -> Result<pb::Page, Status> {
        let Known { registered, .. } = self.known(page).await?;
        let token = self.token_of(page, registered.as_ref())?;
        let found = self.look(page, &token).await;
        let loaded = self.keep(page, &token, &found).await.map_err(|error| changed(page, &error))?;
        Ok(render::checked(page, &loaded, registered.as_ref(), found))
    }

    async fn look(&self, page: &PageId, token: &SecretString) -> Found {
        platform::check(&self.client, As { page, token }, self.app.as_ref(), self.clock.now()).await
    }

    /// Records what a check of the Page with this token found out, as far as it is new. Answers the Page after it.
    async fn keep(&self, page: &PageId, token: &SecretString, found: &Found) -> Result<LoadedPage, ChangeError> {
        let of_token = match found.refused {
            Some((code, subcode)) => Some(Change::FindTokenDead { code, subcode }),
            None => found.is_token_well.then_some(Change::FindTokenWell),
        };
        if let Some(change) = of_token {
            // A token that is set behind this revision is another's news: whoever sets one says so in the Page's stream.
            let seen = self.judged_by.page(page).await.map_err(ChangeError::Read)?.revision;
            if self.is_in_use(page, token).await {
                self.found(page, &change, seen).await?;
            }
        }
        if let Some(missing) = found.missing.clone() {
            self.change(page, &Change::FindMissing(missing), None).await?;
        }
        self.judged_by.page(page).await.map_err(ChangeError::Read)
    }

    /// Whether the Page still speaks by this token. Where that cannot be told, the next check will.
    async fn is_in_use(&self, page: &PageId, token: &SecretString) -> bool {
        let Ok(registered) = self.registry.get(page).await else { return false };
        self.token_of(page, registered.as_ref()).is_ok_and(|used| used.expose_secret() == token.expose_secret())
    }
}

fn refused(error: &RegistryError) -> Status {
    match error {
        RegistryError::NoKey => status::no_secrets_key(&error.to_string()),
        RegistryError::Open { .. } => status::internal(error),
        RegistryError::Sql(_) => status::unavailable(error),
    }
}

fn changed(page: &PageId, error: &ChangeError) -> Status {
    match error {
        ChangeError::RequestIdReused => status::page_request_id_reused(&name::page(page)),
        ChangeError::Contended => status::contended(),
        ChangeError::Append(_) | ChangeError::Read(_) => status::unavailable(error),
    }
}

impl std::fmt::Debug for PagesService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PagesService").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PagesDeps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PagesDeps").finish_non_exhaustive()
    }
}
