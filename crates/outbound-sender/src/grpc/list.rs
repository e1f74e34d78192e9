//! A conversation's messages in pages, all of which show it at one revision.

use super::find::reached;
use crate::{Parts, render};
use api::name;
use api::name::Home;
use api::proto::outbound::v1 as pb;
use api::status::{self, Violations};
use domain::conversation::Conversation;
use domain::id::{SendId, StreamId};
use domain::send::{Send, all_of};
use event_log::{Loaded, Revision, Stored};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tonic::Status;

/// Sends by id.
type Sends = BTreeMap<SendId, Send>;

const DEFAULT_SIZE: usize = 50;
const MOST: usize = 1_000;

/// Which messages are wanted.
struct Wanted {
    home: Home,
    size: usize,
    /// Only those in these states; empty: all.
    states: BTreeSet<pb::State>,
    start: Start,
}

/// Where a page begins.
#[derive(Clone, Copy)]
enum Start {
    First,
    /// Behind the message of this order, of the conversation as it was at this revision.
    Behind {
        order: u64,
        revision: Revision,
    },
}

/// The text is no page token of this list.
#[derive(Debug, thiserror::Error)]
#[error("is what an earlier answer gave as next_page_token, unchanged, with the same parent and filter")]
struct BadToken;

/// The text is no filter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum BadFilter {
    #[error("cannot ask for `{0}`: only for states, as in `state = DEFERRED OR state = RETRYING`")]
    Field(String),
    #[error("names `{0}`, which is no state; STATE_DEFERRED and DEFERRED are one")]
    State(String),
    #[error("looks like `state = DEFERRED OR state = RETRYING`")]
    Form,
}

impl Parts {
    /// One page of a conversation's messages.
    pub(super) async fn list(&self, asked: &pb::ListMessagesRequest) -> Result<pb::ListMessagesResponse, Status> {
        let wanted = parse(asked)?;
        let home = &wanted.home;
        let stream = home.send(self.conversations.person_key(&home.page, &home.psid), uuid::Uuid::nil()).stream();
        let (loaded, sends) = match wanted.start {
            Start::First => self.as_of_now(&stream).await?,
            Start::Behind { revision, .. } => self.as_of(&stream, revision).await?,
        };
        reached(&loaded, asked.min_revision)?;
        let packs = self.packs().await?;
        let mut found: Vec<_> = sends.iter().collect();
        found.retain(|(_, send)| wanted.states.is_empty() || wanted.states.contains(&render::state(&send.status)));
        if let Start::Behind { order, .. } = wanted.start {
            found.retain(|(_, send)| send.order > order);
        }
        found.sort_by_key(|(_, send)| send.order);
        let has_more = found.len() > wanted.size;
        found.truncate(wanted.size);
        let last = found.last().filter(|_| has_more).map(|(_, send)| send.order);
        let token = last.map(|order| format!("{}.{order}.{}", loaded.revision, digest(asked)));
        let messages = found.into_iter().map(|(id, send)| render::message(id, send, &loaded, &packs)).collect();
        let next_page_token = token.unwrap_or_default();
        Ok(pb::ListMessagesResponse { messages, next_page_token, revision: loaded.revision })
    }

    /// The conversation as it stands, with all its sends; those that have left its state only the log tells.
    async fn as_of_now(&self, stream: &StreamId) -> Result<(Loaded, Sends), Status> {
        let loaded = self.load(stream).await?;
        if loaded.state.floor() > 0 {
            return self.as_of(stream, loaded.revision).await;
        }
        let sends = loaded.state.sends().map(|(id, send)| (id.clone(), send.clone())).collect();
        Ok((loaded, sends))
    }

    /// The conversation as it was at a revision, folded from the log.
    async fn as_of(&self, stream: &StreamId, revision: Revision) -> Result<(Loaded, Sends), Status> {
        let history = self.log.read(stream, 0).await.map_err(|error| status::unavailable(&error))?;
        let until = || history.iter().take_while(|record| record.position <= revision).flat_map(Stored::events);
        let state = Arc::new(Conversation::fold(until()));
        Ok((Loaded { state, revision }, all_of(until())))
    }
}

fn parse(asked: &pb::ListMessagesRequest) -> Result<Wanted, Status> {
    let mut violations = Violations::default();
    let home = violations.take("parent", name::parse_home(&asked.parent));
    let size = size(asked.page_size, DEFAULT_SIZE, MOST, &mut violations);
    let states = violations.take("filter", states(&asked.filter));
    let start = violations.take("page_token", start(asked));
    match (home, size, states, start) {
        (Some(home), Some(size), Some(states), Some(start)) => Ok(Wanted { home, size, states, start }),
        _ => Err(violations.into_status()),
    }
}

/// How many may be on a page.
pub(super) fn size(asked: i32, default: usize, most: usize, violations: &mut Violations) -> Option<usize> {
    match usize::try_from(asked) {
        Ok(0) => Some(default),
        Ok(size) => Some(size.min(most)),
        Err(_) => {
            violations.add("page_size", "is not negative");
            None
        }
    }
}

fn start(asked: &pb::ListMessagesRequest) -> Result<Start, BadToken> {
    if asked.page_token.is_empty() {
        return Ok(Start::First);
    }
    let words: Vec<_> = asked.page_token.split('.').collect();
    let [revision, order, of] = words[..] else { return Err(BadToken) };
    if of != digest(asked) {
        return Err(BadToken);
    }
    let (revision, order) = (revision.parse().map_err(|_| BadToken)?, order.parse().map_err(|_| BadToken)?);
    Ok(Start::Behind { order, revision })
}

/// What a page token is good for. It names nobody: tokens end up in other people's logs.
fn digest(asked: &pb::ListMessagesRequest) -> String {
    let digest = Sha256::new().chain_update(&asked.parent).chain_update([0]).chain_update(&asked.filter).finalize();
    digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The states that a filter names.
fn states(filter: &str) -> Result<BTreeSet<pb::State>, BadFilter> {
    if filter.trim().is_empty() {
        return Ok(BTreeSet::new());
    }
    filter.split(" OR ").map(state).collect()
}

fn state(term: &str) -> Result<pb::State, BadFilter> {
    let (field, value) = term.split_once('=').ok_or(BadFilter::Form)?;
    let (field, value) = (field.trim(), value.trim());
    if field != "state" {
        return Err(BadFilter::Field(field.to_owned()));
    }
    let named = format!("STATE_{}", value.strip_prefix("STATE_").unwrap_or(value));
    let state = pb::State::from_str_name(&named).filter(|state| *state != pb::State::Unspecified);
    state.ok_or_else(|| BadFilter::State(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_states_and_nothing_else() {
        let both = BTreeSet::from([pb::State::Deferred, pb::State::Retrying]);
        assert_eq!(states(" "), Ok(BTreeSet::new()));
        assert_eq!(states("state = DEFERRED OR state=STATE_RETRYING"), Ok(both));
        assert_eq!(states("text = hello"), Err(BadFilter::Field("text".to_owned())));
        assert_eq!(states("state != SENT"), Err(BadFilter::Field("state !".to_owned())));
        for wrong in ["state = deferred", "state = UNSPECIFIED", "state = SENT AND state = SENT"] {
            assert!(matches!(states(wrong), Err(BadFilter::State(_))), "{wrong}");
        }
        assert_eq!(states("DEFERRED"), Err(BadFilter::Form));
    }
}
