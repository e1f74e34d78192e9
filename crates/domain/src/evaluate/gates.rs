//! What stands in the way of every message, whatever way it could take.

use super::look::{Look, bare};
use crate::decision::{Actor, Finding, Purpose, Remedy};
use crate::pack::Rule;
use crate::page::Health;
use crate::time::Timestamp;

/// Notes everything that bars the message; answers whether anything does.
pub(super) fn bar(look: &mut Look<'_>) -> bool {
    messaging(look);
    restricted(look);
    suppressed(look);
    unavailable(look);
    opted_out(look);
    thread(look);
    !look.findings.is_empty()
}

fn messaging(look: &mut Look<'_>) {
    if let Some(fact) = look.facts.page.messaging_off() {
        look.against(Finding { facts: vec![fact.record], ..bare(Rule::MessagingDisabled) });
        look.helps(Remedy::MessagingOn);
    }
}

fn restricted(look: &mut Look<'_>) {
    if let Health::Restricted(found) = look.facts.page.health(look.pack.restrictions(), look.now) {
        if look.pack.restrictions().may_try.lets(&look.intent.actor) {
            return;
        }
        let span = Some((found.fact.at, found.until));
        look.against(Finding { facts: vec![found.fact.record], span, ..bare(Rule::PageRestricted) });
        look.helps(Remedy::After(found.until));
        look.edges.insert(found.until);
    }
}

fn suppressed(look: &mut Look<'_>) {
    if look.is_suppressed() {
        look.against(bare(Rule::RecipientSuppressed));
        look.helps(Remedy::PersonWrites);
    }
}

/// Whoever acts again can be reached again.
fn unavailable(look: &mut Look<'_>) {
    // An answer to a comment may have met it first.
    let told = [look.person(), look.facts.conversation].map(|state| state.reach().unavailable());
    let Some(since) = told.into_iter().flatten().max() else { return };
    if look.last_action().is_none_or(|action| action.at <= since) {
        look.against(bare(Rule::RecipientUnavailable));
        look.helps(Remedy::PersonActs);
    }
}

/// Whoever wants no messages may still ask something, and is answered.
fn opted_out(look: &mut Look<'_>) {
    let Some(since) = look.person().reach().opted_out() else { return };
    let answers = match look.intent.actor {
        Actor::Human(_) | Actor::AiAssistedHuman(_) | Actor::Bot => true,
        Actor::Automation | Actor::Broadcast => false,
    };
    let is_answer = answers && look.intent.purpose == Purpose::Conversation && !look.intent.promotes();
    let is_asked = look.windows().into_iter().any(|window| look.is_open(window) && window.fact.at >= since);
    if !(is_answer && is_asked) || look.intent.kind.ask().is_some() {
        look.against(bare(Rule::OptedOut));
        look.helps(Remedy::PersonResumes);
    }
}

/// Another app keeps the thread for as long as anything happens in it, and a while longer; then nobody has it.
fn thread(look: &mut Look<'_>) {
    let Some(fact) = look.person().reach().had_by_another(look.facts.page.app()) else { return };
    let kept = look.pack.thread_control();
    let mut end: Timestamp = fact.at.plus(kept);
    // What the person did after that, and nobody said whose thread it was.
    if let Some(action) = look.last_action().filter(|action| action.at > fact.at) {
        if action.at >= end {
            return;
        }
        end = action.at.plus(kept);
    }
    if look.now < end {
        let finding = Finding { facts: vec![fact.record], span: Some((fact.at, end)), ..bare(Rule::ThreadNotOurs) };
        look.against(finding);
        look.helps(Remedy::ThreadPassed);
        look.helps(Remedy::After(end));
        look.edges.insert(end);
    }
}
