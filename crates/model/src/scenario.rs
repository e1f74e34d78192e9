//! What is looked at: how many sends of what sort, how much can go wrong, and for how long.

use domain::send::Guarantee;

/// One send that is asked for at the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// What its caller wants when nobody knows whether it went out.
    pub guarantee: Guarantee,
    /// Whether it goes by the one token there is, rather than by the open window.
    pub by_token: bool,
    /// The tick before which it must leave; none: any.
    pub expires: Option<u8>,
    /// Whether a person of the staff says it, who waits for no program.
    pub by_staff: bool,
}

/// What can happen, and how often. Everything else can happen at any time and any number of times.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// One or two sends.
    pub sends: Vec<Asked>,
    /// The last tick.
    pub ends: u8,
    /// Up to this tick every state must have a way to where all sends have ended.
    pub open_until: u8,
    /// How often a process is killed and started again. Each may besides stop for ever.
    pub kills: u8,
    /// How often no connection is made, or the platform refuses.
    pub refusals: u8,
    /// How often each echo is told.
    pub echoes: u8,
    /// How often a caller cancels.
    pub cancels: u8,
    /// Whether the log may once be brought back without its end.
    pub is_restored: bool,
    /// Whether sends of which nobody knows are looked up in the platform's list, in which any message may be late.
    pub looks_up: bool,
    /// Whether one process sends alone, so that more else can happen.
    pub is_alone: bool,
    /// Whether somebody may once write the same text in the Page's inbox.
    pub has_inbox: bool,
    /// What is left out of the sender; none: nothing.
    pub without: Option<Guard>,
}

impl Scenario {
    /// These sends, and no trouble but stops at any point, lost requests and lost answers.
    pub fn of(sends: &[Asked]) -> Self {
        Self {
            sends: sends.to_vec(),
            ends: 5,
            open_until: 0,
            kills: 0,
            refusals: 0,
            echoes: 1,
            cancels: 0,
            is_restored: false,
            looks_up: false,
            is_alone: false,
            has_inbox: false,
            without: None,
        }
    }
}

/// Something in the sender that keeps a message from going out twice, too late, or under another's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Claims are appended at the revision that they were decided on.
    ExpectedRevision,
    /// Nothing is written before the claim's append is acknowledged.
    Acknowledgement,
    /// Right before the first byte it is looked whether the claim still holds.
    LeaveBy,
    /// Right before the first byte it is looked whether the lease still holds.
    Lease,
    /// A call without a clear answer is left to the echo.
    Ambiguity,
    /// A claim that nobody settled is called unknown, not free.
    Overdue,
    /// An outcome names its own attempt.
    Attempt,
    /// What a look-up finds is none of the messages that are known.
    KnownMessages,
    /// What a look-up finds can be no other send.
    OtherSends,
    /// What a look-up found is taken back when its echo says otherwise.
    TakingBack,
}
