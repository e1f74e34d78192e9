//! The platform's systems one by one, as far as they are rights to send: what people do there, what compliance then says, and
//! what the platform says to the same message.

mod consent;
mod page;
mod windows;

use super::request::Tried;
use super::request::{Tokens, of_reason, of_route, whom};
use super::world::{Answer, World};
use crate::sandbox::{at, human};
use api::proto::compliance::v1::{
    Actor, Bot, Comment, Decision, EvaluateSendRequest, Matter, Purpose, Route, Verdict, actor, matter,
};
use domain::pack::Rule;
use domain::time::{Span, Timestamp};
use simulator::Deed;

const PAGE: &str = "1001";
const ASHA: &str = "24601";

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

fn moment(text: &str) -> Timestamp {
    api::convert::parse_rfc3339(text).unwrap()
}

/// Somebody wants to say something to Asha.
fn says(kind: actor::Kind, purpose: Purpose, matter: Matter) -> EvaluateSendRequest {
    let parent = format!("pages/{PAGE}/conversations/{ASHA}");
    let actor = Some(Actor { kind: Some(kind) });
    EvaluateSendRequest { parent, actor, purpose: purpose.into(), at_time: None, matter: Some(matter) }
}

fn bot(purpose: Purpose) -> EvaluateSendRequest {
    says(actor::Kind::Bot(Bot {}), purpose, Matter::default())
}

fn staff() -> EvaluateSendRequest {
    says(human(), Purpose::Conversation, Matter::default())
}

fn with(request: EvaluateSendRequest, change: impl FnOnce(&mut Matter)) -> EvaluateSendRequest {
    let mut matter = request.matter.clone().unwrap_or_default();
    change(&mut matter);
    EvaluateSendRequest { matter: Some(matter), ..request }
}

fn to_comment(comment_id: &str, post_id: &str) -> EvaluateSendRequest {
    let comment = Comment { comment_id: comment_id.to_owned(), post_id: post_id.to_owned() };
    with(bot(Purpose::Conversation), |matter| matter.recipient = Some(matter::Recipient::Comment(comment)))
}

impl World {
    /// Asha does something now, and we hear of it.
    async fn asha(&mut self, deed: Deed) -> Option<String> {
        let happened = self.does(PAGE, ASHA, deed, 0).expect("there is nothing in the way");
        self.deliver().await;
        happened.id
    }

    fn later(&mut self, by_ms: i64) {
        self.go_to(self.now.plus(Span::from_millis(by_ms)));
    }

    async fn judged(&self, request: &EvaluateSendRequest) -> Decision {
        self.ask(at(self.now, request.clone())).await.decision.unwrap()
    }

    /// It is allowed by this way, and the platform takes it. Answers how the test recorded it.
    #[track_caller]
    fn goes<'a>(
        &'a mut self,
        request: &'a EvaluateSendRequest,
        route: Route,
        tokens: &'a Tokens,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let decision = self.judged(request).await;
            assert_eq!((decision.verdict(), decision.route()), (Verdict::Allowed, route), "{caller}: {decision:?}");
            let fields = of_route(request, &decision, tokens).expect("the simulator has this way");
            assert_eq!(self.post(whom(request).0, "messages", &fields), Answer::Taken, "{caller}");
            let n = u128::try_from(self.now.as_millis()).unwrap();
            self.settle(request, &decision, n, super::ledger::Became::Taken).await;
            self.deliver().await;
        }
    }

    /// It is refused for this reason among others, and the platform refuses it with an error of that reason.
    #[track_caller]
    fn stops<'a>(
        &'a mut self,
        request: &'a EvaluateSendRequest,
        rule: Rule,
        tokens: &'a Tokens,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let decision = self.judged(request).await;
            assert_eq!(decision.verdict(), Verdict::Blocked, "{caller}: {:?}", decision.route());
            let found = decision.findings.iter().find(|finding| finding.rule == rule.id());
            let found = found.unwrap_or_else(|| panic!("{caller}: {:?}", decision.findings));
            match of_reason(rule, request, found, self.now, tokens) {
                Tried::Ours | Tried::Elsewhere => (),
                Tried::Wire(fields, errors) => {
                    let Answer::Refused { code, subcode } = self.post(whom(request).0, "messages", &fields) else {
                        panic!("{caller}: the platform takes it");
                    };
                    assert!(errors.contains(&(code, subcode)), "{caller}: refused with {code}/{subcode}");
                }
            }
        }
    }
}

fn none() -> Tokens {
    Tokens::default()
}
