//! How often people block a Page when it writes: a table that follows the log, and the word in the Page's stream when the
//! share comes above what its rule pack says.

use crate::Deps;
use crate::append::Writer;
use async_trait::async_trait;
use domain::event::{Event, PageStep, PageStepKind};
use domain::id::{Kind, PageId, StreamId};
use domain::pack::BlockRateLimit;
use domain::page::ended;
use domain::time::Timestamp;
use event_log::{AppendError, BoxError, Checkpoint, Filter, JudgedBy, Pages, Stored};
use projection::Projection;
use service_kit::Counter;
use sql::page_counts::{self, Counted};
use sql::{Database, Derived, Reached, SqlError, Transaction};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the shares are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Where sends live.
pub(crate) fn sends() -> Filter {
    Filter { kinds: vec![Kind::Conversation, Kind::Comment], pages: Pages::All, partitions: Vec::new() }
}

/// Keeps the table `page_counts`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageCountsTable;

#[async_trait]
impl Projection for PageCountsTable {
    fn derived(&self) -> Derived {
        Derived::PageCounts
    }

    fn filter(&self) -> Filter {
        sends()
    }

    async fn apply(&self, to: &mut Transaction, incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        self.apply_all(to, incarnation, std::slice::from_ref(stored)).await
    }

    async fn apply_all(&self, to: &mut Transaction, _incarnation: &str, records: &[Stored]) -> Result<(), SqlError> {
        // In order, so that what is forgotten by a later minute is not counted by an earlier one again.
        let mut minutes: Vec<(&PageId, Timestamp, Counted)> = Vec::new();
        for ended in records.iter().flat_map(|stored| &stored.record.events).filter_map(ended) {
            let Some(is_block) = ended.is_block() else { continue };
            let is_same = |(page, at, _): &&mut (&PageId, Timestamp, Counted)| {
                *page == ended.page && page_counts::minute(*at) == page_counts::minute(ended.at)
            };
            let counted = Counted { sends: 1, blocks: u64::from(is_block) };
            match minutes.iter_mut().find(is_same) {
                Some((_, _, known)) => *known = known.and(counted),
                None => minutes.push((ended.page, ended.at, counted)),
            }
        }
        for (page, at, counted) in minutes {
            page_counts::count(to, page, at, counted).await?;
        }
        Ok(())
    }
}

/// What ended over the span of the Page's limit, or over the longest one where it has none.
pub(crate) async fn counted(
    database: &Database,
    page: &PageId,
    limit: Option<BlockRateLimit>,
    now: Timestamp,
) -> Result<Counted, SqlError> {
    let span = limit.map_or(BlockRateLimit::LONGEST, |limit| limit.within);
    page_counts::within(database, page, span, now).await
}

/// Tells a Page's stream when the share of blocks comes above its limit, and when it is not above it any more, until `stop`
/// is cancelled. Any number of replicas may: what was told is not told again. Log and database may be away.
pub async fn watch_block_rates(deps: Deps, database: Database, stop: CancellationToken) {
    let crossings = "how often the share of blocks of a Page came above its limit, or under it again";
    let crossings = deps.metrics.counter("nuncio.page.block_rate_crossings", "{crossing}", crossings);
    let judged_by = JudgedBy::new(Arc::clone(&deps.log));
    let writer = Writer { log: deps.log, clock: deps.clock, ids: deps.ids };
    let mut scales = Scales { database, judged_by, writer, crossings, until: None };
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => (),
        }
        match scales.look().await {
            Ok(()) => is_failing = false,
            Err(error) if is_failing => tracing::debug!(error = %error, "block rates cannot be looked at yet"),
            Err(error) => {
                is_failing = true;
                tracing::warn!(error = %error, "block rates cannot be looked at, and will be when they can");
            }
        }
    }
}

struct Scales {
    database: Database,
    judged_by: JudgedBy,
    writer: Writer,
    crossings: Counter,
    /// The end of the log at some moment: a table that has come as far was filled then. One that is filled anew holds a
    /// part of what happened, of which the share says nothing.
    until: Option<Checkpoint>,
}

impl Scales {
    async fn look(&mut self) -> Result<(), BoxError> {
        let until = match self.until.take() {
            Some(until) => until,
            None => self.writer.log.head().await?,
        };
        let incarnation = self.writer.log.identity().incarnation();
        let reached = self.database.reached(Derived::PageCounts.name()).await?;
        if !covers(reached.as_ref(), incarnation, &until) {
            self.until = Some(until);
            return Ok(());
        }
        for page in page_counts::pages(&self.database).await? {
            self.weigh(&page).await?;
        }
        Ok(())
    }

    async fn weigh(&self, page: &PageId) -> Result<(), BoxError> {
        let now = self.writer.clock.now();
        let limit = self.judged_by.packs_lately().await?.in_force_for(page, now).block_rate();
        let Counted { sends, blocks } = counted(&self.database, page, limit, now).await?;
        let loaded = self.judged_by.page(page).await?;
        let Some(kind) = loaded.state.weigh(limit, sends, blocks) else { return Ok(()) };
        let is_above = matches!(kind, PageStepKind::BlockRateCrossed { is_above: true, .. });
        let event = Event::Page(PageStep { at: now, kind });
        match self.writer.append(StreamId::Page(page.clone()), vec![event], (now, loaded.revision)).await {
            Ok(_) => self.told(page, is_above, sends, blocks),
            // Whoever was faster may have told; if not, the next look does.
            Err(AppendError::Conflict { .. }) => (),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn told(&self, page: &PageId, is_above: bool, sends: u64, blocks: u64) {
        if is_above {
            self.crossings.add(1, &[("to", "above")]);
            tracing::warn!(%page, sends, blocks, "too many people block page {page}: {blocks} of {sends} sends");
        } else {
            self.crossings.add(1, &[("to", "below")]);
            tracing::info!(%page, sends, blocks, "people block page {page} less again: {blocks} of {sends} sends");
        }
    }
}

fn covers(reached: Option<&Reached>, incarnation: &str, until: &Checkpoint) -> bool {
    let position = |shard: u16| {
        let reached = reached.filter(|reached| reached.incarnation == incarnation);
        reached.and_then(|reached| reached.positions.get(&shard)).copied().unwrap_or(0)
    };
    (0..).zip(&until.positions).all(|(shard, end)| position(shard) >= *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_filled_anew_or_of_another_log_says_nothing() {
        let until = Checkpoint { incarnation: "a".to_owned(), positions: vec![5, 0, 2] };
        let reached = |incarnation: &str, first| {
            let positions = [(0, first), (2, 9)].into_iter().collect();
            Some(Reached { incarnation: incarnation.to_owned(), positions })
        };
        assert!(covers(reached("a", 5).as_ref(), "a", &until));
        assert!(!covers(reached("a", 4).as_ref(), "a", &until));
        assert!(!covers(reached("b", 5).as_ref(), "a", &until));
        assert!(!covers(None, "a", &until));
        assert!(covers(None, "a", &Checkpoint::beginning()));
    }
}
