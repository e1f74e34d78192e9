//! Rehearsals: a proposed rule pack, tried on a range of the log, on as many threads as there are.
//!
//! The log is gone through in parts, each a share of the partitions. One thread follows one part from the log's beginning
//! to where it ended when the rehearsal was planned, keeps the states of that part's streams, judges, and forgets all of
//! it. So memory is bounded by the size of a part, the parts are the same whoever goes through them in whatever order, and
//! one that was interrupted goes on with the parts that are left.

pub(crate) mod api;
mod home;
mod operation;
mod pages;
mod part;
mod plan;
mod progress;
mod report;
mod run;
mod worker;

pub use api::result;
pub use operation::{Deps, Failure, KEPT, Pace, Rehearsals, Wanted};
pub use plan::{Plan, Scope};
pub use progress::{Progress, Seen};
pub use report::{Found, Report};
pub use run::{Ended, Keep, Threads, packs_at, run};
