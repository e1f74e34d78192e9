//! Sends as their stream's records tell them, also those that have left the conversation's state.

use super::Send;
use crate::conversation::Conversation;
use crate::event::{Echo, Event, Outcome, Recorded, SendingKind, Witness};
use crate::id::{Mid, SendId};
use std::collections::BTreeMap;

/// The send as this history of its stream leaves it; none if it was never asked for, or was erased since.
pub fn one_of<'a>(history: impl IntoIterator<Item = Recorded<'a>>, id: &SendId) -> Option<Send> {
    // What else the stream holds changes nothing in a send, and alone it has nothing to make place for. But any echo can
    // tell that a message is not the one it was found to be.
    let own = history.into_iter().filter(|recorded| match of_send(recorded.event) {
        Some(send) => send == id || echo_of(recorded.event).is_some(),
        None => matches!(recorded.event, Event::Erasing(_)) || echo_of(recorded.event).is_some(),
    });
    Conversation::fold(own).send(id).cloned()
}

/// Every send of a stream as this whole history of it leaves them, by id.
pub fn all_of<'a>(history: impl IntoIterator<Item = Recorded<'a>>) -> BTreeMap<SendId, Send> {
    let mut alone: BTreeMap<SendId, Conversation> = BTreeMap::new();
    let (mut orders, mut n_requested) = (BTreeMap::new(), 0);
    let mut found: BTreeMap<Mid, SendId> = BTreeMap::new();
    for recorded in history {
        if let Event::Sending(step) = recorded.event
            && let SendingKind::Requested { .. } = &step.kind
        {
            orders.entry(step.send.clone()).or_insert(n_requested);
            n_requested += 1;
        }
        if let Some((mid, id)) = found_by(recorded.event) {
            found.insert(mid.clone(), id.clone());
        }
        let mistaken = echo_of(recorded.event).and_then(|echo| found.get(&echo.mid));
        if let Some(id) = mistaken.filter(|id| of_send(recorded.event) != Some(id)) {
            alone.entry(id.clone()).or_default().evolve(recorded);
        }
        if let Some(id) = of_send(recorded.event) {
            alone.entry(id.clone()).or_default().evolve(recorded);
        } else if let Event::Erasing(_) = recorded.event {
            alone.values_mut().for_each(|state| state.evolve(recorded));
        }
    }
    let in_place = |(id, state): (SendId, Conversation)| {
        // Alone, each is the first.
        let order = *orders.get(&id)?;
        let send = Send { order, ..state.send(&id)?.clone() };
        Some((id, send))
    };
    alone.into_iter().filter_map(in_place).collect()
}

fn echo_of(event: &Event) -> Option<&Echo> {
    let Event::Inbound(inbound) = event else { return None };
    inbound.kind.echo()
}

/// The message that a send was found to be in the platform's list.
fn found_by(event: &Event) -> Option<(&Mid, &SendId)> {
    let Event::Sending(step) = event else { return None };
    let SendingKind::Settled { outcome, .. } = &step.kind else { return None };
    let Outcome::Found { mid, by: Witness::Listing, .. } = outcome else { return None };
    Some((mid, &step.send))
}

/// The send that an event is about.
fn of_send(event: &Event) -> Option<&SendId> {
    match event {
        Event::Sending(step) => Some(&step.send),
        Event::Inbound(inbound) => inbound.kind.echo().and_then(|echo| echo.send.as_ref()),
        Event::Quarantined(_)
        | Event::Erasing(_)
        | Event::System(_)
        | Event::Right(_)
        | Event::Consent(_)
        | Event::Page(_) => None,
    }
}
