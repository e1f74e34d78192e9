//! What the platform's systems permit, one test for each: the Page's toggle, tags, tokens, comments, groups, and the rest.

mod tokens;

use super::WEEK_MS;
use super::world::{P2020, P2024, P2025, P2026, P2026_09, World, about, bot, broadcast, of_event, of_order, staff};
use crate::decision::{Capability, ContentKind, Intent, Purpose, ReferenceKind, Remedy, Route, Tag, To};
use crate::event::{
    CommentVerb, Concern, Consent, ConsentBy, ConsentKind, Event, Outcome, PageStepKind, RightStep, RightStepKind,
};
use crate::id::AppId;
use crate::pack::Rule;
use crate::right::Right;
use crate::testing::{
    DAY_MS, accepted, ad_message, at, comment_id, commented, dispatched, heard, message, one_time, opt_in, passed_to,
    postback, requested, send_id, settled, stood_by, wall,
};

/// Every pack.
const PACKS: [usize; 5] = [P2020, P2024, P2025, P2026, P2026_09];
/// Two days after the person wrote: the window is closed, the staff's time is not over.
const LATER: i64 = 2 * DAY_MS;

fn wrote() -> Vec<Event> {
    vec![heard(at(0), message())]
}

fn used(right: Right, ms: i64, kind: RightStepKind) -> Event {
    Event::Right(Box::new(RightStep { right, send: send_id(1), at: at(ms), kind }))
}

#[test]
fn row_02_with_messaging_switched_off_nothing_leaves_and_switched_on_it_does_again() {
    let off = PageStepKind::MessagingSwitched { is_on: false };
    let on = PageStepKind::MessagingSwitched { is_on: true };
    for pack in PACKS {
        let world = World::new(pack, &wrote()).with_page(std::slice::from_ref(&off));
        world.blocks(&staff(Purpose::Conversation), 1, &[Rule::MessagingDisabled]);
        world.is_helped(&staff(Purpose::Conversation), 1, Remedy::MessagingOn);
        let world = World::new(pack, &wrote()).with_page(&[off.clone(), on.clone()]);
        world.allows(&staff(Purpose::Conversation), 1, Route::Response);
    }
}

#[test]
fn row_04_the_page_does_not_write_first_but_by_an_explicit_right() {
    for pack in PACKS {
        let nobody = World::new(pack, &[]);
        for purpose in Purpose::ALL {
            let decision = nobody.judge(&of_order(bot(purpose)), 0);
            assert_eq!(decision.reason(), Some(Rule::NoUserInitiation));
        }
        let gave = World::new(pack, &[heard(at(0), one_time("t", "shoes"))]);
        gave.allows(&about("shoes", bot(Purpose::Promotion)), LATER, Route::OneTime);
    }
}

#[test]
fn row_09_a_visitors_post_is_answered_like_a_comment_by_its_own_id() {
    let reply = Intent { to: To::Comment(comment_id("1001_8")), ..bot(Purpose::Conversation) };
    let by = |author: &str, item: &str, verb: &str| wall("1001_8", author, item, verb);
    for pack in PACKS {
        let world = World::new(pack, &[heard(at(0), by("3003", "post", "add"))]);
        world.allows(&reply, WEEK_MS - 1, Route::PrivateReply);
        world.blocks(&reply, WEEK_MS, &[Rule::PrivateReplyExpired]);
    }
    let others = [by("1001", "post", "add"), by("3003", "reaction", "add"), by("3003", "post", "edited")];
    for other in others {
        World::new(P2026, &[heard(at(0), other)]).blocks(&reply, 1, &[Rule::CommentUnknown]);
    }
    let history = [heard(at(0), by("3003", "post", "add")), heard(at(1), by("3003", "post", "remove"))];
    World::new(P2026, &history).blocks(&reply, 2, &[Rule::CommentUnknown]);
}

#[test]
fn row_09_a_comment_is_answered_once_within_seven_days_and_opens_no_window() {
    let reply = Intent { to: To::Comment(comment_id("c")), ..bot(Purpose::Conversation) };
    let history = [heard(at(0), commented("c", CommentVerb::Add))];
    let right = Right::PrivateReply(comment_id("c"));
    for pack in PACKS {
        let world = World::new(pack, &history);
        let decision = world.allows(&reply, WEEK_MS - 1, Route::PrivateReply);
        assert_eq!((decision.right, decision.holds_until), (Some(right.clone()), Some(at(WEEK_MS))));
        world.blocks(&reply, WEEK_MS, &[Rule::PrivateReplyExpired]);
        world.blocks(&bot(Purpose::Conversation), 1, &[Rule::NoUserInitiation]);
        let other = Intent { to: To::Comment(comment_id("d")), ..reply.clone() };
        world.blocks(&other, 1, &[Rule::CommentUnknown]);
    }
    let with = |event| World::new(P2026, &[history[0].clone(), event]);
    with(used(right.clone(), 1, RightStepKind::Reserved)).blocks(&reply, 2, &[Rule::PrivateReplyReserved]);
    with(used(right.clone(), 1, RightStepKind::Spent)).blocks(&reply, 2, &[Rule::PrivateReplySpent]);
    let own = World { send: Some(send_id(1)), ..with(used(right, 1, RightStepKind::Reserved)) };
    own.allows(&reply, 2, Route::PrivateReply);
    with(heard(at(1), commented("c", CommentVerb::Remove))).blocks(&reply, 2, &[Rule::CommentUnknown]);
}

#[test]
fn row_11_the_message_from_an_ad_opens_longer_by_the_newest_pack_alone() {
    let history = [heard(at(0), ad_message())];
    for pack in PACKS {
        let world = World::new(pack, &history);
        let end = if pack == P2026_09 { WEEK_MS } else { DAY_MS };
        world.allows(&bot(Purpose::Conversation), end - 1, Route::Response);
        assert_eq!(world.judge(&bot(Purpose::Conversation), end).reason(), Some(Rule::WindowClosed));
        // A later plain message gives a day of its own, and takes nothing away.
        let later = [history[0].clone(), heard(at(WEEK_MS - 1), message())];
        World::new(pack, &later).allows(&bot(Purpose::Conversation), WEEK_MS - 2 + DAY_MS, Route::Response);
    }
}

#[test]
fn row_12_people_are_written_to_by_phone_number_in_the_trial_of_2020_alone() {
    let by_phone = Intent { to: To::Phone, ..bot(Purpose::PostPurchase) };
    for pack in PACKS {
        World::new(pack, &[]).blocks(&by_phone, 0, &[Rule::CustomerMatchingClosed]);
        let taking_part = World::new(pack, &[]).with_capability(Capability::CustomerMatching);
        if pack == P2020 {
            taking_part.allows(&by_phone, 0, Route::CustomerMatching);
            World::new(pack, &[]).is_helped(&by_phone, 0, Remedy::Granted(Capability::CustomerMatching));
        } else {
            taking_part.blocks(&by_phone, 0, &[Rule::CustomerMatchingClosed]);
        }
    }
}

#[test]
fn row_14_each_pack_says_how_many_messages_a_page_may_send() {
    for pack in PACKS {
        assert_eq!(World::new(pack, &[]).pack.limits().sends_per_second, 40);
    }
}

#[test]
fn row_15_inside_the_window_everything_after_it_a_right() {
    for pack in PACKS {
        let world = World::new(pack, &wrote());
        world.allows(&bot(Purpose::Promotion), DAY_MS - 1, Route::Update);
        world.blocks(&bot(Purpose::Conversation), DAY_MS, &[Rule::WindowClosed, Rule::ActorNotHuman]);
    }
}

#[test]
fn row_16_a_booked_event_is_told_of_with_its_reference_and_without_promotion() {
    let intent = bot(Purpose::ConfirmedEvent);
    for pack in [P2020, P2024, P2025] {
        let world = World::new(pack, &wrote());
        world.allows(&of_event(intent.clone()), 300 * DAY_MS, Route::Tag(Tag::ConfirmedEventUpdate));
        assert_eq!(world.judge(&intent, LATER).findings[0].rule, Rule::ReferenceMissing);
        world.is_helped(&intent, LATER, Remedy::Named(ReferenceKind::Event));
        world.is_helped(&of_order(intent.clone()), LATER, Remedy::Named(ReferenceKind::Event));
        let promoting = Intent { is_promotional: true, ..of_event(intent.clone()) };
        assert_eq!(world.judge(&promoting, LATER).findings[0].rule, Rule::PromotionOutsideWindow);
        world.is_helped(&promoting, LATER, Remedy::NotPromotional);
    }
    for pack in [P2026, P2026_09] {
        let rules = [Rule::TagRetired, Rule::WindowClosed, Rule::ActorNotHuman];
        World::new(pack, &wrote()).blocks(&of_event(intent.clone()), LATER, &rules);
    }
}

#[test]
fn row_17_an_order_is_told_of_with_its_reference() {
    let world = World::new(P2020, &wrote());
    let intent = bot(Purpose::PostPurchase);
    world.allows(&of_order(intent.clone()), LATER, Route::Tag(Tag::PostPurchaseUpdate));
    world.is_helped(&intent, LATER, Remedy::Named(ReferenceKind::Order));
    world.is_helped(&of_event(intent), LATER, Remedy::Named(ReferenceKind::Order));
}

#[test]
fn row_18_an_account_update_is_never_one_of_many_whoever_sends_it() {
    let world = World::new(P2020, &wrote());
    for intent in [bot(Purpose::AccountUpdate), broadcast(Purpose::AccountUpdate), staff(Purpose::AccountUpdate)] {
        world.allows(&intent, LATER, Route::Tag(Tag::AccountUpdate));
        let statement = Intent { is_recurring: true, ..intent };
        let decision = world.judge(&statement, LATER);
        assert_eq!(decision.route(), None);
        assert!(decision.findings.iter().any(|finding| finding.rule == Rule::RecurringContent));
        world.is_helped(&statement, LATER, Remedy::NotRecurring);
    }
}

#[test]
fn row_19_only_people_with_the_feature_answer_and_only_after_the_window() {
    for pack in PACKS {
        let world = World::new(pack, &wrote());
        world.allows(&staff(Purpose::Conversation), DAY_MS - 1, Route::Response);
        world.allows(&staff(Purpose::Conversation), DAY_MS, Route::HumanAgent);
        world.allows(&staff(Purpose::Conversation), WEEK_MS - 1, Route::HumanAgent);
        assert_eq!(world.judge(&staff(Purpose::Conversation), WEEK_MS).route(), None);
        let capability = Capability::HumanAgent;
        let without =
            World::new(pack, &wrote()).with_page(&[PageStepKind::CapabilityChanged { capability, is_granted: false }]);
        let rules = [Rule::WindowClosed, Rule::HumanAgentNotGranted];
        without.blocks(&staff(Purpose::Conversation), LATER, &rules);
        without.is_helped(&staff(Purpose::Conversation), LATER, Remedy::Granted(capability));
    }
}

#[test]
fn row_20_a_restricted_page_says_nothing_until_the_step_of_the_ladder_is_over() {
    for pack in PACKS {
        let refused = PageStepKind::Refused { code: 10, subcode: 1_893_063 };
        let world = World::new(pack, &wrote()).with_page(&[refused]);
        let over = DAY_MS - 1;
        let decision = world.blocks(&staff(Purpose::Conversation), over - 1, &[Rule::PageRestricted]);
        assert_eq!((decision.remedies, decision.holds_until), (vec![Remedy::After(at(over))], Some(at(over))));
        world.allows(&staff(Purpose::Conversation), over, Route::Response);
    }
}

#[test]
fn row_25_sponsored_messages_go_in_their_time_to_whoever_wrote_before_and_are_paid() {
    let promotion = broadcast(Purpose::Promotion);
    let paid = Intent { is_paid: true, ..promotion.clone() };
    let ended = [Rule::WindowClosed, Rule::ActorNotHuman, Rule::PromotionOutsideWindow, Rule::SponsoredEnded];
    let world = World::new(P2020, &wrote());
    world.allows(&paid, LATER, Route::Sponsored);
    world.is_helped(&promotion, LATER, Remedy::Paid(Route::Sponsored));
    World::new(P2020, &[]).blocks(&paid, LATER, &[Rule::NoUserInitiation]);
    for pack in [P2025, P2026, P2026_09] {
        let world = World::new(pack, &wrote());
        world.blocks(&paid, LATER, &ended);
        // The way that is open today.
        world.is_helped(&promotion, LATER, Remedy::OptIn(Route::Marketing));
    }
}

#[test]
fn row_26_a_broadcast_that_a_concert_is_cancelled_passes_and_one_that_sells_does_not() {
    let world = World::new(P2020, &wrote());
    let cancelled = of_event(broadcast(Purpose::ConfirmedEvent));
    let decision = world.allows(&cancelled, 30 * DAY_MS, Route::Tag(Tag::ConfirmedEventUpdate));
    assert_eq!(decision.holds_until, None);
    let sale = broadcast(Purpose::Promotion);
    assert_eq!(world.judge(&sale, 30 * DAY_MS).route(), None);
    assert_eq!(World::new(P2026, &wrote()).judge(&cancelled, 30 * DAY_MS).route(), None);
}

#[test]
fn row_27_whoever_blocked_the_page_is_left_alone_until_they_act_again() {
    // The first is how it was recorded before outcomes said what they speak of.
    for (code, concern) in [(551, Concern::Message), (551, Concern::Person), (200, Concern::Person)] {
        let rejected = Outcome::Rejected { code, subcode: 0, concern };
        let mut history = wrote();
        let sent = [requested(1, at(1)), accepted(1, at(1)), dispatched(1, at(1), 1), settled(1, at(2), 1, rejected)];
        history.extend(sent);
        let intent = bot(Purpose::Conversation);
        World::new(P2026, &history).blocks(&intent, 3, &[Rule::RecipientUnavailable]);
        World::new(P2026, &history).is_helped(&intent, 3, Remedy::PersonActs);
        history.push(heard(at(4), postback()));
        World::new(P2026, &history).allows(&intent, 5, Route::Response);
    }
}

#[test]
fn row_30_a_group_is_answered_in_2020_by_pages_with_group_support_alone() {
    let group = Intent { to: To::Group, ..bot(Purpose::Conversation) };
    for pack in PACKS {
        World::new(pack, &[]).blocks(&group, 0, &[Rule::GroupChatClosed]);
        let supported = World::new(pack, &[]).with_capability(Capability::GroupChat);
        if pack == P2020 {
            supported.allows(&group, 0, Route::GroupChat);
        } else {
            supported.blocks(&group, 0, &[Rule::GroupChatClosed]);
        }
    }
}

#[test]
fn row_36_a_thread_that_another_app_has_is_left_to_it_until_it_falls_idle() {
    let ours = PageStepKind::Connected { app: AppId::parse("77").unwrap() };
    let world = |history: &[Event]| World::new(P2026, history).with_page(std::slice::from_ref(&ours));
    let intent = bot(Purpose::Conversation);
    let taken = [heard(at(0), message()), heard(at(10), passed_to("99"))];
    let decision = world(&taken).blocks(&intent, 11, &[Rule::ThreadNotOurs]);
    assert_eq!(decision.remedies, [Remedy::ThreadPassed, Remedy::After(at(10 + DAY_MS))]);
    let back = [taken[0].clone(), taken[1].clone(), heard(at(20), passed_to("77"))];
    world(&back).allows(&intent, 21, Route::Response);
    // The person keeps it busy, and we only stand by.
    let busy = [taken[0].clone(), taken[1].clone(), stood_by(at(DAY_MS), message())];
    assert_eq!(world(&busy).judge(&intent, 2 * DAY_MS - 1).reason(), Some(Rule::ThreadNotOurs));
    assert_ne!(world(&busy).judge(&intent, 2 * DAY_MS).reason(), Some(Rule::ThreadNotOurs));
    // What comes to us as to the owner says that the thread is ours again; an opt-in comes to everybody.
    let idle = [taken[0].clone(), taken[1].clone(), heard(at(3 * DAY_MS), message())];
    world(&idle).allows(&intent, 3 * DAY_MS, Route::Response);
    let within = [taken[0].clone(), taken[1].clone(), heard(at(DAY_MS), opt_in())];
    world(&within).blocks(&intent, 2 * DAY_MS - 1, &[Rule::ThreadNotOurs]);
    let after = [taken[0].clone(), taken[1].clone(), heard(at(DAY_MS + 10), opt_in())];
    world(&after).allows(&intent, DAY_MS + 10, Route::Response);
    // Nobody told us who has it, but the person's message came to us as to a bystander.
    let other = stood_by(at(0), message());
    World::new(P2026, std::slice::from_ref(&other)).blocks(&intent, 1, &[Rule::ThreadNotOurs]);
    // What was delivered both ways was ours.
    for both in [[other.clone(), heard(at(0), message())], [heard(at(0), message()), other]] {
        World::new(P2026, &both).allows(&intent, 1, Route::Response);
    }
    // Whose app we are is not known: the platform will tell.
    World::new(P2026, &taken).allows(&intent, 11, Route::Response);
}

#[test]
fn utility_templates_go_at_any_time_unless_they_promote_or_were_refused() {
    let kind = ContentKind::UtilityTemplate { name: "order_update".to_owned(), language: "de".to_owned() };
    let intent = Intent { kind, ..bot(Purpose::PostPurchase) };
    for pack in [P2025, P2026, P2026_09] {
        let world = World::new(pack, &wrote());
        world.allows(&intent, 300 * DAY_MS, Route::Utility);
        world.blocks(&Intent { is_promotional: true, ..intent.clone() }, LATER, &[Rule::PromotionInTemplate]);
        World::new(pack, &[]).blocks(&intent, LATER, &[Rule::NoUserInitiation]);
    }
    for pack in [P2020, P2024] {
        World::new(pack, &wrote()).blocks(&intent, 1, &[Rule::UtilityClosed]);
    }
    let refused = crate::event::TemplateStatus {
        name: Some("order_update".to_owned()),
        language: Some("de".to_owned()),
        status: "REJECTED".to_owned(),
        ..crate::event::TemplateStatus::default()
    };
    let page = crate::testing::fold_page(&[heard(at(0), crate::event::InboundKind::TemplateStatus(refused))]);
    World { page, ..World::new(P2026, &wrote()) }.blocks(&intent, 1, &[Rule::TemplateNotApproved]);
}

#[test]
fn a_feedback_form_needs_the_flag_the_template_and_a_message_within_seven_days() {
    let kind = ContentKind::FeedbackTemplate;
    let intent = Intent { kind, ..bot(Purpose::CustomerFeedback) };
    let rules = [Rule::TagNotGranted, Rule::WindowClosed, Rule::ActorNotHuman];
    World::new(P2026, &wrote()).blocks(&intent, LATER, &rules);
    let world = World::new(P2026, &wrote()).with_capability(Capability::CustomerFeedback);
    let decision = world.allows(&intent, WEEK_MS - 1, Route::Tag(Tag::CustomerFeedback));
    assert_eq!(decision.holds_until, Some(at(WEEK_MS)));
    assert!(world.judge(&intent, WEEK_MS).findings.iter().any(|finding| finding.rule == Rule::TagTooLate));
    world.is_helped(&Intent { kind: ContentKind::Message, ..intent.clone() }, LATER, Remedy::AsTemplate);
    let of_2020 = World::new(P2020, &wrote()).with_capability(Capability::CustomerFeedback);
    assert!(of_2020.judge(&intent, LATER).findings.iter().any(|finding| finding.rule == Rule::TagRetired));
}

#[test]
fn opting_out_beats_an_open_window_but_a_question_may_be_answered() {
    let said = |ms, kind| Event::Consent(Consent { at: at(ms), kind, by: ConsentBy::Word });
    let mut history = vec![heard(at(0), message()), said(0, ConsentKind::OptedOut)];
    for intent in [bot(Purpose::Promotion), broadcast(Purpose::Conversation)] {
        World::new(P2026, &history).blocks(&intent, 1, &[Rule::OptedOut]);
        World::new(P2026, &history).is_helped(&intent, 1, Remedy::PersonResumes);
    }
    // That the person is left alone from now on may be confirmed.
    World::new(P2026, &history).allows(&bot(Purpose::Conversation), 1, Route::Response);
    let later = World::new(P2026, &history).judge(&staff(Purpose::Conversation), DAY_MS);
    assert_eq!(later.reason(), Some(Rule::OptedOut));
    history.push(said(5, ConsentKind::OptedIn));
    World::new(P2026, &history).allows(&bot(Purpose::Promotion), 6, Route::Update);
}

#[test]
fn a_refusal_names_everything_in_the_way_and_not_the_first_alone() {
    let off = PageStepKind::MessagingSwitched { is_on: false };
    let refused = PageStepKind::Refused { code: 368, subcode: 0 };
    let world = World::new(P2026, &wrote()).with_page(&[off, refused]);
    let rules =
        [Rule::MessagingDisabled, Rule::PageRestricted, Rule::TagRetired, Rule::WindowClosed, Rule::ActorNotHuman];
    world.blocks(&of_event(bot(Purpose::ConfirmedEvent)), DAY_MS / 2, &rules[..2]);
    let world = World::new(P2026, &wrote()).with_page(&[PageStepKind::MessagingSwitched { is_on: false }]);
    let without_restriction = [rules[0], rules[2], rules[3], rules[4]];
    world.blocks(&of_event(bot(Purpose::ConfirmedEvent)), LATER, &without_restriction);
}
