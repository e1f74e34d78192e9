//! What the whole Page is stopped by, whose thread it is, and the ways that single Pages have.

use super::*;
use crate::wire::world::APP;
use api::proto::compliance::v1::{Group, PhoneNumber};
use domain::decision::Capability;
use domain::event::PageStepKind;
use domain::id::AppId;

const IN_2020: &str = "2020-06-01T12:00:00Z";
const IN_2026: &str = "2026-06-01T12:00:00Z";

async fn world(begins: &str) -> World {
    let mut world = World::of_page(moment(begins)).await;
    world.asha(Deed::write("hello")).await;
    world
}

#[tokio::test]
async fn row_02_a_page_whose_messaging_is_off_says_nothing() {
    let mut world = world(IN_2026).await;
    world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
    for is_on in [false, true] {
        world.platform.set_page(PAGE, |settings| settings.messaging = is_on);
        world.page_step(PAGE, PageStepKind::MessagingSwitched { is_on }).await;
        if is_on {
            world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
        } else {
            world.stops(&bot(Purpose::Conversation), Rule::MessagingDisabled, &none()).await;
            world.stops(&staff(), Rule::MessagingDisabled, &none()).await;
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn row_12_a_customer_is_written_to_by_phone_number_under_the_rules_of_2020_where_the_page_takes_part() {
    let mut world = world(IN_2020).await;
    let phone = with(bot(Purpose::Conversation), |matter| {
        matter.recipient = Some(matter::Recipient::Phone(PhoneNumber {}));
    });
    world.stops(&phone, Rule::CustomerMatchingClosed, &none()).await;
    world.grants(PAGE, Capability::CustomerMatching, true).await;
    world.platform.set_page(PAGE, |settings| settings.customer_matching = true);
    world.later(30 * DAY);
    world.goes(&phone, Route::CustomerMatching, &none()).await;
    world.go_to(moment(IN_2026));
    world.stops(&phone, Rule::CustomerMatchingClosed, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_20_a_restricted_page_is_stopped_at_once_until_that_is_taken_back() {
    let mut world = world(IN_2026).await;
    for (action, is_stopped) in [("warning", false), ("block", true), ("unblock", false)] {
        world.later(SECOND);
        assert!(world.platform.enforce(PAGE, action, world.now.as_millis()));
        world.deliver().await;
        if is_stopped {
            world.stops(&bot(Purpose::Conversation), Rule::PageRestricted, &none()).await;
        } else {
            world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn row_14_an_answer_that_the_page_is_stopped_stops_it_for_a_day() {
    let mut world = world(IN_2026).await;
    let until_ms = world.now.plus(Span::from_millis(DAY)).as_millis();
    world.platform.set_page(PAGE, |settings| settings.restricted_until_ms = Some(until_ms));
    world.page_step(PAGE, PageStepKind::Refused { code: 10, subcode: 1_893_063 }).await;
    world.later(DAY - 1);
    world.stops(&bot(Purpose::Conversation), Rule::PageRestricted, &none()).await;
    world.later(1);
    world.asha(Deed::write("still there?")).await;
    world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_27_whoever_blocked_the_page_is_not_tried_again_until_they_act() {
    let mut world = world(IN_2026).await;
    world.asha(Deed::Block {}).await;
    // Nobody tells of it; the answer to the next message does.
    let decision = world.judged(&bot(Purpose::Conversation)).await;
    let fields = of_route(&bot(Purpose::Conversation), &decision, &none()).unwrap();
    assert_eq!(world.post(PAGE, "messages", &fields), Answer::Refused { code: 551, subcode: 1_545_041 });
    world.settle(&bot(Purpose::Conversation), &decision, 7, crate::wire::ledger::Became::Unreachable).await;
    world.later(SECOND);
    world.stops(&bot(Purpose::Conversation), Rule::RecipientUnavailable, &none()).await;
    world.asha(Deed::Unblock {}).await;
    world.asha(Deed::write("sorry")).await;
    world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_30_groups_are_closed_unless_the_page_has_support_for_them_and_later_to_all() {
    let mut world = world(IN_2020).await;
    let group = with(bot(Purpose::Conversation), |matter| matter.recipient = Some(matter::Recipient::Group(Group {})));
    world.stops(&group, Rule::GroupChatClosed, &none()).await;
    world.grants(PAGE, Capability::GroupChat, true).await;
    // The simulator has no groups, so that what is allowed cannot be tried.
    assert_eq!(world.judged(&group).await.route(), Route::GroupChat);
    world.go_to(moment(IN_2026));
    world.stops(&group, Rule::GroupChatClosed, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_36_a_thread_that_the_staff_took_is_theirs_until_it_falls_idle() {
    let mut world = World::of_page(moment(IN_2026)).await;
    world.platform.set_page(PAGE, |settings| settings.default_app = Some(APP.to_owned()));
    world.page_step(PAGE, PageStepKind::Connected { app: AppId::parse(APP).unwrap() }).await;
    world.asha(Deed::write("hello")).await;
    world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
    world.later(HOUR);
    let now_ms = world.now.as_millis();
    assert!(world.platform.reply_by_hand(PAGE, ASHA, "I will see to that", now_ms));
    world.deliver().await;
    world.stops(&bot(Purpose::Conversation), Rule::ThreadNotOurs, &none()).await;
    // What she writes to the staff comes to us as to a bystander, and keeps the thread theirs.
    world.later(10 * HOUR);
    world.asha(Deed::write("thank you")).await;
    world.later(DAY - 1);
    world.stops(&bot(Purpose::Conversation), Rule::ThreadNotOurs, &none()).await;
    world.later(1);
    world.stops(&bot(Purpose::Conversation), Rule::WindowClosed, &none()).await;
    world.later(DAY);
    world.asha(Deed::write("one more thing")).await;
    world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
    world.stop().await;
}
