//! Pieces of histories for the tests of this crate: one Page, one person, and what they do.

use crate::conversation::Conversation;
use crate::decision::{Actor, Decision, Intent, PackRef, Purpose, Route, Verdict};
use crate::evaluate::{Facts, evaluate};
use crate::event::*;
use crate::id::Token;
use crate::id::{AgentId, AppId, CommentId, FactId, Mid, PageId, PersonKey, PostId, Psid, RecordId, RequestId, SendId};
use crate::pack::{BUILT_IN, Pack, Packs};
use crate::page::Page;
use crate::send::{Claim, Handling};
use crate::time::{Span, Timestamp};
use std::sync::LazyLock;
use uuid::Uuid;

/// A moment at which the pack `messenger-2020` is in force.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_600_000_000_000);

pub(crate) const DAY_MS: i64 = 86_400_000;

/// What claims are made by, besides the conversation.
pub(crate) const GROUNDS: Grounds = Grounds { page_revision: 3, epoch: 2 };

pub(crate) static PACK: LazyLock<Pack> = LazyLock::new(|| built_in(0));

/// That pack alone, so that it is in force at every moment.
pub(crate) static PACKS: LazyLock<Packs> = LazyLock::new(|| Packs::of([built_in(0)]).unwrap());

pub(crate) static PAGE_ID: LazyLock<PageId> = LazyLock::new(page);
static NO_PAGE: LazyLock<Page> = LazyLock::new(Page::default);

/// The pack of this place among those that we ship.
pub(crate) fn built_in(n: usize) -> Pack {
    static ALL: LazyLock<Vec<Pack>> =
        LazyLock::new(|| BUILT_IN.iter().map(|(file, text)| Pack::parse(file, text).unwrap()).collect());
    ALL[n].clone()
}

/// A conversation on a Page of which nothing is known.
pub(crate) fn facts(state: &Conversation) -> Facts<'_> {
    Facts::new(&PAGE_ID, &NO_PAGE, state)
}

/// The judgement by one pack on a Page of which nothing is known.
pub(crate) fn judged_by(pack: &Pack, state: &Conversation, intent: &Intent, now: Timestamp) -> Decision {
    evaluate(pack, &facts(state), intent, now)
}

/// So many milliseconds after noon.
pub(crate) const fn at(ms: i64) -> Timestamp {
    NOON.plus(Span::from_millis(ms))
}

pub(crate) fn page() -> PageId {
    PageId::parse("1001").unwrap()
}

pub(crate) fn person() -> Psid {
    Psid::parse("24601").unwrap()
}

pub(crate) fn mid(name: &str) -> Mid {
    Mid::parse(name).unwrap()
}

pub(crate) fn send_id(n: u128) -> SendId {
    SendId::new(page(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(n))
}

pub(crate) fn request_id(n: u128) -> RequestId {
    RequestId::parse(&format!("request-{n}")).unwrap()
}

pub(crate) const fn record(n: u128) -> RecordId {
    RecordId::new(Uuid::from_u128(n))
}

pub(crate) const fn fact_id(n: u128) -> FactId {
    FactId::from_bytes(n.to_be_bytes())
}

/// One delivery of fact `n`.
pub(crate) fn told(n: u128, stated_at: Timestamp, received_at: Timestamp, kind: InboundKind) -> Event {
    let (fact, page, person) = (fact_id(n), page(), Some(person()));
    Event::Inbound(Box::new(Inbound { fact, page, person, stated_at, received_at, standby: false, kind }))
}

/// A fact that was told at the moment it happened. Facts of one kind and moment are one fact.
pub(crate) fn heard(stated_at: Timestamp, kind: InboundKind) -> Event {
    let n = u128::from(stated_at.as_millis().unsigned_abs()) << 8 | kind.as_str().len() as u128;
    told(n, stated_at, stated_at, kind)
}

/// The same, delivered to us while another app has the thread.
pub(crate) fn stood_by(stated_at: Timestamp, kind: InboundKind) -> Event {
    let mut event = heard(stated_at, kind);
    if let Event::Inbound(inbound) = &mut event {
        inbound.standby = true;
    }
    event
}

pub(crate) fn message() -> InboundKind {
    InboundKind::Message(Message { text: "is it still there?".to_owned(), ..Message::default() })
}

pub(crate) fn postback() -> InboundKind {
    InboundKind::Postback(Postback { title: "Get started".to_owned(), ..Postback::default() })
}

pub(crate) fn referral(source: &str) -> InboundKind {
    let (source, kind) = (source.to_owned(), "OPEN_THREAD".to_owned());
    InboundKind::Referral(Referral { source, kind, ..Referral::default() })
}

pub(crate) fn echo(send: Option<SendId>, named: &str) -> InboundKind {
    let app = Some(AppId::parse("77").unwrap());
    InboundKind::Echo(Echo { app, send, text: "yes".to_owned(), ..Echo::of(mid(named)) })
}

pub(crate) fn reaction(action: ReactionAction) -> InboundKind {
    InboundKind::Reaction(Reaction { mid: mid("m"), action, reaction: Some("love".to_owned()), emoji: None })
}

pub(crate) fn opt_in() -> InboundKind {
    InboundKind::OptIn(OptIn::Plugin { reference: Some("spring".to_owned()) })
}

pub(crate) fn lead(end: LeadEnd) -> InboundKind {
    let referral = Referral { source: "ADS".to_owned(), kind: end.as_str().to_owned(), ..Referral::default() };
    InboundKind::Lead(Lead { end, referral, answers: Vec::new(), hop_context: None })
}

fn token() -> Token {
    Token::parse("token-1").unwrap()
}

/// A token for repeated messages, given, stopped or resumed.
pub(crate) fn notifications(change: Option<NotificationChange>) -> InboundKind {
    InboundKind::OptIn(OptIn::Notifications(Box::new(Notifications {
        token: token(),
        change,
        renewal: Some(TokenStatus::NotRefreshed),
        expires_at: Some(at(DAY_MS)),
        payload: None,
        title: None,
        timezone: None,
        frequency: None,
        reference: None,
        source: None,
        topic: None,
    })))
}

/// One of every kind that opens nothing and settles nothing, whatever its details.
pub(crate) fn idle_kinds() -> Vec<InboundKind> {
    let app = |id: &str| AppId::parse(id).unwrap();
    let watermark = at(0);
    let (post, comment) = (PostId::parse("1001_5").unwrap(), CommentId::parse("5_6").unwrap());
    let summary = HopContext { app: None, metadata: Some("messenger_lead_gen_incomplete".to_owned()) };
    let control = ThreadControl { step: ControlStep::Passed, from: None, to: Some(app("77")), metadata: None };
    vec![
        referral("ADS"),
        echo(None, "m"),
        InboundKind::Delivered { watermark, mids: vec![mid("m")] },
        InboundKind::Read { watermark },
        InboundKind::Message(Message { hop_context: Some(summary), ..Message::default() }),
        InboundKind::Unsent(Unsent { mid: mid("m"), of: Side::Person }),
        InboundKind::Edit(Edit { mid: mid("m"), text: "sold?".to_owned(), n_edits: Some(1) }),
        reaction(ReactionAction::Unreact),
        InboundKind::OptIn(OptIn::OneTime { payload: None, token: token() }),
        notifications(None),
        notifications(Some(NotificationChange::Stop)),
        notifications(Some(NotificationChange::Resume)),
        InboundKind::AccountLink(AccountLink::Linked { code: None }),
        InboundKind::AccountLink(AccountLink::Unlinked),
        InboundKind::ThreadControl(control),
        InboundKind::AppRoles(vec![AppRoles { app: app("77"), roles: vec!["primary_receiver".to_owned()] }]),
        InboundKind::PolicyEnforcement(PolicyEnforcement { action: PolicyAction::Block, reason: None }),
        InboundKind::ResponseFeedback(ResponseFeedback { mid: mid("m"), thumb: Thumb::Bad }),
        InboundKind::CustomerFeedback(CustomerFeedback::default()),
        InboundKind::CustomerInformation(CustomerInformation::default()),
        InboundKind::Order(Order::default()),
        InboundKind::Form("5".to_owned()),
        InboundKind::GamePlay(GamePlay::default()),
        lead(LeadEnd::Incomplete),
        InboundKind::Coupon(Coupon::default()),
        InboundKind::RequestAccepted,
        InboundKind::Comment(Comment {
            comment,
            post,
            parent: None,
            verb: CommentVerb::Add,
            from: None,
            text: "how much?".to_owned(),
            created_at: None,
        }),
        InboundKind::Feed(FeedChange {
            item: "post".to_owned(),
            verb: "add".to_owned(),
            post: None,
            comment: None,
            parent: None,
            from: None,
            text: String::new(),
            reaction: None,
            created_at: None,
        }),
        InboundKind::InboxLabel(InboxLabel { action: "add".to_owned(), label: "1".to_owned(), name: None }),
        InboundKind::Marketing(MarketingMessage {
            step: MarketingStep::Read,
            campaign: None,
            token: Some(token()),
            app: None,
            business: None,
            mid: Some(mid("m")),
            tracking: None,
            error: None,
        }),
        InboundKind::SubscriberUpload(SubscriberUpload::default()),
        InboundKind::TemplateStatus(TemplateStatus::default()),
        InboundKind::Unrecognized(Unrecognized { field: "messaging".to_owned(), raw: "{\"new\":1}".to_owned() }),
    ]
}

/// A right to one message about this.
pub(crate) fn one_time(name: &str, topic: &str) -> InboundKind {
    let token = Token::parse(name).unwrap();
    InboundKind::OptIn(OptIn::OneTime { payload: Some(topic.to_owned()), token })
}

/// A right to repeated messages about this: given, or what the person did with it.
pub(crate) fn repeated(name: &str, topic: &str, change: Option<NotificationChange>) -> InboundKind {
    InboundKind::OptIn(OptIn::Notifications(Box::new(Notifications {
        token: Token::parse(name).unwrap(),
        change,
        renewal: None,
        expires_at: None,
        payload: None,
        title: Some(topic.to_owned()),
        timezone: None,
        frequency: None,
        reference: None,
        source: None,
        topic: None,
    })))
}

/// The name of a token.
pub(crate) fn token_id(name: &str) -> crate::right::TokenId {
    crate::right::TokenId::of(&Token::parse(name).unwrap())
}

pub(crate) fn comment_id(name: &str) -> CommentId {
    CommentId::parse(name).unwrap()
}

/// Something done with a comment of a person's.
pub(crate) fn commented(name: &str, verb: CommentVerb) -> InboundKind {
    InboundKind::Comment(Comment {
        comment: comment_id(name),
        post: PostId::parse("1001_5").unwrap(),
        parent: None,
        verb,
        from: Some(Author { id: person(), name: None }),
        text: "how much?".to_owned(),
        created_at: None,
    })
}

/// Something that somebody did on the Page's wall.
pub(crate) fn wall(post: &str, author: &str, item: &str, verb: &str) -> InboundKind {
    InboundKind::Feed(FeedChange {
        item: item.to_owned(),
        verb: verb.to_owned(),
        post: PostId::parse(post).ok(),
        comment: None,
        parent: None,
        from: Some(Author { id: Psid::parse(author).unwrap(), name: None }),
        text: String::new(),
        reaction: None,
        created_at: None,
    })
}

/// The message by which a person comes in from an ad.
pub(crate) fn ad_message() -> InboundKind {
    let referral = Some(Referral { source: "ADS".to_owned(), ..Referral::default() });
    InboundKind::Message(Message { referral, ..Message::default() })
}

/// Another app has the thread from now on.
pub(crate) fn passed_to(app: &str) -> InboundKind {
    let to = Some(AppId::parse(app).unwrap());
    InboundKind::ThreadControl(ThreadControl { step: ControlStep::Passed, from: None, to, metadata: None })
}

/// A step of the Page's.
pub(crate) fn page_step(at: Timestamp, kind: PageStepKind) -> Event {
    Event::Page(PageStep { at, kind })
}

/// Folds a Page's events, whose records are numbered from 1.
pub(crate) fn fold_page(history: &[Event]) -> Page {
    Page::fold(history.iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event }))
}

pub(crate) fn agent() -> AgentId {
    AgentId::parse("agent-1").unwrap()
}

pub(crate) const fn says(actor: Actor, purpose: Purpose) -> Intent {
    Intent::new(actor, purpose)
}

/// Every sort of speaker.
pub(crate) fn actors() -> [Actor; 5] {
    [Actor::Human(agent()), Actor::AiAssistedHuman(agent()), Actor::Bot, Actor::Automation, Actor::Broadcast]
}

/// One step of a send.
pub(crate) fn step(send: u128, at: Timestamp, kind: SendingKind) -> Event {
    Event::Sending(Box::new(Sending { send: send_id(send), at, kind }))
}

/// A bot's answer is asked for, under the request id of the same number.
pub(crate) fn requested(send: u128, at: Timestamp) -> Event {
    asked(send, at, Actor::Bot, Handling::default())
}

/// The same, to be handled so.
pub(crate) fn requested_with(send: u128, at: Timestamp, handling: Handling) -> Event {
    asked(send, at, Actor::Bot, handling)
}

/// The same by somebody else.
pub(crate) fn requested_by(send: u128, at: Timestamp, actor: Actor) -> Event {
    asked(send, at, actor, Handling::default())
}

fn asked(send: u128, at: Timestamp, actor: Actor, handling: Handling) -> Event {
    let kind = SendingKind::Requested {
        page: page(),
        recipient: person(),
        request: request_id(send),
        request_digest: [1; 16],
        intent: Box::new(says(actor, Purpose::Conversation)),
        content: Box::new(Content::text("yes")),
        handling,
    };
    step(send, at, kind)
}

/// Some judgement; the fold looks at none of its parts.
pub(crate) fn judged(verdict: Verdict, at: Timestamp) -> Box<Decision> {
    let pack = PackRef { name: "some".to_owned(), digest: [0; 32] };
    let (findings, remedies, holds_until) = (Vec::new(), Vec::new(), None);
    let (overrides, right) = (None, None);
    Box::new(Decision { verdict, findings, remedies, at, holds_until, pack, overrides, right, evaluator: 1 })
}

pub(crate) fn accepted(send: u128, at: Timestamp) -> Event {
    step(send, at, SendingKind::Accepted { decision: judged(Verdict::Allowed(Route::Response), at) })
}

pub(crate) fn blocked(send: u128, at: Timestamp) -> Event {
    step(send, at, SendingKind::Blocked { decision: judged(Verdict::Blocked, at) })
}

pub(crate) fn deferred(send: u128, at: Timestamp) -> Event {
    step(send, at, SendingKind::Deferred { decision: judged(Verdict::Blocked, at), expires_at: None })
}

/// A claim whose first byte may leave within 3 s.
pub(crate) fn dispatched(send: u128, at: Timestamp, attempt: u32) -> Event {
    let decision = judged(Verdict::Allowed(Route::Response), at);
    let leave_by = at.plus(Span::from_secs(3));
    let (claim, grounds) = (Uuid::from_u128(attempt.into()), GROUNDS);
    step(send, at, SendingKind::Dispatched { attempt, claim, leave_by, decision, grounds })
}

pub(crate) fn settled(send: u128, at: Timestamp, attempt: u32, outcome: Outcome) -> Event {
    step(send, at, SendingKind::Settled { attempt, outcome })
}

pub(crate) fn sent(named: &str) -> Outcome {
    Outcome::Sent { mid: mid(named) }
}

/// A claim that nothing but the conversation stands behind.
pub(crate) fn claim_of(send: SendId, claim: u128) -> Claim {
    Claim { send, claim: Uuid::from_u128(claim), grounds: GROUNDS, margin: Span::default() }
}

/// Folds events whose records are numbered from 1.
pub(crate) fn fold(history: &[Event]) -> Conversation {
    let recorded = history.iter().zip(1..).map(|(event, n)| Recorded { record: record(n), event });
    Conversation::fold(recorded)
}
