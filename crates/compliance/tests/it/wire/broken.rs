//! The comparison must be able to fail: with one rule changed on one of the two sides, on purpose, it does.

use super::crowd::{Crowd, Plan};
use super::situations::plan;
use domain::pack::BUILT_IN;

/// A changed rule, when to look, and a word of what must be said of it.
struct Change {
    begins: &'static str,
    /// On our side: what Pages have of their own.
    ours: Option<&'static str>,
    /// On the platform's: a piece of the packs, and what stands there instead.
    theirs: Option<(&'static str, &'static str)>,
    says: &'static str,
}

const fn ours(begins: &'static str, own: &'static str, says: &'static str) -> Change {
    Change { begins, ours: Some(own), theirs: None, says }
}

const fn theirs(begins: &'static str, piece: &'static str, instead: &'static str, says: &'static str) -> Change {
    Change { begins, ours: None, theirs: Some((piece, instead)), says }
}

const IN_2024: &str = "2024-06-03T08:00:00Z";
const IN_2025: &str = "2025-10-06T08:00:00Z";
const IN_2026: &str = "2026-05-04T08:00:00Z";
const AFTER_ADS: &str = "2026-10-05T08:00:00Z";

/// One world with the change.
#[track_caller]
fn differs(change: Change) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let packs = change.theirs.map(|(piece, instead)| {
            let changed: Vec<_> = BUILT_IN.iter().map(|(_, text)| text.replace(piece, instead)).collect();
            assert!(
                changed.iter().zip(BUILT_IN).any(|(text, (_, before))| text != before),
                "{caller}: nothing changed"
            );
            changed
        });
        let plan = Plan { packs, overrides: change.ours, n_pages: 6, n_people: 10, ..plan(31, change.begins) };
        let (tally, differences) = Crowd::gather(plan).await.run().await;
        let shown: Vec<_> = differences.iter().map(ToString::to_string).collect();
        let is_said = shown.iter().any(|line| line.contains(change.says));
        assert!(is_said, "{caller}: {} situations, and nobody said `{}`:\n{}", tally.n, change.says, shown.join("\n"));
    }
}

#[tokio::test]
async fn a_window_that_is_longer_on_our_side_is_found() {
    differs(ours(IN_2024, "[windows]\nstandard = \"25h\"\n", "is allowed and refused with 10/2018278")).await;
}

#[tokio::test]
async fn a_window_that_is_shorter_on_our_side_is_found() {
    differs(ours(IN_2026, "[windows]\nstandard = \"23h\"\n", "WINDOW_CLOSED refuses what is taken")).await;
}

#[tokio::test]
async fn more_days_for_the_staff_on_our_side_are_found() {
    let says = "ROUTE_HUMAN_AGENT is allowed and refused with 10/2018278";
    differs(ours(IN_2025, "[windows]\nhuman_agent = \"12d\"\n", says)).await;
}

#[tokio::test]
async fn tokens_that_end_sooner_on_our_side_are_found() {
    let says = "TOKEN_EXPIRED refuses what is taken";
    differs(ours(IN_2025, "[routes.one_time]\nwithin = \"1h\"\n", says)).await;
}

#[tokio::test]
async fn fewer_days_for_private_replies_on_our_side_are_found() {
    let says = "PRIVATE_REPLY_EXPIRED refuses what is taken";
    differs(ours(IN_2026, "[routes.private_reply]\nwithin = \"2h\"\n", says)).await;
}

#[tokio::test]
async fn a_shorter_window_on_the_platforms_side_is_found() {
    let says = "is allowed and refused with 10/2018278";
    differs(theirs(IN_2024, "standard = \"24h\"", "standard = \"23h\"", says)).await;
}

#[tokio::test]
async fn an_action_that_opens_no_window_on_the_platforms_side_is_found() {
    let says = "is allowed and refused with 10/2018278";
    differs(theirs(IN_2024, "postback = \"standard\"\n", "", says)).await;
}

#[tokio::test]
async fn a_tag_that_ends_later_on_the_platforms_side_is_found() {
    let change = theirs(
        IN_2026,
        "until = \"2026-04-27T00:00:00Z\"",
        "until = \"2027-04-27T00:00:00Z\"",
        "TAG_RETIRED refuses what is taken",
    );
    differs(change).await;
}

#[tokio::test]
async fn ads_that_open_no_longer_than_others_on_the_platforms_side_are_found() {
    let says = "is allowed and refused with 10/2018278";
    differs(theirs(AFTER_ADS, "ad_message = \"7d\"", "ad_message = \"1d\"", says)).await;
}
