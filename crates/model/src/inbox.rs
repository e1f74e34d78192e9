//! What somebody writes by hand in the Page's inbox, beside what is sent.

use domain::event::Event;
use domain::id::Mid;

/// The id of the one message that is written there.
pub(crate) fn inbox_mid() -> Mid {
    Mid::parse("m-inbox").expect("a short word")
}

/// Whether an event is that message's echo.
pub(crate) fn is_of_inbox(event: &Event) -> bool {
    let Event::Inbound(inbound) = event else { return false };
    inbound.kind.echo().is_some_and(|echo| echo.mid == inbox_mid())
}
