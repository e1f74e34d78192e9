//! Answers whether something may be said, explains what was decided, and rehearses rule packs on the past. It records nothing
//! in the log and stands in the path of no message: the sender judges for itself, with the same function, on the state that
//! it has just folded.

mod packs;
mod page;

pub mod rehearsal;

use api::proto::compliance::v1 as pb;
use api::proto::compliance::v1::compliance_server::{Compliance, ComplianceServer};
use api::status::{self, Violations};
use api::{convert, name};
use domain::evaluate::{Facts, judge};
use domain::id::SendId;
use domain::time::Timestamp;
use event_log::{Conversations, EventLog, JudgedBy, LogError};
use rehearsal::Rehearsals;
use service_kit::Clock;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// `nuncio.compliance.v1.Compliance`.
#[derive(Debug)]
pub struct ComplianceService {
    conversations: Conversations,
    judged_by: JudgedBy,
    clock: Clock,
    rehearsals: Rehearsals,
}

impl ComplianceService {
    /// The service on these conversations, which are of this log, ready for a server.
    pub fn server(
        log: Arc<dyn EventLog>,
        conversations: Conversations,
        clock: Clock,
        rehearsals: Rehearsals,
    ) -> ComplianceServer<Self> {
        ComplianceServer::new(Self { conversations, judged_by: JudgedBy::new(log), clock, rehearsals })
    }

    /// The moment that is asked about, or now.
    fn moment(&self, at_time: Option<&prost_types::Timestamp>, violations: &mut Violations) -> Option<Timestamp> {
        let Some(time) = at_time else { return Some(self.clock.now()) };
        let moment = convert::moment(time);
        if moment.is_none() {
            violations.add("at_time", "lies outside all time");
        }
        moment
    }
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
        let asked = request.into_inner();
        let mut violations = Violations::default();
        let parent = violations.take("parent", name::parse_conversation(&asked.parent));
        let intent = convert::intent(asked.actor, asked.purpose, &mut violations);
        let intent = convert::take_matter(intent, asked.matter, &mut violations);
        let at = self.moment(asked.at_time.as_ref(), &mut violations);
        let (Some((page, psid)), Some(intent), Some(at)) = (parent, intent, at) else {
            return Err(violations.into_status());
        };
        let stream = self.conversations.stream(&page, &psid);
        let loaded = self.conversations.load(&stream).await.map_err(unavailable)?;
        let page_state = self.judged_by.page(&page).await.map_err(unavailable)?.state;
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        let decision = judge(&packs, &Facts::new(&page, &page_state, &loaded.state), &intent, at);
        let decision = Some(convert::decision(&decision, &packs));
        Ok(Response::new(pb::EvaluateSendResponse { decision, revision: loaded.revision }))
    }

    async fn explain_decision(
        &self,
        request: Request<pb::ExplainDecisionRequest>,
    ) -> Result<Response<pb::Explanation>, Status> {
        let wanted = request.into_inner().name;
        let mut violations = Violations::default();
        let Some((page, psid, id)) = violations.take("name", name::parse_message(&wanted)) else {
            return Err(violations.into_status());
        };
        let send = SendId::new(page.clone(), self.conversations.person_key(&page, &psid), id);
        let loaded = self.conversations.load(&send.stream()).await.map_err(unavailable)?;
        let found = loaded.state.send(&send).and_then(|send| Some((send, send.decision.as_ref()?)));
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
        let at = self.moment(asked.at_time.as_ref(), &mut violations);
        let (Some(Some(page)), Some(at)) = (page, at) else { return Err(violations.into_status()) };
        let loaded = self.judged_by.page(&page).await.map_err(unavailable)?;
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        Ok(Response::new(page::health(&page, &loaded, &packs, at)))
    }

    async fn list_rule_packs(
        &self,
        request: Request<pb::ListRulePacksRequest>,
    ) -> Result<Response<pb::ListRulePacksResponse>, Status> {
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        packs::list(&packs, &request.into_inner(), self.clock.now()).map(Response::new)
    }

    async fn get_rule_pack(&self, request: Request<pb::GetRulePackRequest>) -> Result<Response<pb::RulePack>, Status> {
        let packs = self.judged_by.packs().await.map_err(unavailable)?;
        packs::get(&packs, &request.into_inner().name, self.clock.now()).map(Response::new)
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
