//! Answers whether something may be said, explains what was decided, changes the rules, and rehearses them on the past. It
//! stands in the path of no message: the sender judges for itself, with the same function, on the state that it has just
//! folded.

mod append;
mod change;
mod counts;
mod judging;
mod keep;
mod packs;
mod page;
mod react;

pub use counts::{PageCountsTable, watch_block_rates};
pub use keep::{Proposed, keep_packs};
pub use react::react;

pub mod rehearsal;

use api::proto::compliance::v1 as pb;
use api::proto::compliance::v1::compliance_server::{Compliance, ComplianceServer};
use api::status::{self, Violations};
use api::{convert, name};
use append::Writer;
use change::Changes;
use domain::time::Timestamp;
use event_log::{Conversations, EventLog, JudgedBy, LogError};
use judging::{Known, Question};
use rehearsal::Rehearsals;
use service_kit::{Clock, Ids, Metrics};
use sql::Database;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// `nuncio.compliance.v1.Compliance`.
#[derive(Debug)]
pub struct ComplianceService {
    conversations: Conversations,
    judged_by: JudgedBy,
    clock: Clock,
    changes: Changes,
    database: Option<Database>,
    rehearsals: Rehearsals,
}

/// What the role works with.
#[derive(Clone)]
pub struct Deps {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The conversations of this log.
    pub conversations: Conversations,
    /// Where sends and blocks are counted, and how far facts were taken up; none: neither is.
    pub database: Option<Database>,
    /// Tells the time.
    pub clock: Clock,
    /// Names records.
    pub ids: Ids,
    /// Where the work is counted.
    pub metrics: Metrics,
}

impl ComplianceService {
    /// The service with these rehearsals, ready for a server.
    pub fn server(deps: Deps, rehearsals: Rehearsals) -> ComplianceServer<Self> {
        let Deps { log, conversations, database, clock, ids, metrics: _ } = deps;
        let judged_by = JudgedBy::new(Arc::clone(&log));
        let writer = Writer { log, clock: clock.clone(), ids };
        let changes = Changes { writer, judged_by: judged_by.clone() };
        ComplianceServer::new(Self { conversations, judged_by, clock, changes, database, rehearsals })
    }
}

/// The moment that is asked about, or now.
pub(crate) fn moment(
    at_time: Option<&prost_types::Timestamp>,
    now: Timestamp,
    violations: &mut Violations,
) -> Option<Timestamp> {
    let Some(time) = at_time else { return Some(now) };
    let moment = convert::moment(time);
    if moment.is_none() {
        violations.add("at_time", "lies outside all time");
    }
    moment
}

fn unavailable(error: LogError) -> Status {
    status::unavailable(&error)
}

#[tonic::async_trait]
impl Compliance for ComplianceService {
    async fn evaluate_send(
        &self,
        request: Request<pb::EvaluateSendRequest>,
    ) -> Result<Response<pb::EvaluateSendResponse>, Status> {
        let question = Question::read(request.into_inner(), &self.conversations, self.clock.now());
        let question = question.map_err(Violations::into_status)?;
        let mut known = Known::begin(&self.conversations, &self.judged_by).await.map_err(unavailable)?;
        known.answer(&question).await.map(Response::new).map_err(unavailable)
    }

    async fn batch_evaluate(
        &self,
        request: Request<pb::BatchEvaluateRequest>,
    ) -> Result<Response<pb::BatchEvaluateResponse>, Status> {
        use pb::evaluation::Result as Outcome;
        let requests = request.into_inner().requests;
        if !(1..=judging::MOST).contains(&requests.len()) {
            let mut violations = Violations::default();
            violations.add("requests", format!("are 1 to {}", judging::MOST));
            return Err(violations.into_status());
        }
        let now = self.clock.now();
        let mut known = Known::begin(&self.conversations, &self.judged_by).await.map_err(unavailable)?;
        let mut evaluations = Vec::with_capacity(requests.len());
        for asked in requests {
            let outcome = match Question::read(asked, &self.conversations, now) {
                Ok(question) => Outcome::Answer(known.answer(&question).await.map_err(unavailable)?),
                Err(violations) => Outcome::Wrong(judging::wrong(violations)),
            };
            evaluations.push(pb::Evaluation { result: Some(outcome) });
        }
        Ok(Response::new(pb::BatchEvaluateResponse { evaluations }))
    }

    async fn explain_decision(
        &self,
        request: Request<pb::ExplainDecisionRequest>,
    ) -> Result<Response<pb::Explanation>, Status> {
        let wanted = request.into_inner().name;
        let mut violations = Violations::default();
        let Some((home, id)) = violations.take("name", name::parse_message(&wanted)) else {
            return Err(violations.into_status());
        };
        let send = home.send(self.conversations.person_key(&home.page, &home.psid), id);
        let (loaded, found) = self.conversations.find(&send).await.map_err(unavailable)?;
        let found = found.as_ref().and_then(|send| Some((send, send.decision.as_ref()?)));
        let (found, decision) = found.ok_or_else(|| status::no_such_message(&wanted))?;
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        let told = api::explain::explanation(wanted, decision, &found.intent, loaded.revision, &packs);
        Ok(Response::new(told))
    }

    async fn get_page_health(
        &self,
        request: Request<pb::GetPageHealthRequest>,
    ) -> Result<Response<pb::PageHealth>, Status> {
        let asked = request.into_inner();
        let mut violations = Violations::default();
        let page = violations.take("name", name::parse_page(&asked.name));
        if page == Some(None) {
            violations.add("name", "names one Page");
        }
        let is_now = asked.at_time.is_none();
        let at = moment(asked.at_time.as_ref(), self.clock.now(), &mut violations);
        let (Some(Some(page)), Some(at)) = (page, at) else { return Err(violations.into_status()) };
        let loaded = self.judged_by.page(&page).await.map_err(unavailable)?;
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        let block_rate = match &self.database {
            // What was counted is kept for little longer than a day, so of the past it may be a part.
            Some(database) if is_now => page::block_rate(database, &page, &packs, at).await,
            _ => None,
        };
        Ok(Response::new(pb::PageHealth { block_rate, ..page::health(&page, &loaded, &packs, at) }))
    }

    async fn list_rule_packs(
        &self,
        request: Request<pb::ListRulePacksRequest>,
    ) -> Result<Response<pb::ListRulePacksResponse>, Status> {
        let packs = self.judged_by.loaded_packs().await.map_err(unavailable)?;
        packs::list(&packs, &request.into_inner(), self.clock.now()).map(Response::new)
    }

    async fn get_rule_pack(&self, request: Request<pb::GetRulePackRequest>) -> Result<Response<pb::RulePack>, Status> {
        let packs = self.judged_by.loaded_packs().await.map_err(unavailable)?;
        packs::get(&packs, &request.into_inner().name, self.clock.now()).map(Response::new)
    }

    async fn activate_rule_pack(
        &self,
        request: Request<pb::ActivateRulePackRequest>,
    ) -> Result<Response<pb::RulePack>, Status> {
        self.changes.activate(request.into_inner()).await.map(Response::new)
    }

    async fn retire_rule_pack(
        &self,
        request: Request<pb::RetireRulePackRequest>,
    ) -> Result<Response<pb::RulePack>, Status> {
        self.changes.retire(request.into_inner()).await.map(Response::new)
    }

    async fn pin_rule_pack(&self, request: Request<pb::PinRulePackRequest>) -> Result<Response<pb::PageRules>, Status> {
        self.changes.pin(request.into_inner()).await.map(Response::new)
    }

    async fn override_rule_pack(
        &self,
        request: Request<pb::OverrideRulePackRequest>,
    ) -> Result<Response<pb::PageRules>, Status> {
        self.changes.overrides(request.into_inner()).await.map(Response::new)
    }

    async fn replay_with_rule_pack(
        &self,
        request: Request<pb::ReplayWithRulePackRequest>,
    ) -> Result<Response<pb::Rehearsal>, Status> {
        let asked = request.into_inner();
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        let wanted = rehearsal::api::wanted(&asked, &packs)?;
        if asked.validate_only {
            return Ok(Response::new(rehearsal::api::planned(&wanted, self.clock.now())));
        }
        self.rehearsals.start(&wanted).await.map(Response::new)
    }

    async fn get_rehearsal(
        &self,
        request: Request<pb::GetRehearsalRequest>,
    ) -> Result<Response<pb::Rehearsal>, Status> {
        let name = request.into_inner().name;
        let found = self.rehearsals.get(&rehearsal::api::parse_name(&name)?).await;
        self.rehearsals.show(found, &name, &self.conversations).await.map(Response::new)
    }

    async fn list_rehearsals(
        &self,
        request: Request<pb::ListRehearsalsRequest>,
    ) -> Result<Response<pb::ListRehearsalsResponse>, Status> {
        self.rehearsals.page(&request.into_inner()).await.map(Response::new)
    }

    async fn cancel_rehearsal(
        &self,
        request: Request<pb::CancelRehearsalRequest>,
    ) -> Result<Response<pb::Rehearsal>, Status> {
        let name = request.into_inner().name;
        let found = self.rehearsals.cancel(&rehearsal::api::parse_name(&name)?).await;
        self.rehearsals.show(found, &name, &self.conversations).await.map(Response::new)
    }

    async fn resume_rehearsal(
        &self,
        request: Request<pb::ResumeRehearsalRequest>,
    ) -> Result<Response<pb::Rehearsal>, Status> {
        let name = request.into_inner().name;
        let found = self.rehearsals.resume(&rehearsal::api::parse_name(&name)?).await;
        self.rehearsals.show(found, &name, &self.conversations).await.map(Response::new)
    }
}
