//! The simulator's page in a real browser: `tests/compat/page.mjs` plays the customer there.

use crate::scripts::{Runner, play};

async fn in_a_browser(case: &str) {
    play(Runner::Node, "page.mjs", case).await;
}

#[tokio::test]
async fn a_customer_writes_on_the_page_sees_the_answer_and_a_day_later_none() {
    in_a_browser("conversation").await;
}

#[tokio::test]
async fn the_page_is_used_by_keyboard_alone() {
    in_a_browser("keyboard").await;
}

#[tokio::test]
async fn nothing_that_is_written_becomes_markup_on_the_page() {
    in_a_browser("markup").await;
}

#[tokio::test]
async fn the_page_is_readable_by_day_and_night_at_every_width() {
    in_a_browser("looks").await;
}

#[tokio::test]
async fn the_page_shows_everything_that_a_message_can_hold() {
    in_a_browser("messages").await;
}
