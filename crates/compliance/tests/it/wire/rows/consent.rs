//! What people give a right to: comments that may be answered, tokens, and templates that the platform approved.

use super::*;
use api::proto::compliance::v1::UtilityTemplate;
use serde_json::json;

const IN_2024: &str = "2024-06-03T12:00:00Z";
const IN_2026: &str = "2026-06-01T12:00:00Z";

fn asks(title: &str, is_once: bool) -> EvaluateSendRequest {
    let (once, often) = (matter::Content::OneTimeRequestTitle, matter::Content::RecurringRequestTitle);
    let content = if is_once { once(title.to_owned()) } else { often(title.to_owned()) };
    with(bot(Purpose::Conversation), |matter| matter.content = Some(content))
}

fn about(topic: &str) -> EvaluateSendRequest {
    with(bot(Purpose::Promotion), |matter| matter.topic = topic.to_owned())
}

/// Asha wrote, was asked, and accepted.
async fn agreed(begins: &str, is_once: bool) -> (World, Tokens) {
    let mut world = World::of_page(moment(begins)).await;
    world.asha(Deed::write("hello")).await;
    world.goes(&asks("shoes", is_once), Route::Response, &none()).await;
    let mut tokens = Tokens::default();
    let token = world.asha(Deed::Accept { title: None }).await.unwrap();
    tokens.add(&token, is_once);
    (world, tokens)
}

#[tokio::test]
async fn row_09_a_comment_is_answered_in_private_once_within_seven_days_and_opens_no_window() {
    for is_post in [false, true] {
        let mut world = World::of_page(moment(IN_2026)).await;
        let (text, post_id) = ("how much?".to_owned(), Some("1001_5".to_owned()));
        let deed = || {
            if is_post {
                Deed::Post { text: text.clone() }
            } else {
                Deed::Comment { text: text.clone(), post_id: post_id.clone() }
            }
        };
        let reply = |id: &str| if is_post { to_comment("", id) } else { to_comment(id, "1001_5") };
        let first = world.asha(deed()).await.unwrap();
        let (second, third) = (world.asha(deed()).await.unwrap(), world.asha(deed()).await.unwrap());
        world.goes(&reply(&first), Route::PrivateReply, &none()).await;
        world.stops(&reply(&first), Rule::PrivateReplySpent, &none()).await;
        world.stops(&bot(Purpose::Conversation), Rule::NoUserInitiation, &none()).await;
        world.asha(Deed::Remove { id: third.clone() }).await;
        world.stops(&reply(&third), Rule::CommentUnknown, &none()).await;
        world.later(WEEK - 1);
        world.goes(&reply(&second), Route::PrivateReply, &none()).await;
        let late = world.does(PAGE, ASHA, deed(), WEEK).unwrap().id.unwrap();
        world.deliver().await;
        world.stops(&reply(&late), Rule::PrivateReplyExpired, &none()).await;
        world.stop().await;
    }
}

#[tokio::test]
async fn row_09_a_comment_is_answered_by_the_id_of_its_commenter_alone() {
    let mut world = World::of_page(moment(IN_2026)).await;
    let comment = Deed::Comment { text: "how much?".to_owned(), post_id: Some("1001_5".to_owned()) };
    let id = world.asha(comment).await.unwrap();
    let parent = format!("pages/{PAGE}/conversations/5050");
    let strangers = EvaluateSendRequest { parent, ..to_comment(&id, "1001_5") };
    let decision = world.judged(&strangers).await;
    assert_eq!(decision.findings[0].rule, "COMMENT_UNKNOWN");
    world.goes(&to_comment(&id, "1001_5"), Route::PrivateReply, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_25_promotion_outside_the_window_is_paid_for_in_its_time_and_refused_later() {
    let mut world = World::of_page(moment("2024-07-01T12:00:00Z")).await;
    world.asha(Deed::write("hello")).await;
    world.later(3 * DAY);
    let paid = with(bot(Purpose::Promotion), |matter| matter.paid = true);
    // The calls of advertising accounts are none of the simulator's; what is refused on the way is.
    assert_eq!(world.judged(&paid).await.route(), Route::Sponsored);
    world.stops(&bot(Purpose::Promotion), Rule::WindowClosed, &none()).await;
    world.go_to(moment("2024-07-31T00:00:00Z"));
    world.stops(&paid, Rule::SponsoredEnded, &none()).await;
    world.stops(&paid, Rule::WindowClosed, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn row_28_a_one_time_token_is_for_one_message_within_a_year() {
    let (mut world, tokens) = agreed(IN_2026, true).await;
    world.later(365 * DAY - 1);
    world.goes(&about("shoes"), Route::OneTime, &tokens).await;
    world.stops(&about("shoes"), Rule::TokenSpent, &tokens).await;
    world.stop().await;
    let (mut world, tokens) = agreed(IN_2026, true).await;
    world.later(365 * DAY);
    world.stops(&about("shoes"), Rule::TokenExpired, &tokens).await;
    world.stops(&asks("hats", true), Rule::OptInOutsideWindow, &tokens).await;
    world.asha(Deed::write("hello again")).await;
    world.stops(&asks(&"x".repeat(66), true), Rule::TitleTooLong, &tokens).await;
    world.stop().await;
}

#[tokio::test]
async fn row_29_a_recurring_token_rests_stops_and_ends() {
    let (mut world, tokens) = agreed(IN_2024, false).await;
    world.stops(&asks("shoes", false), Rule::OptInGiven, &tokens).await;
    world.later(DAY);
    world.goes(&about("shoes"), Route::Recurring, &tokens).await;
    world.later(DAY - 1);
    world.stops(&about("shoes"), Rule::TokenCooldown, &tokens).await;
    world.later(1);
    world.goes(&about("shoes"), Route::Recurring, &tokens).await;
    world.asha(Deed::StopNotifications { title: None }).await;
    world.stops(&about("shoes"), Rule::TokenStopped, &tokens).await;
    world.later(SECOND);
    world.asha(Deed::ResumeNotifications { title: None }).await;
    world.later(2 * DAY);
    world.goes(&about("shoes"), Route::Recurring, &tokens).await;
    world.go_to(moment("2026-02-10T00:00:00Z"));
    world.stops(&about("shoes"), Rule::RecurringEnded, &tokens).await;
    world.stop().await;
}

#[tokio::test]
async fn row_29_the_same_is_asked_once_a_week() {
    let mut world = World::of_page(moment(IN_2024)).await;
    world.asha(Deed::write("hello")).await;
    world.goes(&asks("shoes", false), Route::Response, &none()).await;
    // Asking for one message is another question.
    world.goes(&asks("shoes", true), Route::Response, &none()).await;
    world.later(WEEK - 1);
    world.asha(Deed::write("hm")).await;
    world.stops(&asks("shoes", false), Rule::OptInTooSoon, &none()).await;
    world.later(1);
    world.goes(&asks("shoes", false), Route::Response, &none()).await;
    world.stop().await;
}

#[tokio::test]
async fn utility_templates_go_at_any_time_when_the_platform_approved_them() {
    let mut world = World::of_page(moment(IN_2026)).await;
    let template = |name: &str, text: &str| json!({ "name": name, "language": "en", "category": "UTILITY", "components": [{ "type": "BODY", "text": text }] });
    world.post(PAGE, "message_templates", &template("order_update", "Your order is on its way."));
    world.post(PAGE, "message_templates", &template("big_sale", "A special offer, buy now."));
    let sends = |name: &str| {
        let template = UtilityTemplate { name: name.to_owned(), language: "en".to_owned() };
        let content = Some(matter::Content::UtilityTemplate(template));
        with(bot(Purpose::PostPurchaseUpdate), |matter| matter.content = content)
    };
    world.asha(Deed::write("hello")).await;
    world.later(100 * DAY);
    world.goes(&sends("order_update"), Route::Utility, &none()).await;
    world.stops(&sends("big_sale"), Rule::TemplateNotApproved, &none()).await;
    world.stop().await;
}
