//! For tests only: every way in which two senders, a log, a lease, a wire and a platform can interleave, for a few sends,
//! walked through one by one.
//!
//! What happens to a send is decided by the functions of `domain` that also decide it in production (`request`, `plan`,
//! `claim`, `settle`, `cancel`, `doubt`, `Conversation::evolve`); `book` calls them and remembers the answers. Around
//! them stands a model of what `outbound-sender` does: `worker` follows `dispatch.rs` and `holder.rs` step by step, and
//! may be stopped between any two of its steps for as long as there is time. `environment` is all the rest.
//!
//! Time goes in ticks of 4 s. A claim of one tick may leave within it and not in the next; in the one after it is called
//! unknown, and one tick later its echo is not waited for any more. A lease lasts two ticks.

mod book;
mod environment;
mod explore;
mod inbox;
mod scenario;
mod worker;
mod world;

pub use explore::{Counterexample, Explored};
pub use scenario::{Asked, Guard, Scenario};

/// Looks at everything that can happen in a scenario.
pub fn check(scenario: Scenario) -> Explored {
    explore::explore(&mut world::Senders::new(scenario))
}
