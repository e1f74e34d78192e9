//! How the platform stands to a Page: well, warned, or restricted until some moment.
//!
//! Restrictions come and go by webhooks and by errors on sends. Where nobody says when one ends, the pack's ladder does:
//! so many days for the first, more for the next.

use crate::conversation::Fact;
use crate::event::PolicyAction;
use crate::id::FactId;
use crate::pack::Restrictions;
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long what the platform did is remembered: packs cannot look further back.
const KEPT: Span = Span::from_hours(366 * 24);
/// How often a restriction that lasts is told of.
const TOLD_EVERY: Span = Span::from_secs(60);
/// Errors by which the platform says that the Page may not write for a while (error reference): a restriction of the
/// Page, a block for abuse, and messages switched off after a violation.
const RESTRICTED: [(i64, Option<i64>); 3] = [(10, Some(1_893_063)), (368, None), (2_022, None)];
/// The error by which it warns.
const WARNED: (i64, i64) = (613, 2_018_338);

/// How the platform stands to a Page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing is known against it.
    Well,
    /// It was warned, or was restricted not long ago.
    Warned(Fact),
    /// It may not write.
    Restricted(Restricted),
}

/// A restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restricted {
    /// What says so.
    pub fact: Fact,
    /// The first moment at which it is over, as far as anybody knows.
    pub until: Timestamp,
}

/// What the platform did to a Page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct History {
    warned: Option<Fact>,
    /// Restrictions, by what says so: a fact may be told often, an error comes once.
    restricted: BTreeMap<FactId, Fact>,
    lifted: Option<Timestamp>,
}

/// Whether an error on a send says something of the whole Page.
pub fn concerns_page(code: i64, subcode: i64) -> bool {
    restricts(code, subcode) || (code, subcode) == WARNED
}

fn restricts(code: i64, subcode: i64) -> bool {
    RESTRICTED.iter().any(|(known, sub)| *known == code && sub.is_none_or(|sub| sub == subcode))
}

impl History {
    pub(super) fn enforced(&mut self, id: FactId, fact: Fact, action: PolicyAction) {
        match action {
            PolicyAction::Warning => self.warned = Some(self.warned.map_or(fact, |known| known.later(fact))),
            PolicyAction::Block => {
                let known = self.restricted.entry(id).or_insert(fact);
                *known = known.earlier(fact);
            }
            PolicyAction::Unblock => self.lifted = self.lifted.max(Some(fact.at)),
        }
    }

    pub(super) fn refused(&mut self, fact: Fact, code: i64, subcode: i64) {
        if restricts(code, subcode) {
            // While one lasts, every send says so anew: those are one restriction, and the first of them counts.
            let id = FactId::of(&[b"refused", fact.record.as_uuid().as_bytes()]);
            self.restricted.insert(id, fact);
        } else if (code, subcode) == WARNED {
            self.warned = Some(self.warned.map_or(fact, |known| known.later(fact)));
        }
        self.restricted.retain(|_, known| known.at.plus(KEPT) > fact.at);
    }

    /// Whether what such an error says at this moment is known: by itself, or by a word less than a minute earlier. Of
    /// warnings the latest counts, so one that is not later says nothing new.
    pub(super) fn knows(&self, at: Timestamp, code: i64, subcode: i64) -> bool {
        let is_told = |known: &Fact| known.at <= at && at < known.at.plus(TOLD_EVERY);
        if restricts(code, subcode) {
            return self.restricted.values().any(is_told);
        }
        self.warned.is_some_and(|known| at < known.at.plus(TOLD_EVERY))
    }

    pub(super) fn health(&self, ladder: &Restrictions, now: Timestamp) -> Health {
        // One that lies a little ahead of now counts: clocks differ.
        let mut begun: Vec<_> = self.restricted.values().copied().collect();
        begun.sort_by_key(|fact| (fact.at, fact.record));
        let mut latest: Option<Restricted> = None;
        let mut earlier: Vec<Timestamp> = Vec::new();
        for fact in begun {
            if latest.is_some_and(|known| fact.at < known.until) {
                continue;
            }
            earlier.retain(|before| before.plus(ladder.memory) > fact.at);
            let step = earlier.len().min(ladder.ladder.len().saturating_sub(1));
            let length = ladder.ladder.get(step).copied().unwrap_or_default();
            let end = fact.at.plus(length);
            let until = self.lifted.filter(|lifted| *lifted >= fact.at).map_or(end, |lifted| lifted.min(end));
            earlier.push(fact.at);
            latest = Some(Restricted { fact, until });
        }
        if let Some(restricted) = latest.filter(|restricted| now < restricted.until) {
            return Health::Restricted(restricted);
        }
        let after = latest.map(|restricted| restricted.fact);
        let remembered = |fact: &Fact| now < fact.at.plus(ladder.memory);
        let warned = self.warned.into_iter().chain(after).filter(remembered);
        warned.reduce(Fact::later).map_or(Health::Well, Health::Warned)
    }
}
