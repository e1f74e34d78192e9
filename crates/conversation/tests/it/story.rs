//! What happens in the log: what people do, and what becomes of a message of ours.

use crate::sandbox::{ASHA, PAGE, Sandbox};
use domain::conversation::Conversation;
use domain::decision::{Actor, Intent, Purpose};
use domain::evaluate::Facts;
use domain::event::{Content, Echo, Event, Grounds, Inbound, InboundKind, Message, Outcome, Postback, Unrecognized};
use domain::id::{FactId, Mid, PageId, Psid, RecordId, RequestId, SendId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::send::{Claim, Handling, Request, claim, request, settle};
use domain::time::{Span, Timestamp};
use event_log::{Conversations, EventLog, Expected, Record, Stored};
use std::sync::LazyLock;

impl Sandbox {
    /// A person writes. Answers the record's id.
    pub(crate) async fn writes(&self, page: &str, psid: &str, text: &str, at: Timestamp) -> RecordId {
        self.delivered(page, psid, wrote(text), at, at).await
    }

    /// A person does something, and the platform tells of it. The same kind and moment is the same fact.
    pub(crate) async fn delivered(
        &self,
        page: &str,
        psid: &str,
        kind: InboundKind,
        stated_at: Timestamp,
        received_at: Timestamp,
    ) -> RecordId {
        let (page, psid) = (PageId::parse(page).unwrap(), Psid::parse(psid).unwrap());
        let stream = self.stream(&page, &psid);
        let moment = stated_at.as_millis().to_be_bytes();
        let fact = FactId::of(&[stream.to_string().as_bytes(), kind.as_str().as_bytes(), &moment]);
        let inbound = Inbound { fact, page, person: Some(psid), stated_at, received_at, standby: false, kind };
        let events = vec![Event::Inbound(Box::new(inbound))];
        self.append(stream, Some(fact), events, received_at).await
    }

    /// Asha asked a moment ago, and a bot's answer is asked for, claimed, and out. Answers the message's name.
    pub(crate) async fn answers(&self, text: &str, at: Timestamp) -> String {
        let name = self.asks_for(text, at).await;
        let send = self.send_id(&name);
        let id = self.ids.uuid_v7(at);
        self.changes(&send, at, |state, packs| {
            let (grounds, margin) = (Grounds::default(), Span::default());
            let command = Claim { send: send.clone(), claim: id, grounds, margin };
            claim(&facts(&send, state), packs, &command, at).unwrap()
        })
        .await;
        let mid = Mid::parse(&format!("m_{text}")).unwrap();
        let sent = Outcome::Sent { mid };
        self.changes(&send, at, |state, _| settle(state, &send, 1, sent.clone(), at).unwrap()).await;
        name
    }

    /// A bot's answer is asked for and judged, and not more. Answers the message's name.
    pub(crate) async fn asks_for(&self, text: &str, at: Timestamp) -> String {
        let (page, recipient) = (PageId::parse(PAGE).unwrap(), Psid::parse(ASHA).unwrap());
        let id = self.ids.uuid_v7(at);
        let send = SendId::new(page.clone(), self.log.identity().person_key(&page, &recipient), id);
        let command = Request {
            send: send.clone(),
            recipient: recipient.clone(),
            request: RequestId::parse(&id.to_string()).unwrap(),
            request_digest: [0; 16],
            intent: Intent::new(Actor::Bot, Purpose::Conversation),
            content: Content::text(text),
            handling: Handling::default(),
            turn: None,
        };
        self.changes(&send, at, |state, packs| request(&facts(&send, state), packs, &command, at).unwrap()).await;
        api::name::message(&send, &recipient)
    }

    /// The echo of Asha's answer, as the platform tells of it.
    pub(crate) async fn echoes(&self, message: &str, text: &str, at: Timestamp) {
        let mid = Mid::parse(&format!("m_{text}")).unwrap();
        let echo = Echo { send: Some(self.send_id(message)), text: text.to_owned(), ..Echo::of(mid) };
        self.delivered(PAGE, ASHA, InboundKind::Echo(echo), at, at).await;
    }

    /// Everything in Asha's conversation.
    pub(crate) async fn records(&self) -> Vec<Stored> {
        let (page, psid) = (PageId::parse(PAGE).unwrap(), Psid::parse(ASHA).unwrap());
        self.log.read(&self.stream(&page, &psid), 0).await.unwrap()
    }

    fn stream(&self, page: &PageId, psid: &Psid) -> StreamId {
        StreamId::Conversation(page.clone(), self.log.identity().person_key(page, psid))
    }

    fn send_id(&self, message: &str) -> SendId {
        let (home, id) = api::name::parse_message(message).unwrap();
        home.send(self.log.identity().person_key(&home.page, &home.psid), id)
    }

    async fn changes(&self, send: &SendId, at: Timestamp, decide: impl Fn(&Conversation, &Packs) -> Vec<Event>) {
        let loaded = Conversations::new(self.log.clone()).load(&send.stream()).await.unwrap();
        let events = decide(&loaded.state, &Packs::built_in());
        self.append(send.stream(), None, events, at).await;
    }

    async fn append(&self, stream: StreamId, fact: Option<FactId>, events: Vec<Event>, at: Timestamp) -> RecordId {
        let id = RecordId::new(self.ids.uuid_v7(at));
        let record = Record { id, stream, recorded_at: at, fact, traceparent: None, events };
        let appended = self.log.append(&record, Expected::Any).await.unwrap();
        assert!(!appended.is_duplicate, "the story tells one thing twice");
        id
    }
}

/// A conversation with a Page of which nothing is known.
fn facts<'a>(send: &'a SendId, state: &'a Conversation) -> Facts<'a> {
    static NOTHING: LazyLock<Page> = LazyLock::new(Page::default);
    Facts::new(send.page(), &NOTHING, state)
}

pub(crate) fn wrote(text: &str) -> InboundKind {
    let mid = Some(Mid::parse(&format!("m_{}", text.replace(' ', "_"))).unwrap());
    InboundKind::Message(Message { mid, text: text.to_owned(), ..Message::default() })
}

pub(crate) fn tapped(title: &str) -> InboundKind {
    InboundKind::Postback(Postback { title: title.to_owned(), ..Postback::default() })
}

pub(crate) fn unknown(raw: &str) -> InboundKind {
    InboundKind::Unrecognized(Unrecognized { field: "messaging".to_owned(), raw: raw.to_owned() })
}
