//! A conversation's history in pages: every fact once, and the same pages however much is appended meanwhile. What was kept
//! unrecognized is told no more when the log has it typed.

use crate::event::describe;
use api::proto::conversation::v1 as pb;
use api::status::Violations;
use domain::event::{Event, InboundKind};
use domain::id::{FactId, Psid};
use event_log::{Revision, Stored};
use messenger::webhook::retype;
use std::collections::HashSet;

const DEFAULT_SIZE: usize = 50;
const MOST: usize = 1_000;

/// Which part of the history is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    size: usize,
    start: Start,
}

#[derive(Debug)]
enum Start {
    First,
    /// Behind so many events of the history as it was at this revision.
    Behind {
        count: usize,
        until: Revision,
    },
}

impl Page {
    pub(crate) fn parse(size: i32, token: &str, violations: &mut Violations) -> Option<Self> {
        let size = match usize::try_from(size) {
            Ok(0) => Some(DEFAULT_SIZE),
            Ok(size) => Some(size.min(MOST)),
            Err(_) => {
                violations.add("page_size", "is not negative");
                None
            }
        };
        let start = violations.take("page_token", Start::parse(token));
        Some(Self { size: size?, start: start? })
    }
}

/// The text is no page token.
#[derive(Debug, thiserror::Error)]
#[error("is what an earlier answer gave as next_page_token, unchanged")]
struct BadToken;

impl Start {
    fn parse(token: &str) -> Result<Self, BadToken> {
        if token.is_empty() {
            return Ok(Self::First);
        }
        let (count, until) = token.split_once('.').ok_or(BadToken)?;
        let count = count.parse().map_err(|_| BadToken)?;
        Ok(Self::Behind { count, until: until.parse().map_err(|_| BadToken)? })
    }
}

/// One page of a history that was read whole.
pub(crate) fn list(records: &[Stored], page: &Page, psid: &Psid) -> pb::ListEventsResponse {
    let newest = records.last().map_or(0, |record| record.position);
    let (skip, until) = match page.start {
        Start::First => (0, newest),
        Start::Behind { count, until } => (count, until),
    };
    let mut told: HashSet<FactId> = HashSet::new();
    let in_snapshot = records.iter().take_while(|record| record.position <= until);
    let known: HashSet<FactId> = in_snapshot.clone().filter_map(|record| record.record.fact).collect();
    let as_understood = in_snapshot.filter(|record| !is_typed(record, &known));
    let distinct = as_understood.filter(|record| record.record.fact.is_none_or(|fact| told.insert(fact)));
    let mut events = distinct.flat_map(|record| describe(record, psid)).skip(skip);
    let shown: Vec<_> = events.by_ref().take(page.size).collect();
    let next_page_token = match events.next() {
        Some(_) => format!("{}.{until}", skip + shown.len()),
        None => String::new(),
    };
    pb::ListEventsResponse { events: shown, next_page_token }
}

/// Whether a record only holds what was kept unrecognized and is among these facts as what it is.
fn is_typed(stored: &Stored, known: &HashSet<FactId>) -> bool {
    stored.record.events.iter().all(|event| {
        let Event::Inbound(inbound) = event else { return false };
        let InboundKind::Unrecognized(kept) = &inbound.kind else { return false };
        let facts = retype(kept, inbound);
        !facts.is_empty() && facts.iter().all(|placed| known.contains(&placed.fact.fact))
    })
}
