//! What the sender would record of the test's own calls: rights used up, requests to agree, people who cannot be reached.

use super::request::comment_of;
use super::world::World;
use api::proto::compliance::v1::{Decision, EvaluateSendRequest, Route, matter};
use domain::conversation::Conversation;
use domain::decision::{Actor, ContentKind, Intent, Purpose};
use domain::evaluate::{Facts, judge};
use domain::event::{Concern, Content, Event, Grounds, Outcome, RightStep, RightStepKind, Sending, SendingKind};
use domain::id::{CommentId, Mid, PageId, PostId, Psid, RequestId, SendId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::right::{Right, TokenId};
use domain::send::Handling;
use domain::time::Span;
use uuid::Uuid;

/// What became of a call.
pub(super) enum Became {
    Taken,
    /// The person cannot be reached.
    Unreachable,
}

impl World {
    /// Records a call that used this right, or that asked the person for something.
    pub(super) async fn settle(&self, asked: &EvaluateSendRequest, decision: &Decision, n: u128, became: Became) {
        let (page, psid) = super::request::whom(asked);
        let send = self.send_id(page, psid, n);
        let content = asked.matter.as_ref().and_then(|matter| matter.content.clone());
        let kind = match content {
            Some(matter::Content::RecurringRequestTitle(title)) => ContentKind::RecurringRequest { title },
            Some(matter::Content::OneTimeRequestTitle(title)) => ContentKind::OneTimeRequest { title },
            Some(matter::Content::FeedbackTemplate(_) | matter::Content::UtilityTemplate(_)) | None => {
                ContentKind::Message
            }
        };
        let mut events = Vec::new();
        match became {
            Became::Unreachable => {
                events = self.life(
                    &send,
                    psid,
                    kind,
                    Outcome::Rejected { code: 551, subcode: 1_545_041, concern: Concern::Message },
                )
            }
            Became::Taken if kind.ask().is_some() => {
                events = self.life(&send, psid, kind, Outcome::Sent { mid: Mid::parse(&format!("m_{n}")).unwrap() });
            }
            Became::Taken => {
                let spent = right_of(decision).map(|right| self.right_step(&send, right, RightStepKind::Spent));
                events.extend(spent);
            }
        }
        if !events.is_empty() {
            self.record(self.home_of(asked), events).await;
        }
    }

    /// Records that another send of ours holds this right, and has not left.
    pub(super) async fn reserve(&self, asked: &EvaluateSendRequest, right: Right, n: u128) {
        let (page, psid) = super::request::whom(asked);
        let send = self.send_id(page, psid, n);
        let step = self.right_step(&send, right, RightStepKind::Reserved);
        self.record(self.home_of(asked), vec![step]).await;
    }

    /// The stream in which a send of this intent would live.
    fn home_of(&self, asked: &EvaluateSendRequest) -> StreamId {
        let (page, psid) = super::request::whom(asked);
        let home = self.conversation(page, psid);
        let Some((post, _)) = comment_of(asked) else { return home };
        let StreamId::Conversation(page, person) = home else { unreachable!("a person's own") };
        StreamId::Comment(page, PostId::parse(post).unwrap(), person)
    }

    fn send_id(&self, page: &str, psid: &str, n: u128) -> SendId {
        let StreamId::Conversation(page, person) = self.conversation(page, psid) else {
            unreachable!("a person's own")
        };
        SendId::new(page, person, Uuid::from_u128(n))
    }

    fn right_step(&self, send: &SendId, right: Right, kind: RightStepKind) -> Event {
        Event::Right(Box::new(RightStep { right, send: send.clone(), at: self.now, kind }))
    }

    /// A send from its request to its end.
    fn life(&self, send: &SendId, psid: &str, kind: ContentKind, outcome: Outcome) -> Vec<Event> {
        let intent = Intent { kind, ..Intent::new(Actor::Bot, Purpose::Conversation) };
        let (page, state) = (Page::default(), Conversation::default());
        let page_id: &PageId = send.page();
        let decision = || Box::new(judge(&Packs::built_in(), &Facts::new(page_id, &page, &state), &intent, self.now));
        let requested = SendingKind::Requested {
            page: page_id.clone(),
            recipient: Psid::parse(psid).unwrap(),
            request: RequestId::parse(&send.uuid().to_string()).unwrap(),
            request_digest: [0; 16],
            intent: Box::new(intent.clone()),
            content: Box::new(Content::text("hi")),
            handling: Handling::default(),
        };
        let leave_by = self.now.plus(Span::from_secs(3));
        let dispatched = SendingKind::Dispatched {
            attempt: 1,
            claim: send.uuid(),
            leave_by,
            decision: decision(),
            grounds: Grounds::default(),
        };
        let steps = [
            requested,
            SendingKind::Accepted { decision: decision() },
            dispatched,
            SendingKind::Settled { attempt: 1, outcome },
        ];
        let event = |kind| Event::Sending(Box::new(Sending { send: send.clone(), at: self.now, kind }));
        steps.map(event).into()
    }
}

/// The right that an allowed message takes up.
fn right_of(decision: &Decision) -> Option<Right> {
    let token = || TokenId::parse(&decision.right).unwrap();
    match decision.route() {
        Route::OneTime => Some(Right::OneTime(token())),
        Route::Recurring => Some(Right::Repeated(token())),
        Route::PrivateReply => Some(Right::PrivateReply(CommentId::parse(&decision.right).unwrap())),
        Route::Unspecified
        | Route::Response
        | Route::HumanAgent
        | Route::Update
        | Route::ConfirmedEventUpdate
        | Route::PostPurchaseUpdate
        | Route::AccountUpdate
        | Route::CustomerFeedback
        | Route::Marketing
        | Route::Utility
        | Route::Sponsored
        | Route::CustomerMatching
        | Route::GroupChat => None,
    }
}
