//! Windows, tags, and the staff's way.

use super::*;
use crate::sandbox::human;

const IN_2020: &str = "2020-06-01T12:00:00Z";
const IN_2026: &str = "2026-06-01T12:00:00Z";

async fn world(begins: &str) -> World {
    World::of_page(moment(begins)).await
}

#[tokio::test]
async fn row_04_nobody_writes_first() {
    let mut world = world(IN_2026).await;
    world.stops(&bot(Purpose::Conversation), Rule::NoUserInitiation, &none()).await;
    world.asha(Deed::ClickAd { ad_id: "7".to_owned(), reference: None, ad_title: None, text: None }).await;
    world.stops(&bot(Purpose::Conversation), Rule::NoUserInitiation, &none()).await;
    world.asha(Deed::write("hello")).await;
    world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_11_the_message_after_an_ad_opens_seven_days_since_september_2026() {
    for (begins, length) in [(IN_2026, DAY), ("2026-09-28T00:00:00Z", WEEK)] {
        let mut world = world(begins).await;
        let text = Some("hello".to_owned());
        world.asha(Deed::ClickAd { ad_id: "7".to_owned(), reference: None, ad_title: None, text }).await;
        world.later(length - 1);
        world.goes(&bot(Purpose::Promotion), Route::Update, &none()).await;
        world.later(1);
        world.stops(&bot(Purpose::Promotion), Rule::WindowClosed, &none()).await;
        world.stop().await;
    }
}

#[tokio::test]
async fn row_15_the_window_is_open_for_24_hours_from_whatever_the_person_did_last() {
    let mut world = world(IN_2026).await;
    let text = || "Go".to_owned();
    let deeds = [
        Deed::write("hello"),
        Deed::Postback { title: text(), payload: text(), reference: None },
        Deed::OpenLink { reference: text() },
        Deed::OptIn { reference: text() },
        Deed::FinishLead { ad_id: "7".to_owned(), complete: true, answers: Vec::new() },
    ];
    for deed in deeds {
        world.asha(deed).await;
        world.later(DAY - 1);
        world.goes(&bot(Purpose::Conversation), Route::Response, &none()).await;
        world.later(1);
        world.stops(&bot(Purpose::Conversation), Rule::WindowClosed, &none()).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn row_16_a_booked_event_is_told_of_by_its_tag_while_there_is_one() {
    let event = |request| with(request, |matter| matter.reference = Some(matter::Reference::EventId("7".to_owned())));
    let mut world = world(IN_2020).await;
    world.asha(Deed::write("hello")).await;
    world.later(30 * DAY);
    let reminder = event(bot(Purpose::ConfirmedEventUpdate));
    world.goes(&reminder, Route::ConfirmedEventUpdate, &none()).await;
    world.stops(&bot(Purpose::ConfirmedEventUpdate), Rule::ReferenceMissing, &none()).await;
    let selling = with(reminder.clone(), |matter| matter.promotional = true);
    world.stops(&selling, Rule::PromotionOutsideWindow, &none()).await;
    world.go_to(moment("2026-04-26T23:59:59.999Z"));
    world.goes(&reminder, Route::ConfirmedEventUpdate, &none()).await;
    world.later(1);
    world.stops(&reminder, Rule::TagRetired, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_17_an_order_is_told_of_by_its_tag_when_it_is_named() {
    let mut world = world(IN_2020).await;
    world.asha(Deed::write("hello")).await;
    world.later(3 * DAY);
    let order = |matter: &mut Matter| matter.reference = Some(matter::Reference::OrderId("42".to_owned()));
    world.goes(&with(bot(Purpose::PostPurchaseUpdate), order), Route::PostPurchaseUpdate, &none()).await;
    world.stops(&bot(Purpose::PostPurchaseUpdate), Rule::ReferenceMissing, &none()).await;
    world.go_to(moment(IN_2026));
    world.stops(&with(bot(Purpose::PostPurchaseUpdate), order), Rule::TagRetired, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_18_an_account_update_is_no_monthly_statement() {
    let mut world = world(IN_2020).await;
    world.asha(Deed::write("hello")).await;
    world.later(3 * DAY);
    world.goes(&bot(Purpose::AccountUpdate), Route::AccountUpdate, &none()).await;
    let monthly = with(bot(Purpose::AccountUpdate), |matter| matter.recurring = true);
    world.stops(&monthly, Rule::RecurringContent, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_19_the_staff_answers_for_seven_days_and_nobody_else_does() {
    let mut world = world(IN_2026).await;
    world.asha(Deed::write("hello")).await;
    world.goes(&staff(), Route::Response, &none()).await;
    world.later(DAY);
    world.stops(&bot(Purpose::Conversation), Rule::ActorNotHuman, &none()).await;
    world.later(WEEK - DAY - 1);
    world.goes(&staff(), Route::HumanAgent, &none()).await;
    world.stops(&says(human(), Purpose::Promotion, Matter::default()), Rule::PromotionOutsideWindow, &none()).await;
    world.later(1);
    world.stops(&staff(), Rule::HumanAgentClosed, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_26_the_cancelled_concert_is_told_to_many_under_the_rules_of_2020() {
    use api::proto::compliance::v1::Broadcast;
    let mut world = world(IN_2020).await;
    world.asha(Deed::write("two seats")).await;
    world.later(40 * DAY);
    let concert = Matter { reference: Some(matter::Reference::EventId("concert-7".to_owned())), ..Matter::default() };
    let cancelled = says(actor::Kind::Broadcast(Broadcast {}), Purpose::ConfirmedEventUpdate, concert);
    world.goes(&cancelled, Route::ConfirmedEventUpdate, &none()).await;
    world.go_to(moment(IN_2026));
    world.stops(&cancelled, Rule::TagRetired, &none()).await;
    world.stop().await;
}
