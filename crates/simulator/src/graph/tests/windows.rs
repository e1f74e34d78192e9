//! The windows to the millisecond, and what opens them.

use serde_json::json;

use super::{ASHA, CLOSED, DAY, HOUR, OK, STRANGER, T0, WRONG, act, check, check_end, send, tagged, text, with, world};
use crate::world::deeds::Deed;
use crate::world::facts::{AD_WINDOW_FROM_MS, TAGS_RETIRED_AT_MS};

#[test]
fn the_standard_window_is_half_open() {
    check_end(&mut world(), &text(ASHA), T0 + DAY, CLOSED);
}

#[test]
fn the_human_agent_window_is_half_open() {
    check_end(&mut world(), &tagged("HUMAN_AGENT"), T0 + 7 * DAY, CLOSED);
    let mut world = world();
    world.page_mut(super::PAGE).unwrap().settings.human_agent = false;
    check(&mut world, &tagged("HUMAN_AGENT"), T0, (400, 10, 0));
}

#[test]
fn each_opening_deed_opens_the_standard_window_but_only_writing_the_human_agents() {
    let mid = act(&mut world(), ASHA, Deed::write("x"), T0).mid.unwrap();
    let reference = || "spring".to_owned();
    for deed in [
        Deed::Postback { title: "Go".to_owned(), payload: "GO".to_owned(), reference: None },
        Deed::OpenLink { reference: reference() },
        Deed::OptIn { reference: reference() },
        Deed::FinishLead { ad_id: "7".to_owned(), complete: true, answers: Vec::new() },
        Deed::GetStarted { reference: None },
    ] {
        let mut world = world();
        act(&mut world, ASHA, deed.clone(), T0 + 10 * DAY);
        check_end(&mut world, &text(ASHA), T0 + 11 * DAY, CLOSED);
        check_end(&mut world, &tagged("HUMAN_AGENT"), T0 + 11 * DAY, CLOSED);
    }
    let mut other = world();
    act(&mut other, ASHA, Deed::write("x"), T0);
    act(&mut other, ASHA, Deed::React { mid, reaction: "love".to_owned() }, T0 + 10 * DAY);
    check_end(&mut other, &text(ASHA), T0 + 11 * DAY, CLOSED);
}

#[test]
fn what_opens_nothing_opens_nothing() {
    for deed in [
        Deed::Read {},
        Deed::ClickAd { ad_id: "7".to_owned(), reference: None, ad_title: None, text: None },
        Deed::FinishLead { ad_id: "7".to_owned(), complete: false, answers: Vec::new() },
        Deed::Comment { text: "nice".to_owned(), post_id: None },
        Deed::Post { text: "hello".to_owned() },
    ] {
        let mut world = world();
        act(&mut world, ASHA, deed.clone(), T0 + 10 * DAY);
        check(&mut world, &text(ASHA), T0 + 10 * DAY, CLOSED);
    }
}

#[test]
fn the_message_after_an_ad_opens_seven_days_from_the_date_on() {
    for (begins, length) in [(AD_WINDOW_FROM_MS - 2 * DAY, DAY), (AD_WINDOW_FROM_MS, 7 * DAY)] {
        let mut world = world();
        let ad = Deed::ClickAd { ad_id: "7".to_owned(), reference: None, ad_title: None, text: Some("hi".to_owned()) };
        act(&mut world, ASHA, ad, begins);
        check_end(&mut world, &text(ASHA), begins + length, CLOSED);
    }
}

#[test]
fn an_ads_message_is_judged_by_the_rules_of_the_moment_at_which_the_page_writes() {
    let mut world = world();
    let ad = Deed::ClickAd { ad_id: "7".to_owned(), reference: None, ad_title: None, text: Some("hi".to_owned()) };
    let begins = AD_WINDOW_FROM_MS - 2 * DAY;
    act(&mut world, ASHA, ad, begins);
    check(&mut world, &text(ASHA), AD_WINDOW_FROM_MS - 1, CLOSED);
    check(&mut world, &text(ASHA), AD_WINDOW_FROM_MS, OK);
    check_end(&mut world, &text(ASHA), begins + 7 * DAY, CLOSED);
}

#[test]
fn a_late_fact_does_not_move_a_window_back() {
    let mut world = world();
    act(&mut world, ASHA, Deed::write("late"), T0 - 5 * HOUR);
    check(&mut world, &text(ASHA), T0 + DAY - 1, OK);
    check(&mut world, &tagged("HUMAN_AGENT"), T0 + 7 * DAY - 1, OK);
}

#[test]
fn the_three_retired_tags_end_at_an_instant() {
    let mut world = world();
    for tag in ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"] {
        check_end(&mut world, &tagged(tag), TAGS_RETIRED_AT_MS, WRONG);
    }
    // Also inside an open window, and under another type.
    act(&mut world, ASHA, Deed::write("again"), TAGS_RETIRED_AT_MS);
    let fields = with(tagged("ACCOUNT_UPDATE"), json!({"messaging_type": "RESPONSE"}));
    check(&mut world, &fields, TAGS_RETIRED_AT_MS + 1, WRONG);
}

#[test]
fn a_tag_beside_another_type_opens_nothing() {
    let fields = with(tagged("HUMAN_AGENT"), json!({"messaging_type": "UPDATE"}));
    check(&mut world(), &fields, T0 + 2 * DAY, CLOSED);
}

#[test]
fn nobody_is_written_to_first() {
    let mut world = world();
    check(&mut world, &text(STRANGER), T0, CLOSED);
    let update = with(text(STRANGER), json!({"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}));
    check(&mut world, &update, T0, CLOSED);
    check(&mut world, &json!({"recipient": {"id": STRANGER}, "sender_action": "typing_on"}), T0, CLOSED);
    check(&mut world, &text("9999"), T0, (400, 100, 2_018_001));
}

#[test]
fn feedback_reaches_seven_days_with_its_own_template_only() {
    let mut world = world();
    let form = json!({
        "template_type": "customer_feedback", "title": "How was it?",
        "feedback_screens": [{"questions": [{"id": "q_1", "type": "csat"}]}],
        "business_privacy": {"url": "https://shop.example/privacy"}
    });
    let feedback = super::template(form);
    let feedback = with(feedback, json!({"messaging_type": "MESSAGE_TAG", "tag": "CUSTOMER_FEEDBACK"}));
    check_end(&mut world, &feedback, T0 + 7 * DAY, CLOSED);
    check(&mut world, &tagged("CUSTOMER_FEEDBACK"), T0, WRONG);
}

#[test]
fn the_news_tag_needs_its_permission() {
    let mut world = world();
    check(&mut world, &tagged("NON_PROMOTIONAL_SUBSCRIPTION"), T0 + 2 * DAY, (400, 10, 2_018_065));
    world.page_mut(super::PAGE).unwrap().settings.news = true;
    check(&mut world, &tagged("NON_PROMOTIONAL_SUBSCRIPTION"), T0 + 2 * DAY, OK);
}

#[test]
fn a_restriction_ends_at_its_instant_and_switches_stop_at_once() {
    let mut world = world();
    world.page_mut(super::PAGE).unwrap().settings.restricted_until_ms = Some(T0 + HOUR);
    for (now_ms, expected) in [(T0 + HOUR - 1, (400, 10, 1_893_063)), (T0 + HOUR, OK), (T0 + HOUR + 1, OK)] {
        check(&mut world, &text(ASHA), now_ms, expected);
    }
    type Switch = fn(&mut crate::world::page::PageSettings);
    let switches: [(Switch, super::Outcome); 3] = [
        (|settings| settings.messaging = false, (400, 10, 0)),
        (|settings| settings.policy_blocked = true, (400, 368, 0)),
        (|settings| settings.commerce_disabled = true, (400, 2022, 0)),
    ];
    for (switch, expected) in switches {
        let mut world = super::world();
        switch(&mut world.page_mut(super::PAGE).unwrap().settings);
        check(&mut world, &text(ASHA), T0, expected);
    }
}

#[test]
fn whoever_cannot_be_reached_is_not() {
    let mut blocked = world();
    act(&mut blocked, ASHA, Deed::Block {}, T0);
    check(&mut blocked, &text(ASHA), T0, (400, 551, 1_545_041));
    act(&mut blocked, ASHA, Deed::Unblock {}, T0);
    check(&mut blocked, &text(ASHA), T0, OK);
    let mut in_development = world();
    in_development.apps[0].is_live = false;
    check(&mut in_development, &text(ASHA), T0, (400, 200, 0));
    let psid = crate::world::ids::Psid::of(ASHA);
    in_development.person_mut(super::PAGE, psid).unwrap().has_role = true;
    check(&mut in_development, &text(ASHA), T0, OK);
    let mut busy = world();
    busy.person_mut(super::PAGE, psid).unwrap().more_mut().flow_until_ms = T0 + HOUR;
    check(&mut busy, &text(ASHA), T0 + HOUR - 1, (400, 2_018_321, 0));
    check(&mut busy, &text(ASHA), T0 + HOUR, OK);
}

#[test]
fn a_reply_quotes_a_message_of_its_own_thread_while_the_person_was_heard_lately() {
    let mut world = world();
    let posted = send(&mut world, &text(ASHA), T0).body["message_id"].clone();
    act(&mut world, STRANGER, Deed::write("me too"), T0);
    let foreign = send(&mut world, &text(STRANGER), T0).body["message_id"].clone();
    let quoting = |mid: &serde_json::Value| with(tagged("HUMAN_AGENT"), json!({"reply_to": {"mid": mid}}));
    check_end(&mut world, &quoting(&posted), T0 + DAY, CLOSED);
    check(&mut world, &quoting(&foreign), T0, WRONG);
}
