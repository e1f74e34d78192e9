//! Holds one answer of compliance against the platform's.

use super::ledger::Became;
use super::request::{Tokens, Tried, of_reason, of_route, whom};
use super::world::{Answer, World};
use api::proto::compliance::v1::{Decision, EvaluateSendRequest, Route, Verdict};
use domain::pack::Rule;
use std::collections::BTreeMap;

/// How often each way was taken, and each reason met; a reason of the wire only counts with an error of its own.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) routes: BTreeMap<i32, usize>,
    pub(super) reasons: BTreeMap<Rule, usize>,
    pub(super) n: usize,
}

/// What the test knows of a person, and compliance may not.
#[derive(Default)]
pub(super) struct Known {
    pub(super) tokens: Tokens,
    /// The person has blocked the Page, of which no webhook tells.
    pub(super) has_blocked: bool,
}

/// The error of a person who cannot be reached.
const UNREACHABLE: Answer = Answer::Refused { code: 551, subcode: 1_545_041 };

/// What the platform did where the two agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Taken,
    Refused,
}

/// Tries what was answered.
///
/// # Errors
/// When the platform sees it otherwise: in words, without a text or a token.
pub(super) async fn compare(
    world: &mut World,
    asked: &EvaluateSendRequest,
    decision: &Decision,
    known: &Known,
    tally: &mut Tally,
) -> Result<Held, String> {
    tally.n += 1;
    match decision.verdict() {
        Verdict::Allowed => allowed(world, asked, decision, known, tally).await,
        Verdict::Blocked => blocked(world, asked, decision, known, tally),
        Verdict::Unspecified => Err("neither allowed nor blocked".to_owned()),
    }
}

/// It must be taken, unless the person did what nobody tells of.
async fn allowed(
    world: &mut World,
    asked: &EvaluateSendRequest,
    decision: &Decision,
    known: &Known,
    tally: &mut Tally,
) -> Result<Held, String> {
    let route = decision.route();
    *tally.routes.entry(route.into()).or_default() += 1;
    if matches!(route, Route::Unspecified) {
        return Err("allowed by no way".to_owned());
    }
    let Some(fields) = of_route(asked, decision, &known.tokens) else { return Ok(Held::Refused) };
    let n = u128::try_from(tally.n).unwrap();
    match world.post(whom(asked).0, "messages", &fields) {
        Answer::Taken => {
            world.settle(asked, decision, n, Became::Taken).await;
            Ok(Held::Taken)
        }
        UNREACHABLE if known.has_blocked => {
            world.settle(asked, decision, n, Became::Unreachable).await;
            Ok(Held::Refused)
        }
        Answer::Refused { code, subcode } => {
            Err(format!("{} is allowed and refused with {code}/{subcode}", route.as_str_name()))
        }
    }
}

/// Each reason that the wire can show must be refused there: with an error of its own, or of another that is met too.
fn blocked(
    world: &mut World,
    asked: &EvaluateSendRequest,
    decision: &Decision,
    known: &Known,
    tally: &mut Tally,
) -> Result<Held, String> {
    let reasons: Vec<_> = decision.findings.iter().filter(|finding| finding.forbids).collect();
    if reasons.is_empty() {
        return Err("blocked for no reason".to_owned());
    }
    let mut tried = Vec::new();
    for reason in reasons {
        let rule = Rule::from_id(&reason.rule).ok_or_else(|| format!("{} is no rule", reason.rule))?;
        tried.push((rule, of_reason(rule, asked, reason, world.now, &known.tokens)));
    }
    let errors = tried.iter().filter_map(|(_, tried)| match tried {
        Tried::Wire(_, errors) => Some(*errors),
        Tried::Ours | Tried::Elsewhere => None,
    });
    let all: Vec<_> = errors.flatten().copied().collect();
    for (rule, tried) in tried {
        let own = match tried {
            Tried::Ours | Tried::Elsewhere => {
                *tally.reasons.entry(rule).or_default() += 1;
                continue;
            }
            Tried::Wire(fields, own) => (own, world.post(whom(asked).0, "messages", &fields)),
        };
        match own {
            (_, Answer::Taken) => return Err(format!("{} refuses what is taken", rule.id())),
            (own, Answer::Refused { code, subcode }) if own.contains(&(code, subcode)) => {
                *tally.reasons.entry(rule).or_default() += 1;
            }
            (_, UNREACHABLE) if known.has_blocked => (),
            (_, Answer::Refused { code, subcode }) if all.contains(&(code, subcode)) => (),
            (_, Answer::Refused { code, subcode }) => {
                return Err(format!("{} is refused with {code}/{subcode}", rule.id()));
            }
        }
    }
    Ok(Held::Refused)
}
