//! One question, or many: what is asked, what has to be known for it, and the answer.

use api::convert;
use api::name;
use api::proto::compliance::v1 as pb;
use api::status::Violations;
use domain::decision::Intent;
use domain::evaluate::{Facts, judge};
use domain::id::{PageId, StreamId};
use domain::pack::Packs;
use domain::page::Page;
use domain::time::Timestamp;
use event_log::{Conversations, JudgedBy, Loaded, LogError};
use std::collections::HashMap;
use std::sync::Arc;

/// The most requests of one batch.
pub(crate) const MOST: usize = 1_000;

/// What is asked.
pub(crate) struct Question {
    page: PageId,
    /// The stream in which the send would live.
    stream: StreamId,
    /// The person's conversation, where that is another stream.
    home: Option<StreamId>,
    intent: Intent,
    at: Timestamp,
}

impl Question {
    /// Reads a request; what names no moment is asked for `now`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(
        asked: pb::EvaluateSendRequest,
        conversations: &Conversations,
        now: Timestamp,
    ) -> Result<Self, Violations> {
        let mut violations = Violations::default();
        let parent = violations.take("parent", name::parse_conversation(&asked.parent));
        let intent = convert::intent(asked.actor, asked.purpose, &mut violations);
        let post = convert::post_of(asked.matter.as_ref());
        let intent = convert::take_matter(intent, asked.matter, &mut violations);
        let at = crate::moment(asked.at_time.as_ref(), now, &mut violations);
        let (Some((page, psid)), Some(intent), Some(at)) = (parent, intent, at) else { return Err(violations) };
        let home = conversations.stream(&page, &psid);
        let (stream, home) = match post {
            None => (home, None),
            Some(post) => (StreamId::Comment(page.clone(), post, conversations.person_key(&page, &psid)), Some(home)),
        };
        Ok(Self { page, stream, home, intent, at })
    }
}

/// What questions are judged by, loaded once for all questions of a call.
pub(crate) struct Known<'a> {
    conversations: &'a Conversations,
    judged_by: &'a JudgedBy,
    packs: Arc<Packs>,
    pages: HashMap<PageId, Arc<Page>>,
    streams: HashMap<StreamId, Loaded>,
}

impl<'a> Known<'a> {
    pub(crate) async fn begin(conversations: &'a Conversations, judged_by: &'a JudgedBy) -> Result<Self, LogError> {
        let packs = judged_by.packs().await?;
        Ok(Self { conversations, judged_by, packs, pages: HashMap::new(), streams: HashMap::new() })
    }

    /// The answer, by everything that was in the log when the call began.
    pub(crate) async fn answer(&mut self, question: &Question) -> Result<pb::EvaluateSendResponse, LogError> {
        let page = self.page(&question.page).await?;
        let loaded = self.stream(&question.stream).await?;
        let home = match &question.home {
            Some(home) => Some(self.stream(home).await?),
            None => None,
        };
        let facts = Facts::new(&question.page, &page, &loaded.state);
        let facts = home.as_ref().map_or(facts, |home| facts.with_home(&home.state));
        let decision = judge(&self.packs, &facts, &question.intent, question.at);
        let decision = Some(convert::decision(&decision, &self.packs));
        Ok(pb::EvaluateSendResponse { decision, revision: loaded.revision })
    }

    async fn page(&mut self, page: &PageId) -> Result<Arc<Page>, LogError> {
        if let Some(known) = self.pages.get(page) {
            return Ok(Arc::clone(known));
        }
        let loaded = self.judged_by.page(page).await?.state;
        self.pages.insert(page.clone(), Arc::clone(&loaded));
        Ok(loaded)
    }

    async fn stream(&mut self, stream: &StreamId) -> Result<Loaded, LogError> {
        if let Some(known) = self.streams.get(stream) {
            return Ok(known.clone());
        }
        let loaded = self.conversations.load(stream).await?;
        self.streams.insert(stream.clone(), loaded.clone());
        Ok(loaded)
    }
}

/// What is wrong with one request of a batch.
pub(crate) fn wrong(violations: Violations) -> pb::WrongFields {
    let fields = violations.into_fields().map(|(field, description)| pb::WrongField { field, description });
    pb::WrongFields { fields: fields.collect() }
}
