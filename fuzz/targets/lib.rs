//! What each fuzz target does with one input: it returns when all holds, and panics when something does not.
//!
//! The fuzzers call these functions, and so does the test that replays the corpora (`tests/fuzz_corpus`).

mod record_decode;
mod send_api_answer;
mod send_api_body;
mod subject_encoding;
mod webhook_body;

mod body;

pub use record_decode::record_decode;
pub use send_api_answer::send_api_answer;
pub use send_api_body::send_api_body;
pub use subject_encoding::subject_encoding;
pub use webhook_body::webhook_body;
