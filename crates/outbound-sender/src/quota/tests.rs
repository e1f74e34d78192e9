//! Counting by two processes that share a database.

use super::known::People;
use super::*;
use domain::conversation::Opening;
use domain::id::{PersonKey, StreamId};
use domain::pack::{BUILT_IN, Pack};
use domain::quota::Means;
use secrecy::SecretString;
use service_kit::ManualClock;
use sql::engaged::{self, Engaged};
use sql::{Create, Options};
use tempfile::TempDir;

/// By the pack in these tests.
const PER_PERSON: u64 = 5;

struct World {
    database: Database,
    clock: Clock,
    hands: ManualClock,
    pack: Pack,
    page: PageId,
    _folder: TempDir,
}

impl World {
    /// One with so many people who wrote just now.
    async fn with_people(n: u8) -> Self {
        let folder = TempDir::new().unwrap();
        let url = SecretString::from(format!("sqlite:{}", folder.path().join("tables.db").display()));
        let options = Options { create: Create::IfMissing, ..Options::default() };
        let database = Database::open(&url, &options).await.unwrap();
        database.migrate().await.unwrap();
        let (clock, hands) = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
        let (file, text) = BUILT_IN[4];
        let text = text.replace("app_calls_per_engaged_person = 200", "app_calls_per_engaged_person = 5");
        let pack = Pack::parse(file, &text).unwrap();
        let world = Self { database, clock, hands, pack, page: PageId::parse("1001").unwrap(), _folder: folder };
        world.hear(0..n).await;
        world
    }

    async fn hear(&self, people: impl Iterator<Item = u8>) {
        let streams: Vec<_> =
            people.map(|n| StreamId::Conversation(self.page.clone(), PersonKey::from_bytes([n; 16]))).collect();
        let (page, means, at) = (&self.page, Means::Acted(Opening::Message), self.clock.now());
        let rows: Vec<_> = streams.iter().map(|stream| Engaged { stream, page, means, at }).collect();
        let mut transaction = self.database.begin().await.unwrap();
        engaged::put(&mut transaction, &rows).await.unwrap();
        transaction.commit().await.unwrap();
    }

    fn process(&self) -> Calls {
        Calls::new(self.database.clone(), self.clock.clone(), &Ids::random())
    }

    /// A process that has read what others used.
    async fn knowing(&self) -> Calls {
        let calls = self.process();
        calls.read(&self.page, &self.pack, People::Known).await.unwrap();
        calls
    }

    fn call(&self, calls: &Calls, times: u64) {
        for _ in 0..times {
            calls.0.begins(&self.page);
        }
    }

    fn used(&self, calls: &Calls) -> u64 {
        calls.usage(&self.page).unwrap().used
    }
}

#[tokio::test]
async fn a_process_that_begins_goes_on_from_what_others_told() {
    let world = World::with_people(4).await;
    let (first, second) = (world.knowing().await, world.knowing().await);
    world.call(&first, 3);
    world.call(&second, 5);
    first.tell().await.unwrap();
    second.tell().await.unwrap();
    // Telling twice counts once.
    world.call(&second, 1);
    second.tell().await.unwrap();
    first.tell().await.unwrap();
    let third = world.knowing().await;
    assert_eq!(world.used(&third), 9);
    assert_eq!(world.used(&second), 6);
    second.read(&world.page, &world.pack, People::Known).await.unwrap();
    assert_eq!(world.used(&second), 9);
    world.hands.set(CALLS.end(CALLS.bucket(world.clock.now())));
    assert_eq!(world.used(&third), 0);
}

#[tokio::test]
async fn each_class_stops_at_its_share_and_calls_under_way_keep_their_places() {
    let world = World::with_people(4).await;
    let calls = world.knowing().await;
    let all = PER_PERSON * 4;
    world.call(&calls, all * 4 / 5 - 1);
    let place = calls.reserve(&world.page, Class::Broadcast).unwrap();
    let soon = world.clock.now().plus(SOON);
    assert_eq!(calls.reserve(&world.page, Class::Broadcast).unwrap_err(), soon);
    drop(place);
    drop(calls.reserve(&world.page, Class::Broadcast).unwrap());
    world.call(&calls, 1);
    let free = CALLS.end(CALLS.bucket(world.clock.now()));
    assert_eq!(calls.reserve(&world.page, Class::Broadcast).unwrap_err(), free);
    let stopped = || Class::ALL.map(|class| calls.is_stopped(&world.page, class));
    assert_eq!(stopped(), [false, false, true]);
    world.call(&calls, 3);
    assert_eq!(stopped(), [false, true, true]);
    assert!(calls.reserve(&world.page, Class::Person).is_ok());
    world.call(&calls, 1);
    assert_eq!((stopped(), calls.most_used()), ([true, true, true], 100));
    world.hands.set(free);
    assert_eq!((stopped(), calls.most_used()), ([false, false, false], 0));
}

#[tokio::test]
async fn a_call_that_never_left_is_used_neither_here_nor_elsewhere() {
    let world = World::with_people(1).await;
    let calls = world.knowing().await;
    world.call(&calls, 2);
    calls.tell().await.unwrap();
    let at = calls.0.begins(&world.page);
    calls.0.never_left(&world.page, at);
    calls.0.never_left(&world.page, at);
    calls.tell().await.unwrap();
    assert_eq!((world.used(&calls), world.used(&world.knowing().await)), (1, 1));
}

#[tokio::test]
async fn a_turn_counts_what_is_under_way_once() {
    let world = World::with_people(2).await;
    let calls = world.knowing().await;
    let (page, now) = (&world.page, world.clock.now());
    // Eight for broadcasts: four are used, and one is under way.
    world.call(&calls, 4);
    let mut place = calls.reserve(page, Class::Broadcast).unwrap();
    assert_eq!(calls.turn(page, Class::Broadcast, 3, now), None);
    let free = CALLS.end(CALLS.bucket(now));
    assert_eq!(calls.turn(page, Class::Broadcast, 4, now), Some(free));
    place.begins();
    world.call(&calls, 1);
    assert_eq!(calls.turn(page, Class::Broadcast, 3, now), None);
    assert_eq!(calls.turn(page, Class::Broadcast, 4, now), Some(free));
    assert_eq!(calls.turn(page, Class::Person, 4, now), None);
    // It has its place once: three more fit beside it.
    let beside = [(); 3].map(|()| calls.reserve(page, Class::Broadcast).unwrap());
    assert!(calls.reserve(page, Class::Broadcast).is_err());
    drop((place, beside));
    assert_eq!(calls.turn(page, Class::Broadcast, 3, now), Some(free));
}

#[tokio::test]
async fn people_bring_calls_until_their_windows_close() {
    let world = World::with_people(3).await;
    let calls = world.knowing().await;
    let all = async || {
        calls.read(&world.page, &world.pack, People::Known).await.unwrap();
        calls.usage(&world.page).unwrap().quota.calls()
    };
    assert_eq!(all().await, 3 * PER_PERSON);
    world.hands.advance(Span::from_hours(12));
    world.hear(2..7).await;
    assert_eq!(all().await, 7 * PER_PERSON);
    world.hands.advance(Span::from_millis(Span::from_hours(12).as_millis() - 1));
    assert_eq!(all().await, 7 * PER_PERSON);
    world.hands.advance(Span::from_millis(1));
    assert_eq!(all().await, 5 * PER_PERSON);
    world.hands.advance(Span::from_hours(12));
    assert_eq!(all().await, PER_PERSON);
}

#[tokio::test]
async fn nothing_is_held_up_while_the_table_of_people_is_filled() {
    let world = World::with_people(2).await;
    let calls = world.process();
    let all = async |people| {
        calls.read(&world.page, &world.pack, people).await.unwrap();
        calls.usage(&world.page).unwrap().quota.people
    };
    assert!(all(People::MayLack).await > 1_000_000);
    assert_eq!(all(People::Known).await, 2);
    world.hands.advance(Span::from_hours(25));
    assert_eq!(all(People::MayLack).await, 2);
    assert_eq!(all(People::Known).await, 0);
}

#[tokio::test]
async fn private_replies_are_counted_on_by_whoever_takes_the_page_over() {
    let world = World::with_people(1).await;
    let first = world.knowing().await;
    for _ in 0..2 {
        first.reply(&world.page, 3).unwrap().left();
    }
    // Dropped before it left.
    drop(first.reply(&world.page, 3).unwrap());
    first.tell().await.unwrap();
    let second = world.knowing().await;
    second.reply(&world.page, 3).unwrap().left();
    let free = REPLIES.end(REPLIES.bucket(world.clock.now()));
    assert_eq!(second.reply(&world.page, 3).unwrap_err(), free);
    world.hands.set(free.plus(Span::from_millis(-1)));
    assert_eq!(second.reply(&world.page, 3).unwrap_err(), free);
    world.hands.set(free);
    assert!(second.reply(&world.page, 3).is_ok());
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later_and_what_is_past_is_deleted() {
    let world = World::with_people(1).await;
    let folder = TempDir::new().unwrap();
    let url = SecretString::from(format!("sqlite:{}", folder.path().join("tables.db").display()));
    let empty = Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await.unwrap();
    let calls = Calls::new(empty.clone(), world.clock.clone(), &Ids::random());
    world.call(&calls, 2);
    calls.tell().await.unwrap_err();
    world.call(&calls, 1);
    empty.migrate().await.unwrap();
    calls.tell().await.unwrap();
    let beginning = Timestamp::from_millis(0);
    let told = async || calls::of_others(&empty, &world.page, "nobody", (beginning, beginning)).await.unwrap();
    assert_eq!(told().await.iter().map(|count| count.n).collect::<Vec<_>>(), [3]);
    world.hands.set(CALLS.end(CALLS.bucket(world.clock.now())).plus(Span::from_secs(600)));
    Calls::new(empty.clone(), world.clock.clone(), &Ids::random()).tell().await.unwrap();
    assert_eq!(told().await, []);
}
