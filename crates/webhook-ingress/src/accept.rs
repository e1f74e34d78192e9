//! From a verified body to durable records.

use crate::Erased;
use domain::event::{Event, Quarantined};
use domain::id::{AppId, FactId, RecordId, StreamId};
use domain::time::Timestamp;
use event_log::{AppendError, Appended, EventLog, Expected, Record};
use messenger::webhook::{self, Place, Placed};
use service_kit::{Clock, Counter, Ids, Metrics};
use std::sync::Arc;

/// Turns bodies into records and appends them.
pub struct Acceptor {
    app: AppId,
    log: Arc<dyn EventLog>,
    clock: Clock,
    ids: Ids,
    events: Counter,
    ahead: Counter,
    quarantined: Counter,
    late: Counter,
    erased: Erased,
}

impl Acceptor {
    /// One that appends to this log, and keeps what nobody understands under the app's name.
    pub fn new(app: AppId, log: Arc<dyn EventLog>, clock: Clock, ids: Ids, metrics: &Metrics) -> Self {
        let events = "facts taken in, by kind and by whether they were repeated within the duplicate window";
        let ahead = "facts whose stated time lay too far ahead of ours to be believed";
        let quarantined = "verified bodies that could not be understood and were kept whole";
        let late = "facts of erased people, from before that, that came again and were not stored";
        Self {
            app,
            log,
            clock,
            ids,
            events: metrics.counter("nuncio.webhook.events", "{event}", events),
            ahead: metrics.counter("nuncio.webhook.events_ahead", "{event}", ahead),
            quarantined: metrics.counter("nuncio.webhook.quarantined", "{body}", quarantined),
            late: metrics.counter("nuncio.webhook.events_erased", "{event}", late),
            erased: Erased::default(),
        }
    }

    /// Leaves out, from here on, what is noted there as erased.
    pub(crate) fn leaving_out(self, erased: Erased) -> Self {
        Self { erased, ..self }
    }

    /// Appends everything that a verified body says. When this answers well, all of it is durable.
    pub(crate) async fn accept(&self, body: &[u8]) -> Result<(), AppendError> {
        let received_at = self.clock.now();
        match webhook::parse(body, received_at) {
            Err(unreadable) => self.quarantine(body, received_at, unreadable.to_string()).await,
            Ok(batch) => {
                if batch.unplaced > 0 {
                    let reason = format!("{} of its parts belong to no Page", batch.unplaced);
                    self.quarantine(body, received_at, reason).await?;
                }
                self.append_all(batch.facts, received_at).await
            }
        }
    }

    pub(crate) fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn append_all(&self, facts: Vec<Placed>, recorded_at: Timestamp) -> Result<(), AppendError> {
        let mut records = Vec::with_capacity(facts.len());
        for placed in facts {
            let stream = self.stream(&placed);
            if self.erased.covers(&stream, placed.fact.at()) {
                self.late.add(1, &[]);
            } else {
                records.push(self.record(stream, placed, recorded_at));
            }
        }
        let appended = self.log.append_all(&records).await?;
        records.iter().zip(appended).for_each(|(record, appended)| self.count(record, appended));
        Ok(())
    }

    fn count(&self, record: &Record, appended: Appended) {
        let is_duplicate = if appended.is_duplicate { "true" } else { "false" };
        for event in &record.events {
            let Event::Inbound(inbound) = event else { continue };
            self.events.add(1, &[("kind", inbound.kind.as_str()), ("duplicate", is_duplicate)]);
            if inbound.is_clamped() {
                self.ahead.add(1, &[]);
            }
        }
    }

    /// The stream that a fact belongs to.
    pub(crate) fn stream(&self, placed: &Placed) -> StreamId {
        let page = placed.fact.page.clone();
        match &placed.place {
            Place::Person(psid) => {
                let person = self.log.identity().person_key(&page, psid);
                StreamId::Conversation(page, person)
            }
            Place::UserRef(user_ref) => StreamId::Optin(page, user_ref.clone()),
            Place::Comment { post, commenter } => {
                let commenter = self.log.identity().person_key(&page, commenter);
                StreamId::Comment(page, post.clone(), commenter)
            }
            Place::Page => StreamId::Page(page),
        }
    }

    fn record(&self, stream: StreamId, placed: Placed, recorded_at: Timestamp) -> Record {
        Record {
            id: RecordId::new(self.ids.uuid_v7(recorded_at)),
            stream,
            recorded_at,
            fact: Some(placed.fact.fact),
            traceparent: None,
            events: vec![Event::Inbound(Box::new(placed.fact))],
        }
    }

    async fn quarantine(&self, body: &[u8], received_at: Timestamp, reason: String) -> Result<(), AppendError> {
        let fact = FactId::of(&[b"quarantined", body]);
        tracing::warn!(reason, body.bytes = body.len(), "a verified body was not understood and is kept whole");
        let event = Event::Quarantined(Quarantined { fact, received_at, reason, body: body.to_vec() });
        let record = Record {
            id: RecordId::new(self.ids.uuid_v7(received_at)),
            stream: StreamId::Quarantine(self.app.clone()),
            recorded_at: received_at,
            fact: Some(fact),
            traceparent: None,
            events: vec![event],
        };
        self.log.append(&record, Expected::Any).await?;
        self.quarantined.add(1, &[]);
        Ok(())
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}
