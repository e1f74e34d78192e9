//! What an action needs, and what bars it.

use super::*;
use crate::conversation::Conversation;
use crate::decision::{Actor, Purpose};
use crate::erasure::begin;
use crate::event::{Consent, ConsentBy, ConsentKind, Event, PageStepKind};
use crate::page::Page;
use crate::testing::{PACKS, at, fold, fold_page, heard, message, page, page_step, passed_to};
use crate::time::Span;

const HOUR_MS: i64 = Span::from_hours(1).as_millis();

#[track_caller]
fn rules(state: &Conversation, known: &Page, now_ms: i64) -> Vec<Rule> {
    let (page_id, intent) = (page(), Intent::new(Actor::Bot, Purpose::Conversation));
    let facts = Facts::new(&page_id, known, state);
    let decision = action(&PACKS, &facts, &intent, at(now_ms));
    assert_eq!(decision.verdict == Verdict::Blocked, !decision.findings.is_empty());
    assert_eq!(decision.remedies.is_empty(), decision.findings.is_empty());
    decision.findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn an_action_needs_a_person_who_began_and_no_window() {
    let page = Page::default();
    assert_eq!(rules(&Conversation::default(), &page, 0), [Rule::NoUserInitiation]);
    let state = fold(&[heard(at(0), message())]);
    for now_ms in [0, 23 * HOUR_MS, 400 * 24 * HOUR_MS] {
        assert_eq!(rules(&state, &page, now_ms), []);
    }
}

#[test]
fn whoever_opted_out_is_left_alone_even_where_an_answer_is_allowed() {
    let consent = |kind, ms| Event::Consent(Consent { kind, at: at(ms), by: ConsentBy::Word });
    let said = [heard(at(0), message()), consent(ConsentKind::OptedOut, 0), heard(at(1), message())];
    assert_eq!(rules(&fold(&said), &Page::default(), 2), [Rule::OptedOut]);
    let resumed = [said.as_slice(), &[consent(ConsentKind::OptedIn, 3)]].concat();
    assert_eq!(rules(&fold(&resumed), &Page::default(), 4), []);
}

#[test]
fn whoever_was_erased_is_left_alone_until_they_write() {
    let wrote = [heard(at(0), message())];
    let erased = [wrote.to_vec(), begin(&fold(&wrote), at(5))].concat();
    assert_eq!(rules(&fold(&erased), &Page::default(), 6), [Rule::RecipientSuppressed]);
    let back = [erased.as_slice(), &[heard(at(7), message())]].concat();
    assert_eq!(rules(&fold(&back), &Page::default(), 8), []);
}

#[test]
fn what_bars_every_message_bars_actions() {
    let off = page_step(at(0), PageStepKind::MessagingSwitched { is_on: false });
    let state = fold(&[heard(at(0), message())]);
    assert_eq!(rules(&state, &fold_page(&[off]), 1), [Rule::MessagingDisabled]);
    let ours = page_step(at(0), PageStepKind::Connected { app: crate::id::AppId::parse("4004").unwrap() });
    let passed = fold(&[heard(at(0), message()), heard(at(1), passed_to("5005"))]);
    assert_eq!(rules(&passed, &fold_page(&[ours]), 2), [Rule::ThreadNotOurs]);
}
