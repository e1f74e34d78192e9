//! Answers whether something may be said. It records nothing and stands in the path of no message: the sender judges for
//! itself, with the same function, on the state that it has just folded.

use api::proto::compliance::v1 as pb;
use api::proto::compliance::v1::compliance_server::{Compliance, ComplianceServer};
use api::status::{self, Violations};
use api::{convert, name};
use domain::evaluate::evaluate;
use domain::pack::Packs;
use event_log::Conversations;
use service_kit::Clock;
use tonic::{Request, Response, Status};

/// `nuncio.compliance.v1.Compliance`.
#[derive(Debug)]
pub struct ComplianceService {
    conversations: Conversations,
    packs: Packs,
    clock: Clock,
}

impl ComplianceService {
    /// The service on these conversations, ready for a server.
    pub fn server(conversations: Conversations, clock: Clock) -> ComplianceServer<Self> {
        ComplianceServer::new(Self { conversations, packs: Packs::built_in(), clock })
    }
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
        let at = match &asked.at_time {
            None => Some(self.clock.now()),
            Some(time) => {
                let moment = convert::moment(time);
                if moment.is_none() {
                    violations.add("at_time", "lies outside all time");
                }
                moment
            }
        };
        let (Some((page, psid)), Some(intent), Some(at)) = (parent, intent, at) else {
            return Err(violations.into_status());
        };
        let stream = self.conversations.stream(&page, &psid);
        let loaded = self.conversations.load(&stream).await.map_err(|error| status::unavailable(&error))?;
        let decision = evaluate(self.packs.in_force(at), &loaded.state, &intent, at);
        let decision = Some(convert::decision(&decision, &self.packs));
        Ok(Response::new(pb::EvaluateSendResponse { decision, revision: loaded.revision }))
    }
}
