//! What becomes of a Page: its toggle, what it has, and how the platform stands to it.

use super::{Health, Page, concerns_page, ended};
use crate::decision::Capability;
use crate::event::{Concern, Event, InboundKind, Outcome, PageStepKind, PolicyAction, PolicyEnforcement};
use crate::pack::Restrictions;
use crate::testing::{DAY_MS, at, built_in, fold_page, heard, page_step, requested, sent, settled, told};

fn ladder() -> Restrictions {
    built_in(3).restrictions().clone()
}

fn enforced(ms: i64, action: PolicyAction) -> Event {
    heard(at(ms), InboundKind::PolicyEnforcement(PolicyEnforcement { action, reason: None }))
}

fn refused(ms: i64, code: i64, subcode: i64) -> Event {
    page_step(at(ms), PageStepKind::Refused { code, subcode })
}

#[track_caller]
fn restricted_until(page: &Page, now_ms: i64) -> Option<i64> {
    match page.health(&ladder(), at(now_ms)) {
        Health::Restricted(found) => Some(found.until.since(at(0)).as_millis()),
        Health::Well | Health::Warned(_) => None,
    }
}

#[test]
fn of_a_page_that_nothing_is_known_of_messaging_is_on_and_nothing_is_against_it() {
    let page = Page::default();
    assert_eq!((page.messaging_off(), page.health(&ladder(), at(0))), (None, Health::Well));
    assert_eq!(page.capability(Capability::HumanAgent), None);
}

#[test]
fn each_restriction_lasts_a_step_of_the_ladder_longer_and_the_last_step_stays() {
    let mut history = Vec::new();
    let mut begun = 0;
    for days in [1, 2, 3, 7, 7] {
        history.push(refused(begun, 368, 0));
        let end = begun + days * DAY_MS;
        assert_eq!(restricted_until(&fold_page(&history), begun), Some(end));
        assert_eq!(restricted_until(&fold_page(&history), end - 1), Some(end));
        assert_eq!(restricted_until(&fold_page(&history), end), None);
        begun = end + 5;
    }
    // After a quiet time it begins anew.
    let later = begun + 91 * DAY_MS;
    history.push(refused(later, 368, 0));
    assert_eq!(restricted_until(&fold_page(&history), later), Some(later + DAY_MS));
}

#[test]
fn every_refusal_during_one_restriction_is_the_same_restriction() {
    let history: Vec<_> = (0..20).map(|n| refused(n * 1_000, 10, 1_893_063)).collect();
    assert_eq!(restricted_until(&fold_page(&history), 20_000), Some(DAY_MS));
}

#[test]
fn the_platforms_word_ends_a_restriction_before_the_ladder_does() {
    let history = [enforced(0, PolicyAction::Block), enforced(500, PolicyAction::Unblock)];
    let page = fold_page(&history);
    assert_eq!((restricted_until(&page, 499), restricted_until(&page, 500)), (Some(500), None));
    assert!(matches!(page.health(&ladder(), at(500)), Health::Warned(_)));
    // Told in another order, it is the same.
    let turned = fold_page(&[history[1].clone(), history[0].clone()]);
    assert_eq!(restricted_until(&turned, 500), None);
}

#[test]
fn a_warning_is_remembered_for_as_long_as_the_pack_says() {
    for warning in [enforced(0, PolicyAction::Warning), refused(0, 613, 2_018_338)] {
        let page = fold_page(&[warning]);
        assert!(matches!(page.health(&ladder(), at(90 * DAY_MS - 1)), Health::Warned(_)));
        assert_eq!(page.health(&ladder(), at(90 * DAY_MS)), Health::Well);
    }
}

#[test]
fn a_fact_that_is_delivered_again_restricts_no_longer() {
    let kind = || InboundKind::PolicyEnforcement(PolicyEnforcement { action: PolicyAction::Block, reason: None });
    let once = told(1, at(0), at(0), kind());
    let again = told(1, at(0), at(5 * DAY_MS), kind());
    assert_eq!(restricted_until(&fold_page(&[once.clone(), again.clone(), again]), 5), Some(DAY_MS));
    assert_eq!(restricted_until(&fold_page(&[once]), 5), Some(DAY_MS));
}

#[test]
fn only_errors_about_the_whole_page_concern_it() {
    assert!(concerns_page(10, 1_893_063) && concerns_page(368, 7) && concerns_page(613, 2_018_338));
    for (code, subcode) in [(10, 2_018_278), (551, 0), (613, 0), (100, 0)] {
        assert!(!concerns_page(code, subcode));
        assert_eq!(fold_page(&[refused(0, code, subcode)]).health(&ladder(), at(1)), Health::Well);
    }
}

#[test]
fn a_restriction_is_told_of_once_a_minute_and_a_warning_that_is_not_later_says_nothing() {
    let page = fold_page(&[refused(0, 368, 0), refused(0, 613, 2_018_338)]);
    for (ms, code, subcode, is_known) in [
        (-1, 368, 0, false),
        (0, 368, 0, true),
        (59_999, 10, 1_893_063, true),
        (60_000, 368, 0, false),
        (-DAY_MS, 613, 2_018_338, true),
        (60_000, 613, 2_018_338, false),
    ] {
        assert_eq!(page.knows_refusal(at(ms), code, subcode), is_known, "{code} at {ms}");
    }
    assert!(!Page::default().knows_refusal(at(0), 368, 0));
}

#[test]
fn the_end_of_a_send_says_what_people_and_the_platform_think_of_the_page() {
    let end = |outcome| settled(1, at(5), 1, outcome);
    let rejected = |code, subcode| end(Outcome::Rejected { code, subcode, concern: Concern::Message });
    let told = |event: &Event| ended(event).map(|ended| (ended.is_block(), ended.of_page().map(|step| step.kind)));
    assert_eq!(told(&end(sent("m"))), Some((Some(false), None)));
    assert_eq!(told(&rejected(551, 0)), Some((Some(true), None)));
    assert_eq!(told(&rejected(100, 0)), Some((None, None)));
    for (code, subcode) in [(368, 1), (2_022, 0), (10, 1_893_063), (613, 2_018_338)] {
        assert_eq!(told(&rejected(code, subcode)), Some((None, Some(PageStepKind::Refused { code, subcode }))));
    }
    for event in [end(Outcome::Unknown), end(Outcome::Unresolved), requested(1, at(0))] {
        assert_eq!(told(&event), None);
    }
}

#[test]
fn a_block_rate_is_crossed_once_each_way() {
    let limit = built_in(4).block_rate();
    let crossed = |is_above, sends, blocks| PageStepKind::BlockRateCrossed { is_above, sends, blocks };
    let well = Page::default();
    assert_eq!((well.weigh(limit, 99, 99), well.weigh(limit, 1_000, 20)), (None, None));
    assert_eq!(well.weigh(limit, 1_000, 21), Some(crossed(true, 1_000, 21)));
    let above = fold_page(&[page_step(at(0), crossed(true, 1_000, 21))]);
    assert_eq!(above.weigh(limit, 1_000, 21), None);
    assert_eq!(above.weigh(limit, 1_000, 20), Some(crossed(false, 1_000, 20)));
    // A pack without a limit lifts what another said.
    assert_eq!((above.weigh(None, 9, 9), well.weigh(None, 9, 9)), (Some(crossed(false, 9, 9)), None));
}

#[test]
fn the_last_word_on_the_block_rate_counts() {
    let crossed = |ms, is_above| page_step(at(ms), PageStepKind::BlockRateCrossed { is_above, sends: 100, blocks: 3 });
    assert_eq!(Page::default().block_rate_above(), None);
    assert_eq!(fold_page(&[crossed(5, true)]).block_rate_above().map(|fact| fact.at), Some(at(5)));
    assert_eq!(fold_page(&[crossed(5, true), crossed(6, false)]).block_rate_above(), None);
}
