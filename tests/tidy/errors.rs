//! `docs/errors.md` is made from the table of the platform's errors, and is what it says.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

use domain::time::Span;
use messenger::client::ErrorClass;
use messenger::client::errors::{KNOWN, Known};
use std::fmt::Write as _;

#[test]
fn the_page_of_the_errors_is_what_the_table_says() {
    let file = super::root().join("docs/errors.md");
    let expected = page();
    // A page that is not there is written; from then on it must be what the table says.
    if !file.exists() {
        std::fs::write(&file, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap();
    assert!(found == expected, "docs/errors.md is not what the table says: delete it, and run this test again");
}

fn page() -> String {
    let mut page = String::from(
        "# The platform's errors\n\n\
         This page is made from the table in `crates/messenger/src/client/errors/table.rs`; a test keeps it current. A subcode\n\
         with a line of its own goes before its code, and counts under any code where it stands as a code itself. What stands\n\
         in no line is judged by the HTTP status (429: every call of the app pauses) and by the platform's `is_transient`; where\n\
         both are silent, the message is refused for good. A pause is what the answer says, in its body or its headers, and else\n\
         what stands here.\n\n\
         Two errors are read by what was sent. 100 for a message that went to a notification token drops the token. 10 for a\n\
         message with a tag, or for one that asks to agree to notifications, stops that kind of message and not the Page.\n\n\
         What follows is remembered where everybody looks. A pause of the app or of a Page is in the table `pauses`: all senders\n\
         keep it, also one that takes the Page over. So is the minute for which a Page that is refused as a whole is not tried.\n\
         That a person gets nothing is in their conversation: everything is answered `RECIPIENT_UNAVAILABLE` until they act. A\n\
         right that was dropped is there as well: a token for one message is spent, one for several is over until a later word of\n\
         the person on it, and a comment counts as answered. When the headers say that the app's limit is used up, the app\n\
         pauses for a minute before it is refused.\n\n\
         | code | subcode | means | follows | you |\n| --- | --- | --- | --- | --- |\n",
    );
    for known in KNOWN {
        let Known { means, advice, .. } = known;
        let subcode = known.subcode.map_or_else(|| "any".to_owned(), |subcode| subcode.to_string());
        writeln!(page, "| {} | {subcode} | {means} | {} | {advice} |", codes(known), follows(known)).unwrap();
    }
    page
}

fn codes(known: &Known) -> String {
    match (known.code, known.last_code) {
        (code, last) if code == last => code.to_string(),
        (code, last) => format!("{code}–{last}"),
    }
}

fn follows(known: &Known) -> String {
    let treatment = known.treatment;
    let mut says = treatment.class.says().to_owned();
    if treatment.class == ErrorClass::Transient {
        let times = if treatment.tries == 1 { "once".to_owned() } else { format!("{} times", treatment.tries) };
        write!(says, ", {times} at most").unwrap();
    }
    if let Some(pause) = treatment.pause {
        write!(says, ", {}", span(pause)).unwrap();
    }
    says
}

fn span(span: Span) -> String {
    let minutes = span.as_millis() / 60_000;
    if minutes % 60 == 0 { format!("{} h", minutes / 60) } else { format!("{minutes} min") }
}
