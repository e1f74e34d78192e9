//! Letting go of sends, for those who go through a past only to judge it.

use super::Conversation;
use crate::evaluate;
use crate::id::SendId;

impl Conversation {
    /// Lets go of a send, its request and its key, if it has ended and no judgement of another send looks at it. What is
    /// left judges everything else as before, but does not know that request any more: nothing may be decided on it.
    pub(crate) fn let_go_early(&mut self, id: &SendId) {
        let is_over = self.sends.get(id).is_some_and(|send| {
            let takes_no_right = send.decision.as_ref().is_none_or(|decision| decision.right.is_none());
            // An echo or an answer that comes late changes rights and requests of the person's, and when a send that counts went out.
            send.status.is_final()
                && takes_no_right
                && send.intent.kind.ask().is_none()
                && !evaluate::counts(&send.intent.actor)
        });
        if is_over {
            self.sends.remove(id);
            self.requests.retain(|_, of| of != id);
            self.keys.retain(|_, of| of != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::conversation::Conversation;
    use crate::decision::{Actor, ContentKind, Intent, Purpose, Verdict};
    use crate::evaluate::verdict;
    use crate::event::{Concern, Event, Outcome, Recorded, SendingKind};
    use crate::pack::{BUILT_IN, Pack};
    use crate::rehearsal::Rehearsal;
    use crate::right::Right;
    use crate::send::Status;
    use crate::testing::{
        accepted, actors, at, blocked, dispatched, echo, facts, heard, message, one_time, record, repeated,
        requested_by, send_id, sent, settled, token_id, told,
    };
    use proptest::prelude::*;

    fn step() -> impl Strategy<Value = (u8, u128, usize)> {
        (0..14_u8, 1..5_u128, 0..15_usize)
    }

    /// One event of a conversation: the person does something, or what comes next happens to a send. `who` says who asks,
    /// whether for a right or by one, and how it ends.
    fn event(whole: &Conversation, (kind, send, who): (u8, u128, usize), ms: i64) -> Event {
        let name = format!("m-{send}");
        match (kind, whole.send(&send_id(send)).map(|send| &send.status)) {
            (0, _) => heard(at(ms), message()),
            (1, _) => told(ms.unsigned_abs().into(), at(ms), at(ms), one_time("token-1", "shoes")),
            (2, _) => told(ms.unsigned_abs().into(), at(ms), at(ms), repeated("token-2", "shoes", None)),
            (3, _) => heard(at(ms), echo(Some(send_id(send)), &name)),
            (_, None) => asked(send, ms, who),
            (4, Some(Status::Requested)) => blocked(send, at(ms)),
            (_, Some(Status::Requested)) => with_right(accepted(send, at(ms)), who),
            (_, Some(Status::Accepted { .. })) => with_right(dispatched(send, at(ms), 1), who),
            (5, Some(Status::Dispatched { .. })) => settled(send, at(ms), 1, Outcome::Unresolved),
            (6..=8, Some(Status::Dispatched { .. })) => {
                settled(send, at(ms), 1, Outcome::Rejected { code: 100, subcode: 0, concern: Concern::Message })
            }
            (_, Some(Status::Dispatched { .. })) => settled(send, at(ms), 1, sent(&name)),
            (4..=8, Some(_)) => settled(send, at(ms), 1, sent(&name)),
            (_, Some(_)) => heard(at(ms - 1_000_000), echo(Some(send_id(send)), &name)),
        }
    }

    fn asked(send: u128, ms: i64, who: usize) -> Event {
        let mut event = requested_by(send, at(ms), actors()[who % 5].clone());
        if let Event::Sending(step) = &mut event
            && let SendingKind::Requested { intent, .. } = &mut step.kind
            && who >= 8
        {
            intent.kind = ContentKind::RecurringRequest { title: "boots".to_owned() };
        }
        event
    }

    fn with_right(mut event: Event, who: usize) -> Event {
        if let Event::Sending(step) = &mut event
            && let SendingKind::Accepted { decision } | SendingKind::Dispatched { decision, .. } = &mut step.kind
        {
            let rights = [Right::OneTime(token_id("token-1")), Right::Repeated(token_id("token-2"))];
            decision.right = rights.into_iter().nth(who);
        }
        event
    }

    fn verdicts(pack: &Pack, state: &Conversation, ms: i64) -> Vec<Verdict> {
        let plain = actors().map(|actor| Intent::new(actor, Purpose::Promotion));
        let kind = ContentKind::RecurringRequest { title: "boots".to_owned() };
        let asks = Intent { kind, ..Intent::new(Actor::Bot, Purpose::Conversation) };
        let by_right = Intent { topic: Some("shoes".to_owned()), is_paid: true, ..asks.clone() };
        let by_right = Intent { kind: ContentKind::Message, ..by_right };
        let intents = plain.into_iter().chain([asks, by_right]);
        intents.map(|intent| verdict(pack, &facts(state), &intent, at(ms)).0).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_is_let_go_of_is_judged_by_nothing_that_follows(
            steps in prop::collection::vec((step(), 0..20_000_000_i64), 1..60),
        ) {
            let cap = "[frequency]\nmost = 2\nwithin = \"9h\"\n\n[thread]\n";
            let capped = Pack::parse("capped", &BUILT_IN[1].1.replace("[thread]\n", cap)).unwrap();
            let (mut rehearsal, mut whole, mut ms) = (Rehearsal::default(), Conversation::default(), 0);
            for (n, (step, pause)) in (1..).zip(steps) {
                ms += pause;
                let event = event(&whole, step, ms);
                let recorded = Recorded { record: record(n), event: &event };
                whole.evolve(recorded);
                prop_assert_eq!(rehearsal.evolve(recorded), None);
                let state = rehearsal.state();
                prop_assert_eq!((state.rights(), state.reach()), (whole.rights(), whole.reach()));
                prop_assert_eq!(verdicts(&capped, state, ms), verdicts(&capped, &whole, ms));
                for (id, send) in whole.sends() {
                    let is_bots = matches!(send.intent.actor, Actor::Bot) && send.intent.kind == ContentKind::Message;
                    let is_plain = is_bots && send.decision.as_ref().is_none_or(|decision| decision.right.is_none());
                    let has_ended = matches!(send.status, Status::Blocked | Status::Sent { .. } | Status::Rejected { .. });
                    prop_assert!(state.send(id).is_none() || !(is_plain && has_ended));
                }
            }
        }
    }
}
