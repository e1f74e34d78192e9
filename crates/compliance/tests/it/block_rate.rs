//! How often people block a Page when it writes.

use crate::sandbox::{NOON, Sandbox, after};
use api::proto::compliance::v1::{GetPageHealthRequest, OverrideRulePackRequest, PageHealth};
use compliance::watch_block_rates;
use domain::event::{Event, Outcome, PageStepKind};
use domain::id::{Mid, StreamId};
use event_log::{EventLog, Filter};
use sql::{Derived, page_counts};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

impl Sandbox {
    async fn told_now(&self) -> PageHealth {
        let request = GetPageHealthRequest { name: "pages/1001".to_owned(), at_time: None };
        self.compliance.clone().get_page_health(request).await.unwrap().into_inner()
    }

    async fn until_above(&self, is_above: bool) -> PageHealth {
        testkit::eventually(PATIENCE, || async {
            let health = self.told_now().await;
            (health.block_rate_above_time.is_some() == is_above).then_some(health)
        })
        .await
    }

    async fn crossings(&self) -> Vec<(bool, u64, u64)> {
        let stored = self.log.read(&StreamId::Page(Self::page()), 0).await.unwrap();
        let events = stored.into_iter().flat_map(|stored| stored.record.events);
        let crossing = |event| {
            let Event::Page(step) = event else { return None };
            let PageStepKind::BlockRateCrossed { is_above, sends, blocks } = step.kind else { return None };
            Some((is_above, sends, blocks))
        };
        events.filter_map(crossing).collect()
    }

    async fn until_counted(&self, sends: u64) -> PageHealth {
        testkit::eventually(PATIENCE, || async {
            let health = self.told_now().await;
            (health.block_rate?.sends == sends).then_some(health)
        })
        .await
    }

    async fn own(&self, overrides: &str) {
        let (name, overrides) = ("pages/1001".to_owned(), overrides.to_owned());
        let request = OverrideRulePackRequest { name, overrides, ..Default::default() };
        self.compliance.clone().override_rule_pack(request).await.unwrap();
    }

    async fn ten_sends_of_which_one_is_blocked(&self) {
        for n in 1..=9 {
            self.settled(n, NOON, Outcome::Sent { mid: Mid::parse(&format!("m-{n}")).unwrap() }).await;
        }
        self.rejected(10, NOON, 551, 0).await;
        // Refused for another reason: it says nothing of what people want.
        self.rejected(11, NOON, 100, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_and_blocks_are_told_beside_the_limit_and_crossing_it_once_each_way() {
    let sandbox = Sandbox::start().await.with_block_rates().with_block_rates();
    sandbox.ten_sends_of_which_one_is_blocked().await;
    let health = sandbox.until_counted(10).await;
    let rate = health.block_rate.unwrap();
    assert_eq!((rate.blocks, rate.per_mille, rate.span.unwrap().seconds), (1, 100, 86_400));
    let limit = rate.limit.unwrap();
    assert_eq!((limit.per_mille, limit.least_sends), (20, 100));
    assert!(health.block_rate_above_time.is_none());

    sandbox.own("[block_rate]\nleast_sends = 10\n").await;
    assert_eq!(sandbox.until_above(true).await.block_rate.unwrap().limit.unwrap().least_sends, 10);
    // A day later nothing of it counts any more.
    sandbox.hands.set(after(24, 0));
    sandbox.until_above(false).await;
    assert_eq!(sandbox.crossings().await, [(true, 10, 1), (false, 0, 0)]);
    assert_eq!(sandbox.told_now().await.block_rate.unwrap().sends, 0);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_09_counts_that_are_filled_anew_are_the_same_and_tell_nothing_again() {
    let sandbox = Sandbox::start().await.with_block_rates();
    sandbox.own("[block_rate]\nleast_sends = 2\n").await;
    sandbox.ten_sends_of_which_one_is_blocked().await;
    sandbox.until_counted(10).await;
    sandbox.until_above(true).await;
    let database = sandbox.deps.database.clone().unwrap();
    for _ in 0..3 {
        database.drop_derived(Derived::PageCounts).await.unwrap();
        sandbox.until_counted(10).await;
    }
    let crossed = sandbox.crossings().await;
    assert!(crossed.iter().all(|(is_above, ..)| *is_above) && crossed.len() == 1, "{crossed:?}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_holds_a_part_of_what_was_sent_tells_nothing() {
    let sandbox = Sandbox::start().await;
    sandbox.own("[block_rate]\nleast_sends = 2\n").await;
    sandbox.ten_sends_of_which_one_is_blocked().await;
    // As if it were just being filled: the block is counted, the sends are not yet.
    let database = sandbox.deps.database.clone().unwrap();
    let mut filling = database.begin().await.unwrap();
    for _ in 0..2 {
        page_counts::count(&mut filling, &Sandbox::page(), NOON, page_counts::Counted { sends: 1, blocks: 1 })
            .await
            .unwrap();
    }
    filling.commit().await.unwrap();
    let stop = CancellationToken::new();
    let mut watching = JoinSet::new();
    watching.spawn(watch_block_rates(sandbox.deps.clone(), database, stop.clone()));
    // The log tells twice a second that nothing came: in the time of six it is looked more than once.
    let mut beats = sandbox.log.follow(Filter::default(), sandbox.log.head().await.unwrap()).await.unwrap();
    for _ in 0..6 {
        beats.next().await.unwrap();
    }
    assert_eq!(sandbox.crossings().await, []);
    stop.cancel();
    watching.join_next().await.unwrap().unwrap();
    sandbox.stop().await;
}
