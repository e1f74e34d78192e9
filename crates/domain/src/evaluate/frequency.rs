//! How often automation and broadcasts may write to one person, where a pack says so.

use super::look::{Look, bare};
use crate::decision::{Actor, Finding, Remedy};
use crate::pack::{Frequency, Rule};
use crate::send::{Send, Status};
use crate::time::Timestamp;

/// Notes that the person was written to often enough; answers whether that is so.
pub(super) fn cap(look: &mut Look<'_>) -> bool {
    let Some(cap) = look.pack.frequency() else { return false };
    if !counts(&look.intent.actor) {
        return false;
    }
    let counted = counted(look, cap);
    let most = usize::try_from(cap.most).unwrap_or(usize::MAX);
    // With this one gone, one fewer than the most are left: all before it are gone too.
    let Some(oldest) = counted.len().checked_sub(most).and_then(|place| counted.get(place)) else { return false };
    let end = oldest.plus(cap.within);
    look.against(Finding { span: Some((*oldest, end)), ..bare(Rule::FrequencyCap) });
    look.helps(Remedy::After(end));
    look.edges.insert(end);
    true
}

/// Whether what this speaker says is counted: nobody waits for it.
pub(crate) const fn counts(actor: &Actor) -> bool {
    match actor {
        Actor::Automation | Actor::Broadcast => true,
        Actor::Human(_) | Actor::AiAssistedHuman(_) | Actor::Bot => false,
    }
}

/// The moments of the other sends that count now, earliest first.
fn counted(look: &Look<'_>, cap: Frequency) -> Vec<Timestamp> {
    let conversation = look.facts.conversation;
    let own = look.facts.send.and_then(|id| conversation.send(id)).map(|send| send.order);
    let home = look.facts.home.into_iter().flat_map(|home| home.sends()).map(|(id, send)| (id, send, None));
    let here = conversation.sends().map(|(id, send)| (id, send, own));
    let others = here.chain(home).filter(|(id, send, _)| Some(*id) != look.facts.send && counts(&send.intent.actor));
    let moments = others.filter_map(|(_, send, own)| moment(send, own));
    let mut counted: Vec<_> = moments.filter(|moment| look.now < moment.plus(cap.within)).collect();
    counted.sort_unstable();
    counted
}

/// When a send went out, or may have, or will. Of those that wait, only those count that were asked for before `own`:
/// else each of two would wait for the other.
fn moment(send: &Send, own: Option<u64>) -> Option<Timestamp> {
    match &send.status {
        Status::Sent { at, .. } => Some(*at),
        Status::Unknown { since } => Some(*since),
        Status::Unresolved => Some(send.requested_at),
        Status::Dispatched { leave_by, .. } => Some(*leave_by),
        Status::Accepted { not_before } => waits(send, own, *not_before),
        Status::Retrying { not_before, .. } => waits(send, own, Some(*not_before)),
        // What is held is allowed only once it is judged again.
        Status::Requested
        | Status::Deferred { .. }
        | Status::Blocked
        | Status::Cancelled
        | Status::Expired { .. }
        | Status::Rejected { .. } => None,
    }
}

fn waits(send: &Send, own: Option<u64>, not_before: Option<Timestamp>) -> Option<Timestamp> {
    let is_ahead = own.is_none_or(|own| send.order < own);
    is_ahead.then(|| not_before.map_or(send.requested_at, |at| at.max(send.requested_at)))
}
