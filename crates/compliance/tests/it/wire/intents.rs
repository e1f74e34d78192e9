//! What is to be said at random: who speaks, why, what, and to whom.

use super::crowd::Crowd;
use api::proto::compliance::v1::{
    Actor, Automation, Bot, Broadcast, Comment, EvaluateSendRequest, FeedbackTemplate, Group, HumanAgent, Matter,
    PhoneNumber, Purpose, UtilityTemplate, actor, matter,
};
use domain::id::{CommentId, PostId};
use domain::right::{Right, TokenId};

const TOPICS: [&str; 3] = ["shoes", "hats", "news of the season"];

/// The sorts of content.
#[derive(Clone, Copy)]
enum Sort {
    Plain,
    Feedback,
    Utility,
    AsksOnce,
    AsksOften,
}

/// The sorts of recipients.
#[derive(Clone, Copy)]
enum To {
    Person,
    Token,
    Comment,
    Phone,
    Group,
}

const SORTS: [(usize, Sort); 5] =
    [(58, Sort::Plain), (10, Sort::Feedback), (10, Sort::Utility), (10, Sort::AsksOnce), (12, Sort::AsksOften)];
const FIRST: [(usize, Sort); 3] = [(30, Sort::Plain), (30, Sort::AsksOnce), (40, Sort::AsksOften)];
const RECIPIENTS: [(usize, To); 5] =
    [(70, To::Person), (6, To::Token), (16, To::Comment), (3, To::Phone), (3, To::Group)];
const PURPOSES: [(usize, Purpose); 6] = [
    (40, Purpose::Conversation),
    (16, Purpose::Promotion),
    (11, Purpose::ConfirmedEventUpdate),
    (11, Purpose::PostPurchaseUpdate),
    (11, Purpose::AccountUpdate),
    (11, Purpose::CustomerFeedback),
];

impl Crowd {
    /// What somebody wants to say to this person now.
    pub(super) async fn intent(&mut self, page: usize, person: usize) -> EvaluateSendRequest {
        let purpose = self.dice.weigh(&PURPOSES);
        let content = self.content(purpose);
        let asks = matches!(
            content,
            Some(matter::Content::OneTimeRequestTitle(_) | matter::Content::RecurringRequestTitle(_))
        );
        let token = self.token(page, person).filter(|_| !asks && self.dice.percent(45));
        let recipient = match &token {
            _ if asks => None,
            Some((recipient, _)) => Some(recipient.clone()),
            None => self.recipient(page, person),
        };
        let topic = if self.dice.percent(40) { (*self.dice.pick(&TOPICS)).to_owned() } else { String::new() };
        let topic = token.filter(|_| self.dice.percent(85)).map_or(topic, |(_, title)| title);
        let matter = Matter {
            promotional: self.dice.percent(12),
            recurring: self.dice.percent(12),
            paid: self.dice.percent(25),
            reference: self.reference(purpose),
            topic,
            content,
            recipient,
        };
        let known = &self.pages[page].people[person];
        let request = EvaluateSendRequest {
            parent: format!("pages/{}/conversations/{}", self.pages[page].id, known.psid),
            actor: Some(Actor { kind: Some(self.actor()) }),
            purpose: purpose.into(),
            at_time: None,
            matter: Some(matter),
        };
        self.hold(&request).await;
        request
    }

    fn actor(&mut self) -> actor::Kind {
        let agent = || HumanAgent { agent_id: "agent-7".to_owned() };
        match self.dice.below(6) {
            0 | 1 => actor::Kind::Human(agent()),
            2 => actor::Kind::AiAssistedHuman(agent()),
            3 => actor::Kind::Bot(Bot {}),
            4 => actor::Kind::Automation(Automation {}),
            _ => actor::Kind::Broadcast(Broadcast {}),
        }
    }

    fn reference(&mut self, purpose: Purpose) -> Option<matter::Reference> {
        if self.dice.percent(30) {
            return None;
        }
        let is_event = purpose == Purpose::ConfirmedEventUpdate || self.dice.percent(20);
        let (event, order) = (matter::Reference::EventId, matter::Reference::OrderId);
        Some(if is_event { event("concert".to_owned()) } else { order("42".to_owned()) })
    }

    fn content(&mut self, purpose: Purpose) -> Option<matter::Content> {
        let sort = if self.is_first_round() {
            self.dice.weigh(&FIRST)
        } else if purpose == Purpose::CustomerFeedback && self.dice.percent(60) {
            Sort::Feedback
        } else {
            self.dice.weigh(&SORTS)
        };
        let title = if self.dice.percent(6) { "x".repeat(66) } else { (*self.dice.pick(&TOPICS)).to_owned() };
        match sort {
            Sort::Plain => None,
            Sort::Feedback => Some(matter::Content::FeedbackTemplate(FeedbackTemplate {})),
            Sort::Utility => {
                let name = if self.dice.percent(75) { "order_update" } else { "big_sale" }.to_owned();
                let language = "en".to_owned();
                Some(matter::Content::UtilityTemplate(UtilityTemplate { name, language }))
            }
            Sort::AsksOnce => Some(matter::Content::OneTimeRequestTitle(title)),
            Sort::AsksOften => Some(matter::Content::RecurringRequestTitle(title)),
        }
    }

    /// By a token that the person gave, and what it is about.
    fn token(&mut self, page: usize, person: usize) -> Option<(matter::Recipient, String)> {
        let given = &self.pages[page].people[person].given;
        let (name, is_once, title) = given.get(self.dice.below(given.len().max(1)))?.clone();
        let (once, often) = (matter::Recipient::OneTimeToken, matter::Recipient::RepeatedToken);
        Some((if is_once { once(name) } else { often(name) }, title))
    }

    fn recipient(&mut self, page: usize, person: usize) -> Option<matter::Recipient> {
        match self.dice.weigh(&RECIPIENTS) {
            To::Person => None,
            To::Phone => Some(matter::Recipient::Phone(PhoneNumber {})),
            To::Group => Some(matter::Recipient::Group(Group {})),
            To::Token => {
                // One that nobody gave.
                let name = "00112233445566778899aabbccddeeff".to_owned();
                let (once, often) = (matter::Recipient::OneTimeToken, matter::Recipient::RepeatedToken);
                Some(if self.dice.percent(50) { once(name) } else { often(name) })
            }
            To::Comment => {
                let comments = self.pages[page].people[person].comments.clone();
                let unknown = ("1_1".to_owned(), "1_2".to_owned());
                let is_known = !comments.is_empty() && !self.dice.percent(10);
                let (post_id, comment_id) = if is_known { self.dice.pick(&comments).clone() } else { unknown };
                Some(matter::Recipient::Comment(Comment { comment_id, post_id }))
            }
        }
    }

    /// Now and then another send of ours holds the very right that is wanted, and never leaves.
    async fn hold(&mut self, request: &EvaluateSendRequest) {
        if !self.dice.percent(4) {
            return;
        }
        let token = |name: &str| TokenId::parse(name).unwrap();
        let right = match request.matter.as_ref().and_then(|matter| matter.recipient.as_ref()) {
            Some(matter::Recipient::OneTimeToken(name)) => Right::OneTime(token(name)),
            Some(matter::Recipient::RepeatedToken(name)) => Right::Repeated(token(name)),
            Some(matter::Recipient::Comment(comment)) if comment.comment_id.is_empty() => {
                Right::PrivateReply(CommentId::from(&PostId::parse(&comment.post_id).unwrap()))
            }
            Some(matter::Recipient::Comment(comment)) => {
                Right::PrivateReply(CommentId::parse(&comment.comment_id).unwrap())
            }
            Some(matter::Recipient::Phone(_) | matter::Recipient::Group(_)) | None => return,
        };
        self.n_things += 1;
        self.world.reserve(request, right, self.n_things).await;
    }
}
