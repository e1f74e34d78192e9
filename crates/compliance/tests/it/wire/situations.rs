//! Ten thousand situations, each judged by both.

use super::compare::Tally;
use super::crowd::{Crowd, Difference, Plan};
use api::proto::compliance::v1::Route;
use domain::pack::{Packs, Rule};
use domain::time::Timestamp;
use tokio::task::JoinSet;

/// When each world begins, and what it is to come past: the packs' own instants, and those of single rules in them.
const BEGINNINGS: [(&str, &[&str]); 8] = [
    ("2020-06-01T12:00:00Z", &[]),
    ("2024-05-02T09:30:00Z", &["2024-05-09T00:00:00Z"]),
    ("2024-07-25T18:00:00Z", &["2024-07-31T00:00:00Z"]),
    ("2025-06-27T07:00:00Z", &["2025-07-01T00:00:00Z"]),
    ("2025-08-27T21:00:00Z", &["2025-09-01T00:00:00Z"]),
    ("2026-02-05T12:00:00Z", &["2026-02-10T00:00:00Z"]),
    ("2026-04-22T05:00:00Z", &["2026-04-27T00:00:00Z"]),
    ("2026-09-23T12:00:00Z", &["2026-09-28T00:00:00Z"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compliance_and_the_platform_agree_on_ten_thousand_situations() {
    let mut worlds = JoinSet::new();
    for (n, (begins, landmarks)) in (0..).zip(BEGINNINGS) {
        let landmarks = landmarks.iter().map(|landmark| moment(landmark)).collect();
        let plan = Plan { landmarks, ..plan(7 + n, begins) };
        worlds.spawn(async move { Crowd::gather(plan).await.run().await });
    }
    // Pages that are pinned to a pack, on a platform that knows no other.
    for (seed, begins, name) in
        [(21, "2026-11-01T00:00:00Z", "messenger-2020"), (22, "2025-06-20T06:00:00Z", "messenger-2026-09")]
    {
        let packs = Packs::built_in();
        let (pack, _) = packs.all().find(|(pack, _)| pack.reference().name == name).unwrap();
        let (pinned, packs) = (Some(pack.reference().clone()), Some(vec![pack.text().to_owned()]));
        let plan = Plan { pinned, packs, ..plan(seed, begins) };
        worlds.spawn(async move { Crowd::gather(plan).await.run().await });
    }
    let mut tally = Tally::default();
    let mut differences = Vec::new();
    for (met, found) in worlds.join_all().await {
        tally.add(met);
        differences.extend(found);
    }
    agree(&differences);
    assert!(tally.n >= 10_000, "{} situations", tally.n);
    let missing = tally.missing();
    assert!(missing.is_empty(), "never met: {missing:?} in {:?}", tally.reasons);
}

/// A world of some size, in which both judge by the same rules.
pub(super) fn plan(seed: u64, begins: &str) -> Plan {
    Plan {
        seed,
        n_pages: 8,
        n_people: 13,
        n_rounds: 10,
        at: moment(begins),
        landmarks: Vec::new(),
        packs: None,
        pinned: None,
        overrides: None,
        ends_late: true,
    }
}

/// Fails with all that differs, as far as anybody wants to read it.
#[track_caller]
pub(super) fn agree(differences: &[Difference]) {
    let shown: Vec<_> = differences.iter().take(2000).map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), shown.join("\n"));
}

pub(super) fn moment(text: &str) -> Timestamp {
    api::convert::parse_rfc3339(text).unwrap()
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.n += other.n;
        other.routes.into_iter().for_each(|(route, n)| *self.routes.entry(route).or_default() += n);
        other.reasons.into_iter().for_each(|(rule, n)| *self.reasons.entry(rule).or_default() += n);
    }

    /// Ways that were never taken, and reasons that were never met.
    fn missing(&self) -> Vec<String> {
        let route = |n: &i32| Route::try_from(*n).is_ok_and(|route| route != Route::Unspecified);
        let routes = (0..64).filter(route).filter(|n| !self.routes.contains_key(n));
        let routes = routes.map(|n| Route::try_from(n).unwrap().as_str_name().to_owned());
        // No pack that comes with this version caps how often programs write; the platform knows nothing of it either.
        let can_be_met = |rule: &Rule| rule.forbids() && *rule != Rule::FrequencyCap;
        let rules = Rule::ALL.iter().filter(|rule| can_be_met(rule) && !self.reasons.contains_key(rule));
        routes.chain(rules.map(|rule| rule.id().to_owned())).collect()
    }
}
