//! The engine alone.

use super::by_hand::counts;
use super::logs::{embedded, jetstream};
use super::past::{CUT, Draws, PacksOnTheWay, Past};
use compliance::rehearsal::{Ended, Keep, Plan, Progress, Report, Scope, Threads, packs_at, run};
use domain::id::PageId;
use domain::pack::{BUILT_IN, Pack};
use domain::rehearsal::{Outcome, Proposed, Range};
use domain::time::Span;
use event_log::{EventLog, LogError};
use std::num::NonZero;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The pack of a number with one constant changed.
pub(crate) fn changed(pack: usize, from: &str, to: &str) -> Pack {
    let text = BUILT_IN[pack].1.replacen(from, to, 1);
    assert_ne!(text, BUILT_IN[pack].1, "the pack has that constant");
    Pack::parse("proposed", &text).unwrap()
}

fn by(pack: Pack) -> Proposed {
    Proposed::Pack(Box::new(pack))
}

fn threads(n: usize) -> Threads {
    Threads(NonZero::new(n).unwrap())
}

async fn rehearse(log: Arc<dyn EventLog>, plan: Plan, proposed: Proposed, n_threads: usize) -> Report {
    let (mut report, stop) = (Report::default(), CancellationToken::new());
    let progress = Arc::new(Progress::new(plan.n_records(), plan.n_parts));
    let with = (threads(n_threads), Arc::clone(&progress));
    let parts = 0..plan.n_parts;
    let ended = run::<LogError>(log, (plan, proposed), parts, with, (&mut report, &stop)).await.unwrap();
    assert_eq!(ended, Ended::Done);
    let seen = progress.seen();
    assert_eq!((seen.records, seen.sends), (seen.of_records, report.tally.totals().0));
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_cut_of_april_2026_the_packs_in_force_flip_nothing() {
    for seed in 0..6 {
        let place = embedded();
        let past = Past::new(place.log.identity(), seed, 300, PacksOnTheWay::Stay);
        past.keep(&*place.log).await;
        let plan = Plan::new(&*place.log, Scope::default(), 4).await.unwrap();
        let packs = packs_at(&*place.log, &plan).await.unwrap();
        let report = rehearse(place.log.clone(), plan.clone(), Proposed::InForce(Box::new(packs)), 2).await;
        let (all, to_block, to_allow) = report.tally.totals();
        assert!(all > 100, "{all} sends");
        assert_eq!((to_block, to_allow, report.samples().count()), (0, 0, 0), "seed {seed}");
        // The cut matters: by the pack before it, other sends pass than did.
        let before = rehearse(place.log.clone(), plan, by(changed(2, "\n", "\n# the same\n")), 2).await;
        assert!(before.tally.totals().2 > 0, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_constant_flips_as_many_as_are_counted_by_hand() {
    let mut flipped = 0;
    for seed in 10..22 {
        let place = embedded();
        let packs = if seed % 2 == 0 { PacksOnTheWay::Stay } else { PacksOnTheWay::Change };
        let past = Past::new(place.log.identity(), seed, 250, packs);
        past.keep(&*place.log).await;
        let mut draws = Draws(seed);
        let hours = 1 + draws.below(47);
        let proposed = changed(draws.below(5) as usize, "standard = \"24h\"", &format!("standard = \"{hours}h\""));
        let moment = |draws: &mut Draws, from: i64| {
            (draws.below(2) > 0).then(|| CUT.plus(Span::from_hours(from + draws.below(200) as i64)))
        };
        let (from, to) = (moment(&mut draws, -200), moment(&mut draws, 0));
        let page = (draws.below(2) > 0).then(|| PageId::parse("1002").unwrap());
        let scope = Scope { range: Range { from, to }, page };
        let expected = past.by_hand(&proposed, &scope);
        let plan = Plan::new(&*place.log, scope, 3).await.unwrap();
        assert_eq!(plan.n_parts, 4);
        let report = rehearse(place.log.clone(), plan, by(proposed), 3).await;
        assert_eq!(counts(&report.tally), expected, "seed {seed}");
        let (_, to_block, to_allow) = report.tally.totals();
        flipped += to_block + to_allow;
        for found in report.samples() {
            assert_ne!(found.rejudged.outcome, Outcome::Same);
        }
    }
    assert!(flipped > 60, "{flipped} flips");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_parts_and_threads_gives_the_same_on_both_logs() {
    let (place, cluster) = (embedded(), jetstream().await);
    let mut totals = Vec::new();
    for log in [place.log.clone() as Arc<dyn EventLog>, cluster] {
        let past = Past::new(log.identity(), 77, 400, PacksOnTheWay::Change);
        past.keep(&*log).await;
        let proposed = changed(1, "standard = \"24h\"", "standard = \"9h\"");
        let mut reports = Vec::new();
        for (n_parts, n_threads) in [(1, 1), (2, 2), (16, 4), (64, 3)] {
            let plan = Plan::new(&*log, Scope::default(), n_parts).await.unwrap();
            assert_eq!(usize::from(plan.n_parts), n_parts);
            reports.push(rehearse(log.clone(), plan, by(proposed.clone()), n_threads).await);
        }
        assert!(reports[0].samples().count() > 1);
        assert!(reports.iter().all(|report| *report == reports[0]), "{reports:#?}");
        assert_eq!(counts(&reports[0].tally), past.by_hand(&proposed, &Scope::default()));
        totals.push(reports[0].tally.totals());
    }
    // People have other keys in another log, and nothing else differs.
    assert_eq!(totals[0], totals[1]);
}

/// Keeps parts, and has it all stopped after some.
struct StopsAfter {
    left: usize,
    stop: CancellationToken,
    kept: Vec<(u16, Report)>,
}

impl Keep<LogError> for StopsAfter {
    async fn keep(&mut self, part: u16, report: Report) -> Result<(), LogError> {
        self.kept.push((part, report));
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.stop.cancel();
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_stopped_goes_on_behind_what_is_done_to_the_same_result() {
    let place = embedded();
    for log in [place.log.clone() as Arc<dyn EventLog>, jetstream().await] {
        let past = Past::new(log.identity(), 5, 400, PacksOnTheWay::Stay);
        past.keep(&*log).await;
        let proposed = by(changed(3, "standard = \"24h\"", "standard = \"5h\""));
        let plan = Plan::new(&*log, Scope::default(), 32).await.unwrap();
        let in_one_go = rehearse(log.clone(), plan.clone(), proposed.clone(), 2).await;
        // What comes later belongs to no rehearsal that was planned before.
        let later = Past::new(log.identity(), 6, 50, PacksOnTheWay::Stay);
        later.keep(&*log).await;
        let mut kept: Vec<(u16, Report)> = Vec::new();
        let mut n_goes = 0;
        while kept.len() < 32 {
            let stop = CancellationToken::new();
            let mut keep = StopsAfter { left: 7, stop: stop.clone(), kept: Vec::new() };
            let parts: Vec<_> = (0..32).filter(|part| kept.iter().all(|(done, _)| done != part)).collect();
            let progress = Arc::new(Progress::new(plan.n_records(), plan.n_parts));
            let with = (threads(2), progress);
            let job = (plan.clone(), proposed.clone());
            run::<LogError>(log.clone(), job, parts, with, (&mut keep, &stop)).await.unwrap();
            kept.extend(keep.kept);
            n_goes += 1;
        }
        assert!(n_goes > 2, "{n_goes} goes");
        let mut sum = Report::default();
        kept.into_iter().for_each(|(_, report)| sum.add(report));
        assert_eq!(sum, in_one_go);
    }
}
