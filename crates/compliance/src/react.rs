//! Facts that lead to events elsewhere: a word by which a person stops or resumes messages, and an answer of the platform
//! that says something of the whole Page.
//!
//! Each is appended at the revision at which it was found to be news, so any number of replicas may do this, and begin
//! again from anywhere: what is known is not told again.

use crate::Deps;
use crate::append::Writer;
use crate::counts::sends;
use domain::event::consent::Words;
use domain::event::{Consent, ConsentKind, Event, PageStep, PageStepKind};
use domain::id::{PageId, StreamId};
use domain::page::ended;
use event_log::{AppendError, Checkpoint, Conversations, Followed, JudgedBy, LogError, Stored};
use service_kit::{Backoff, Counter};
use sql::{Advance, Database, Derived, SqlError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often it is stored how far facts were taken up. What is taken up twice does no harm.
const STORED_EVERY: Duration = Duration::from_secs(1);

/// Takes facts up until `stop` is cancelled: from where the last one left off, or without a database from the beginning of
/// the log. The log may be away and is waited for; the database is not needed.
///
/// # Errors
/// When the log holds something that cannot be read.
pub async fn react(deps: Deps, words: Words, stop: CancellationToken) -> Result<(), LogError> {
    let taken_up = "facts that led to an event of another kind";
    let taken_up = deps.metrics.counter("nuncio.compliance.taken_up", "{fact}", taken_up);
    let judged_by = JudgedBy::new(Arc::clone(&deps.log));
    let writer = Writer { log: deps.log, clock: deps.clock, ids: deps.ids };
    let Deps { conversations, database, .. } = deps;
    let reactions = Reactions { writer, judged_by, conversations, database, words, taken_up };
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        let ended = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            ended = reactions.follow(&mut backoff) => ended,
        };
        match ended {
            Ok(never) => match never {},
            Err(End::Superseded) => tracing::debug!("another replica took facts up and told how far"),
            Err(End::Log(error @ LogError::Broken(_))) => return Err(error),
            Err(End::Log(error @ LogError::Unavailable(_))) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the log is away; facts are taken up later");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(backoff.next(reactions.writer.ids.fraction())) => (),
        }
    }
}

/// Why following began anew.
enum End {
    /// Somebody else told how far facts were taken up.
    Superseded,
    Log(LogError),
}

impl From<LogError> for End {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

struct Reactions {
    writer: Writer,
    judged_by: JudgedBy,
    conversations: Conversations,
    database: Option<Database>,
    words: Words,
    taken_up: Counter,
}

impl Reactions {
    async fn follow(&self, backoff: &mut Backoff) -> Result<std::convert::Infallible, End> {
        let mut stored = self.begin().await;
        let mut follower = self.writer.log.follow(sends(), stored.clone()).await?;
        let (mut reached, mut stored_at) = (stored.clone(), Instant::now());
        loop {
            match follower.next().await? {
                Followed::Record(record) => {
                    self.take_up(&record).await?;
                    reached.advance(record.shard, record.position);
                }
                Followed::CaughtUp(to) | Followed::Checkpoint(to) => reach(&mut reached, &to),
            }
            backoff.reset();
            if reached != stored && stored_at.elapsed() >= STORED_EVERY {
                if self.store(&stored, &reached).await? {
                    stored.clone_from(&reached);
                }
                stored_at = Instant::now();
            }
        }
    }

    /// How far facts were taken up; the beginning when nobody knows.
    async fn begin(&self) -> Checkpoint {
        let (name, incarnation) = (Derived::Reactions.name(), self.writer.log.identity().incarnation());
        let mut from = Checkpoint { incarnation: incarnation.to_owned(), positions: Vec::new() };
        let Some(database) = &self.database else { return from };
        match database.reached(name).await {
            Ok(Some(reached)) if reached.incarnation == incarnation => {
                reached.positions.iter().for_each(|(shard, position)| from.advance(*shard, *position));
            }
            Ok(Some(_)) => {
                if let Err(error) = database.drop_derived(Derived::Reactions).await {
                    unstored(&error);
                }
            }
            Ok(None) => (),
            Err(error) => unstored(&error),
        }
        from
    }

    /// Stores how far facts were taken up; answers whether that is stored. A database that does not answer costs only work
    /// at the next start.
    async fn store(&self, from: &Checkpoint, to: &Checkpoint) -> Result<bool, End> {
        let Some(database) = &self.database else { return Ok(false) };
        match store(database, self.writer.log.identity().incarnation(), from, to).await {
            Ok(()) => Ok(true),
            Err(SqlError::Superseded { .. }) => Err(End::Superseded),
            Err(error @ (SqlError::Unavailable(_) | SqlError::Unknown(_) | SqlError::Broken(_))) => {
                unstored(&error);
                Ok(false)
            }
        }
    }

    async fn take_up(&self, stored: &Stored) -> Result<(), LogError> {
        let stream = &stored.record.stream;
        for event in &stored.record.events {
            if let Event::Inbound(inbound) = event
                && let Some(consent) = self.words.heard(inbound)
            {
                self.consent(stream, consent).await?;
            }
            if let Some(ended) = ended(event)
                && let Some(step) = ended.of_page()
            {
                self.refused(ended.page, &step).await?;
            }
        }
        Ok(())
    }

    async fn consent(&self, stream: &StreamId, consent: Consent) -> Result<(), LogError> {
        loop {
            let loaded = self.conversations.load(stream).await?;
            if !loaded.state.is_news(consent) {
                return Ok(());
            }
            let place = (self.writer.clock.now(), loaded.revision);
            match self.writer.append(stream.clone(), vec![Event::Consent(consent)], place).await {
                Ok(_) => break,
                Err(AppendError::Conflict { actual }) => self.conversations.correct(stream, actual),
                Err(AppendError::Refused(error) | AppendError::Unknown(error)) => {
                    return Err(LogError::Unavailable(error));
                }
            }
        }
        self.taken_up.add(1, &[("kind", consent.kind.as_str())]);
        match consent.kind {
            ConsentKind::OptedOut => tracing::info!("a person wants no more messages"),
            ConsentKind::OptedIn => tracing::info!("a person wants messages again"),
        }
        Ok(())
    }

    async fn refused(&self, page: &PageId, step: &PageStep) -> Result<(), LogError> {
        let PageStepKind::Refused { code, subcode } = step.kind else { return Ok(()) };
        loop {
            let loaded = self.judged_by.page(page).await?;
            if loaded.state.knows_refusal(step.at, code, subcode) {
                return Ok(());
            }
            let (stream, events) = (StreamId::Page(page.clone()), vec![Event::Page(step.clone())]);
            match self.writer.append(stream, events, (self.writer.clock.now(), loaded.revision)).await {
                Ok(_) => break,
                Err(AppendError::Conflict { .. }) => (),
                Err(AppendError::Refused(error) | AppendError::Unknown(error)) => {
                    return Err(LogError::Unavailable(error));
                }
            }
        }
        self.taken_up.add(1, &[("kind", "page_refused")]);
        tracing::warn!(%page, code, subcode, "the platform refuses or warns page {page}");
        Ok(())
    }
}

fn reach(reached: &mut Checkpoint, to: &Checkpoint) {
    (0..).zip(&to.positions).for_each(|(shard, position)| reached.advance(shard, *position));
}

async fn store(database: &Database, incarnation: &str, from: &Checkpoint, to: &Checkpoint) -> Result<(), SqlError> {
    let name = Derived::Reactions.name();
    let mut transaction = database.begin().await?;
    for (shard, position) in (0..).zip(&to.positions) {
        let (from, to) = (from.position(shard), *position);
        if to > from {
            transaction.advance(Advance { name, incarnation, shard, from, to }).await?;
        }
    }
    transaction.commit().await
}

fn unstored(error: &SqlError) {
    tracing::warn!(error = error as &dyn std::error::Error, "how far facts were taken up cannot be read or stored");
}
