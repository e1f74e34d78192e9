//! The sender's tables: the sends that have not ended, and the moments at which one of them is to be looked at again.

use async_trait::async_trait;
use domain::decision::Actor;
use domain::id::{Kind, SendId};
use domain::send::{Patience, Told, Word, told};
use domain::time::Timestamp;
use event_log::{Filter, Pages, Stored};
use projection::Projection;
use sql::due::{self, Due};
use sql::outbox::{self, Class, Waiting};
use sql::{Derived, SqlError, Transaction};

/// The kind of the moments in the table `due` at which a send is to be looked at again; each has the send's name.
pub const DUE: &str = "send";

/// The window's end of a send whose decision names none.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Keeps the table `outbox`.
#[derive(Clone, Copy, Debug)]
pub struct OutboxTable {
    patience: Patience,
}

/// Keeps the moments of the kind [`DUE`] in the table `due`.
#[derive(Clone, Copy, Debug)]
pub struct DueTable {
    patience: Patience,
}

impl OutboxTable {
    /// The outbox of senders with this patience.
    pub const fn new(patience: Patience) -> Self {
        Self { patience }
    }
}

impl DueTable {
    /// The moments that matter to senders with this patience.
    pub const fn new(patience: Patience) -> Self {
        Self { patience }
    }
}

/// Sends live in conversations.
pub(crate) fn conversations() -> Filter {
    Filter { kinds: vec![Kind::Conversation], pages: Pages::All, partitions: Vec::new() }
}

#[async_trait]
impl Projection for OutboxTable {
    fn derived(&self) -> Derived {
        Derived::Outbox
    }

    fn filter(&self) -> Filter {
        conversations()
    }

    async fn apply(&self, to: &mut Transaction, _incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        let stream = &stored.record.stream;
        // A request and its judgement stand in one record, and so become one row at once.
        let mut begun: Vec<Waiting> = Vec::new();
        for told in stored.record.events.iter().filter_map(|event| told(stream, event, self.patience)) {
            let (send, word) = match told {
                Told::Of(send, word) => (send, word),
                Told::Erased => {
                    begun.clear();
                    outbox::remove_stream(to, stream).await?;
                    continue;
                }
            };
            match word {
                Word::Requested { intent, handling: _, at } => begun.push(Waiting {
                    send: send.clone(),
                    page: send.page().clone(),
                    class: class(&intent.actor),
                    deadline: NEVER,
                    not_before: at,
                    stream: stream.clone(),
                    position: stored.position,
                }),
                Word::Allowed { until } | Word::Claimed { until, .. } => {
                    let deadline = until.unwrap_or(NEVER);
                    match of(&mut begun, send) {
                        Some(waiting) => waiting.deadline = deadline,
                        None => outbox::set_deadline(to, send, deadline).await?,
                    }
                }
                Word::Postponed { not_before } => match of(&mut begun, send) {
                    Some(waiting) => waiting.not_before = not_before,
                    None => outbox::set_not_before(to, send, not_before).await?,
                },
                Word::Unknown { .. } | Word::Held { .. } => (),
                Word::Ended => {
                    begun.retain(|waiting| waiting.send != *send);
                    outbox::remove(to, send).await?;
                }
            }
        }
        for waiting in &begun {
            outbox::put(to, waiting).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Projection for DueTable {
    fn derived(&self) -> Derived {
        Derived::Due
    }

    fn filter(&self) -> Filter {
        conversations()
    }

    async fn apply(&self, to: &mut Transaction, _incarnation: &str, stored: &Stored) -> Result<(), SqlError> {
        let stream = &stored.record.stream;
        for told in stored.record.events.iter().filter_map(|event| told(stream, event, self.patience)) {
            match told {
                Told::Erased => due::remove_stream(to, DUE, stream).await?,
                Told::Of(send, word) => match word {
                    // What may leave at once stands in the outbox.
                    Word::Requested { .. } | Word::Allowed { .. } | Word::Held { .. } => (),
                    Word::Claimed { overdue: at, .. }
                    | Word::Postponed { not_before: at }
                    | Word::Unknown { given_up: at } => {
                        let (kind, name) = (DUE.to_owned(), send.to_string());
                        due::put(to, &Due { kind, stream: stream.clone(), name, at }).await?;
                    }
                    Word::Ended => due::remove(to, DUE, stream, &send.to_string()).await?,
                },
            }
        }
        Ok(())
    }
}

fn of<'a>(begun: &'a mut [Waiting], send: &SendId) -> Option<&'a mut Waiting> {
    begun.iter_mut().find(|waiting| waiting.send == *send)
}

/// Whose turn a send is in.
const fn class(actor: &Actor) -> Class {
    match actor {
        Actor::Human(_) | Actor::AiAssistedHuman(_) => Class::Person,
        Actor::Bot | Actor::Automation => Class::Automation,
        Actor::Broadcast => Class::Broadcast,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::AgentId;

    #[test]
    fn people_go_before_programs_and_programs_before_broadcasts() {
        let agent = || AgentId::parse("agent-1").unwrap();
        let actors = [Actor::Human(agent()), Actor::AiAssistedHuman(agent()), Actor::Bot, Actor::Automation];
        let classes: Vec<_> = actors.iter().chain([&Actor::Broadcast]).map(class).collect();
        let (person, automation) = (Class::Person, Class::Automation);
        assert_eq!(classes, [person, person, automation, automation, Class::Broadcast]);
        assert!(classes.is_sorted());
    }
}
