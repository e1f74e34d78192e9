//! Tokens, private replies, boxes on sites, control of threads, and the rates.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{ASHA, CLOSED, DAY, HOUR, OK, PAGE, T0, WRONG, act, check, check_end, send, template, text, with, world};
use crate::world::World;
use crate::world::app::AppIx;
use crate::world::deeds::Deed;
use crate::world::facts::{LONGER_PAUSE_AT_MS, RECURRING_ENDED_AT_MS};
use crate::world::limits::Limits;
use crate::world::person::Control;

const INVALID: super::Outcome = WRONG;

fn to(key: &str, id: &str) -> Value {
    json!({"recipient": {key: id}, "message": {"text": "hi"}})
}

/// A world where Asha was asked and accepted at that moment, and the token.
fn with_token(payload: Value, at_ms: i64) -> (World, String) {
    let mut world = world();
    act(&mut world, ASHA, Deed::write("yes?"), at_ms);
    check(&mut world, &template(payload), at_ms, OK);
    let token = act(&mut world, ASHA, Deed::Accept { title: None }, at_ms).id.unwrap();
    (world, token)
}

fn once() -> Value {
    json!({"template_type": "one_time_notif_req", "title": "Back in stock", "payload": "STOCK"})
}

fn often() -> Value {
    json!({"template_type": "notification_messages", "title": "News", "payload": "NEWS"})
}

#[test]
fn a_one_time_token_is_good_for_one_message_within_a_year() {
    for (now_ms, expected) in [(T0 + 365 * DAY - 1, OK), (T0 + 365 * DAY, INVALID), (T0 + 365 * DAY + 1, INVALID)] {
        let (mut world, token) = with_token(once(), T0);
        check(&mut world, &to("one_time_notif_token", &token), now_ms, expected);
    }
    let (mut world, token) = with_token(once(), T0);
    check(&mut world, &to("notification_messages_token", &token), T0, INVALID);
    check(&mut world, &to("one_time_notif_token", &token), T0, OK);
    check(&mut world, &to("one_time_notif_token", &token), T0, INVALID);
    check(&mut world, &to("one_time_notif_token", "none"), T0, INVALID);
}

#[test]
fn a_request_to_notify_needs_the_window_and_its_grant() {
    check_end(&mut world(), &template(once()), T0 + DAY, CLOSED);
    let mut ungranted = world();
    ungranted.page_mut(PAGE).unwrap().settings.one_time_notifications = false;
    check(&mut ungranted, &template(once()), T0, (400, 10, 0));
    let mut barred = world();
    barred.page_mut(PAGE).unwrap().settings.opt_ins_barred_until_ms = Some(T0 + HOUR);
    check(&mut barred, &template(once()), T0 + HOUR - 1, (400, 10, 1_404_170));
    check(&mut barred, &template(once()), T0 + HOUR, OK);
}

#[test]
fn recurring_notifications_keep_their_pause_and_let_two_short_ones_follow() {
    for (begins, pause) in [(LONGER_PAUSE_AT_MS - 30 * DAY, DAY), (LONGER_PAUSE_AT_MS, 2 * DAY)] {
        let (mut world, token) = with_token(often(), begins);
        let fields = to("notification_messages_token", &token);
        check(&mut world, &fields, begins, OK);
        let long = with(fields.clone(), json!({"message": {"text": "x".repeat(251)}}));
        check(&mut world, &long, begins + 1, WRONG);
        check(&mut world, &fields, begins + 1, OK);
        check(&mut world, &fields, begins + 119_999, OK);
        let early = send(&mut world, &fields, begins + 119_999);
        assert_eq!(super::outcome(&early), (400, 4, 2_018_354));
        assert_eq!(early.body["error"]["error_data"]["next_eligible_time"], begins + pause);
        check(&mut world, &fields, begins + pause - 1, (400, 4, 2_018_354));
        check(&mut world, &fields, begins + pause, OK);
    }
}

#[test]
fn recurring_notifications_stop_on_demand_and_end_but_for_some_regions() {
    let begins = RECURRING_ENDED_AT_MS - 10 * DAY;
    let (mut world, token) = with_token(often(), begins);
    let fields = to("notification_messages_token", &token);
    act(&mut world, ASHA, Deed::StopNotifications { title: None }, begins);
    check(&mut world, &fields, begins, (400, 10, 1_893_015));
    act(&mut world, ASHA, Deed::ResumeNotifications { title: None }, begins);
    check(&mut world, &fields, RECURRING_ENDED_AT_MS - 1, OK);
    check(&mut world, &fields, RECURRING_ENDED_AT_MS + 3 * DAY, WRONG);
    world.page_mut(PAGE).unwrap().settings.region = "EU".to_owned();
    check(&mut world, &fields, RECURRING_ENDED_AT_MS + 3 * DAY, OK);
}

#[test]
fn a_topic_is_asked_for_once_a_week_and_not_again_once_accepted() {
    let mut world = world();
    check(&mut world, &template(often()), T0, OK);
    check(&mut world, &template(often()), T0 + 1, (400, 9, 2_018_352));
    act(&mut world, ASHA, Deed::write("hm"), T0 + 7 * DAY - 1);
    check(&mut world, &template(often()), T0 + 7 * DAY - 1, (400, 9, 2_018_352));
    check(&mut world, &template(often()), T0 + 7 * DAY, OK);
    act(&mut world, ASHA, Deed::Accept { title: Some("News".to_owned()) }, T0 + 7 * DAY);
    check(&mut world, &template(often()), T0 + 7 * DAY, (400, 613, 1_893_016));
}

#[test]
fn a_comment_or_post_is_answered_once_within_seven_days_and_opens_nothing() {
    for (deed, key) in [
        (Deed::Comment { text: "nice".to_owned(), post_id: None }, "comment_id"),
        (Deed::Post { text: "hello".to_owned() }, "post_id"),
    ] {
        for (now_ms, expected) in [(T0 + 7 * DAY - 1, OK), (T0 + 7 * DAY, CLOSED), (T0 + 7 * DAY + 1, CLOSED)] {
            let mut world = world();
            let id = act(&mut world, "7007", deed.clone(), T0).id.unwrap();
            check(&mut world, &to(key, &id), now_ms, expected);
        }
        let mut world = world();
        let id = act(&mut world, "7007", deed, T0).id.unwrap();
        assert_eq!(send(&mut world, &to(key, &id), T0).body["recipient_id"], "7007");
        check(&mut world, &to(key, &id), T0, (400, 10_900, 0));
        check(&mut world, &text("7007"), T0, CLOSED);
        check(&mut world, &to(key, "1_1"), T0, (400, 100, 33));
    }
}

#[test]
fn what_is_taken_away_or_switched_off_is_answered_no_more() {
    let mut world = world();
    let comment = Deed::Comment { text: "nice".to_owned(), post_id: None };
    let id = act(&mut world, "7007", comment.clone(), T0).id.unwrap();
    let others = world.act(PAGE, ASHA, Deed::Remove { id: id.clone() }, T0, T0);
    assert!(others.is_err(), "somebody else's");
    act(&mut world, "7007", Deed::Remove { id: id.clone() }, T0);
    check(&mut world, &to("comment_id", &id), T0, (400, 100, 33));
    let id = act(&mut world, "7007", comment, T0).id.unwrap();
    world.page_mut(PAGE).unwrap().settings.private_replies = false;
    check(&mut world, &to("comment_id", &id), T0, (400, 10, 0));
}

#[test]
fn a_phone_number_reaches_a_person_of_a_page_that_takes_part_while_there_is_such_a_way() {
    let at_ms = crate::moment::parse_utc("2020-06-01T12:00:00Z").unwrap();
    let mut world = world();
    let phone =
        json!({"recipient": {"phone_number": "+2002", "name": {"first_name": "Asha"}}, "message": {"text": "hi"}});
    let closed = (400, 200, 2_018_027);
    check(&mut world, &phone, at_ms, closed);
    world.page_mut(PAGE).unwrap().settings.customer_matching = true;
    let body = send(&mut world, &phone, at_ms).body;
    assert!(body["message_id"].is_string() && body.get("recipient_id").is_none(), "{body}");
    check(&mut world, &phone, T0, closed);
    world.page_mut(PAGE).unwrap().settings.region = "EU".to_owned();
    check(&mut world, &phone, at_ms, closed);
}

#[test]
fn agreeing_to_one_message_is_no_answer_to_being_asked_for_many() {
    let (mut world, _) =
        with_token(json!({"template_type": "one_time_notif_req", "title": "News", "payload": "N"}), T0);
    check(&mut world, &template(often()), T0, OK);
}

#[test]
fn the_inbox_takes_a_thread_with_a_word_to_who_had_it_and_keeps_it_by_what_the_person_does() {
    let mut world = world();
    world.page_mut(PAGE).unwrap().settings.default_app = Some("4004".to_owned());
    let (page, psid) = (std::sync::Arc::from(PAGE), crate::world::ids::Psid::of(ASHA));
    let told = |world: &mut World, now_ms: i64| {
        world.reply_by_hand(&page, psid, "I will see to that".to_owned(), now_ms).unwrap();
        let is_step = |effect: &crate::world::Effect| matches!(effect, crate::world::Effect::Tell(event) if event.kind == "handover");
        world.take_effects().iter().filter(|effect| is_step(effect)).count()
    };
    assert_eq!([told(&mut world, T0), told(&mut world, T0 + HOUR)], [1, 0]);
    check(&mut world, &text(ASHA), T0 + DAY - 1, (400, 10, 2_018_300));
    check(&mut world, &text(ASHA), T0 + DAY, CLOSED);
}

#[test]
fn a_ticked_box_is_written_to_for_a_day_without_naming_the_person() {
    let mut world = world();
    let deed = Deed::Checkbox { user_ref: "box-1".to_owned(), reference: None };
    act(&mut world, "7007", deed, T0);
    let body = send(&mut world, &to("user_ref", "box-1"), T0).body;
    assert!(body["message_id"].is_string() && body.get("recipient_id").is_none(), "{body}");
    let n_told = world.take_effects().iter().filter(|effect| matches!(effect, crate::world::Effect::Tell(_))).count();
    assert_eq!(n_told, 0, "nobody hears of sends to a box");
    check_end(&mut world, &to("user_ref", "box-1"), T0 + DAY, CLOSED);
}

#[test]
fn only_the_owner_of_a_thread_writes_in_it() {
    let mut world = world();
    let other = world.add_app("5005", SecretString::from("s"));
    let psid = crate::world::ids::Psid::of(ASHA);
    let own = |world: &mut World, app: AppIx, until_ms: i64| {
        world.person_mut(PAGE, psid).unwrap().more_mut().control = Some(Control { app, until_ms });
    };
    own(&mut world, other, T0 + HOUR);
    check(&mut world, &text(ASHA), T0, OK);
    world.page_mut(PAGE).unwrap().settings.default_app = Some("4004".to_owned());
    check(&mut world, &text(ASHA), T0 + HOUR - 1, (400, 10, 2_018_300));
    // Idle again: the default app may.
    check(&mut world, &text(ASHA), T0 + HOUR, OK);
    let passing = with(text(ASHA), json!({"thread_control": {"control_type": "pass", "app_id": 5005}}));
    check(&mut world, &passing, T0 + HOUR, OK);
    check(&mut world, &text(ASHA), T0 + HOUR, (400, 10, 2_018_300));
}

#[test]
fn rates_are_judged_by_virtual_time() {
    let mut world = world();
    world.limits = Limits { text_per_second: Some(2), media_per_second: Some(1), ..Limits::none() };
    let video = super::message(json!({"attachment": {"type": "video", "payload": {"url": "https://x.example/v"}}}));
    let throttled = (400, 613, 0);
    for (fields, now_ms, expected) in [
        (text(ASHA), T0, OK),
        (text(ASHA), T0 + 500, OK),
        (text(ASHA), T0 + 999, throttled),
        (video.clone(), T0 + 999, OK),
        (video.clone(), T0 + 1000, throttled),
        (text(ASHA), T0 + 1000, OK),
        (text(ASHA), T0 + 1499, throttled),
        (text(ASHA), T0 + 1500, OK),
        (video, T0 + 1999, OK),
    ] {
        check(&mut world, &fields, now_ms, expected);
    }
}

#[test]
fn the_other_limits_hold_too() {
    let mut quota = world();
    quota.limits.calls_per_person_per_day = Some(3);
    (0..3).for_each(|_| check(&mut quota, &text(ASHA), T0, OK));
    let reply = send(&mut quota, &text(ASHA), T0);
    assert_eq!((super::outcome(&reply), reply.usage.page_percent), ((400, 80_006, 0), 100));
    assert!(reply.usage.minutes_to_wait > 1400, "{}", reply.usage.minutes_to_wait);
    let mut thread = world();
    thread.limits.per_thread_per_minute = Some(1);
    check(&mut thread, &text(ASHA), T0, OK);
    check(&mut thread, &text(ASHA), T0 + 59_999, (400, 613, 0));
    check(&mut thread, &text(ASHA), T0 + 60_000, OK);
    let mut tags = world();
    tags.limits.tagged_per_person_per_day = Some(1);
    check(&mut tags, &super::tagged("HUMAN_AGENT"), T0, OK);
    check(&mut tags, &super::tagged("HUMAN_AGENT"), T0 + HOUR, (400, 613, 2_018_338));
    check(&mut tags, &text(ASHA), T0 + HOUR, OK);
    let mut frozen = world();
    frozen.limits.freeze_above_per_second = Some(2);
    check(&mut frozen, &text(ASHA), T0, OK);
    check(&mut frozen, &text(ASHA), T0 + 1, OK);
    check(&mut frozen, &text(ASHA), T0 + 999, (400, 613, 0));
    check(&mut frozen, &text(ASHA), T0 + 1001, OK);
}

#[test]
fn what_is_saved_and_what_links_ends_at_its_instant() {
    let mut world = world();
    let payload = json!({"url": "https://x.example/a.png", "is_reusable": true});
    let saving = super::message(json!({"attachment": {"type": "image", "payload": payload}}));
    let id = send(&mut world, &saving, T0).body["attachment_id"].clone();
    let using = super::message(json!({"attachment": {"type": "image", "payload": {"attachment_id": id}}}));
    let end_ms = T0 + 90 * DAY;
    act(&mut world, ASHA, Deed::write("still there"), end_ms - 1);
    check_end(&mut world, &using, end_ms, (400, 100, 2_018_074));
    let token = act(&mut world, ASHA, Deed::LinkAccount { authorization_code: "c".to_owned() }, T0).id.unwrap();
    let path = format!("/me?fields=recipient&account_linking_token={token}");
    for (now_ms, status) in [(T0 + 299_999, 200), (T0 + 300_000, 400), (T0 + 300_001, 400)] {
        assert_eq!(super::reply(&mut world, "GET", &path, &Value::Null, now_ms).status, status);
    }
}

#[test]
fn a_region_a_review_and_a_version_change_nothing_they_should_not() {
    let mut world = world();
    for version in ["v2.6", "v19.0", "v26.0"] {
        let reply = super::reply(&mut world, "POST", &format!("/{version}/me/messages"), &text(ASHA), T0);
        assert_eq!(reply.status, 200, "{version}");
    }
    world.page_mut(PAGE).unwrap().settings.region = "EU".to_owned();
    check(&mut world, &text(ASHA), T0, OK);
}
