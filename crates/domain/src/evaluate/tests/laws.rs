//! What holds of every decision by every pack, whatever a person did, a Page has, and somebody wants.

use super::world::World;
use crate::decision::{Actor, Capability, ContentKind, Decision, Intent, Purpose, Reference, Route, To};
use crate::event::{
    CommentVerb, Consent, ConsentBy, ConsentKind, Event, InboundKind, NotificationChange, PageStepKind, RightStep,
    RightStepKind,
};
use crate::id::AppId;
use crate::pack::{BUILT_IN, Pack, Rule};
use crate::right::Right;
use crate::testing::{
    DAY_MS, actors, ad_message, at, comment_id, commented, fold, fold_page, message, one_time, page_step, passed_to,
    postback, repeated, send_id, token_id, told,
};
use proptest::prelude::*;

const WEEK_MS: i64 = 7 * DAY_MS;

fn moment_ms() -> impl Strategy<Value = i64> {
    let edges = [0, DAY_MS / 2, DAY_MS, 2 * DAY_MS, WEEK_MS, 365 * DAY_MS];
    let near = (prop::sample::select(edges.to_vec()), -1..=1_i64).prop_map(|(edge, off)| edge + off);
    prop_oneof![3 => near, 1 => -DAY_MS..20 * DAY_MS]
}

fn fact() -> impl Strategy<Value = InboundKind> {
    let change = prop_oneof![
        3 => Just(None),
        1 => Just(Some(NotificationChange::Stop)),
        1 => Just(Some(NotificationChange::Resume))
    ];
    prop_oneof![
        4 => Just(message()),
        2 => Just(ad_message()),
        1 => Just(postback()),
        2 => prop_oneof![Just("t"), Just("u")].prop_map(|name| one_time(name, "shoes")),
        3 => change.prop_map(|change| repeated("t", "shoes", change)),
        2 => prop_oneof![4 => Just(CommentVerb::Add), 1 => Just(CommentVerb::Remove)].prop_map(|verb| commented("c", verb)),
        1 => prop_oneof![Just("77"), Just("99")].prop_map(passed_to),
    ]
}

fn right() -> impl Strategy<Value = Right> {
    let rights = [
        Right::OneTime(token_id("t")),
        Right::OneTime(token_id("u")),
        Right::Repeated(token_id("t")),
        Right::PrivateReply(comment_id("c")),
    ];
    prop::sample::select(rights.to_vec())
}

fn own() -> impl Strategy<Value = (i64, Event)> {
    let steps = prop::sample::select(vec![
        RightStepKind::Reserved,
        RightStepKind::Spent,
        RightStepKind::Released,
        RightStepKind::Dropped,
    ]);
    let step = (moment_ms(), right(), 1..3_u128, steps).prop_map(|(ms, right, send, kind)| {
        (ms, Event::Right(Box::new(RightStep { right, send: send_id(send), at: at(ms), kind })))
    });
    let wish = prop_oneof![Just(ConsentKind::OptedOut), Just(ConsentKind::OptedIn)];
    let consent = (moment_ms(), wish)
        .prop_map(|(ms, kind)| (ms, Event::Consent(Consent { at: at(ms), kind, by: ConsentBy::Word })));
    prop_oneof![4 => step, 1 => consent]
}

/// A history, most of it what the person did.
fn history() -> impl Strategy<Value = Vec<Event>> {
    let facts = prop::collection::vec((moment_ms(), fact()), 0..6);
    (facts, prop::collection::vec(own(), 0..3)).prop_map(|(facts, own)| {
        let told = (1_u128..).zip(facts).map(|(n, (ms, kind))| told(n, at(ms), at(ms), kind));
        told.chain(own.into_iter().map(|(_, event)| event)).collect()
    })
}

fn page() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![
        1 => any::<bool>().prop_map(|is_on| PageStepKind::MessagingSwitched { is_on }),
        2 => Just(PageStepKind::Connected { app: AppId::parse("77").unwrap() }),
        4 => (prop::sample::select(Capability::ALL.to_vec()), any::<bool>())
            .prop_map(|(capability, is_granted)| PageStepKind::CapabilityChanged { capability, is_granted }),
        1 => Just(PageStepKind::Refused { code: 368, subcode: 0 }),
    ];
    let steps = prop::collection::vec((moment_ms(), step), 0..3);
    steps.prop_map(|steps| steps.into_iter().map(|(ms, kind)| page_step(at(ms), kind)).collect())
}

fn intent() -> impl Strategy<Value = Intent> {
    let title = || "shoes".to_owned();
    let kinds = vec![
        ContentKind::Message,
        ContentKind::Message,
        ContentKind::Message,
        ContentKind::FeedbackTemplate,
        ContentKind::UtilityTemplate { name: title(), language: "de".to_owned() },
        ContentKind::OneTimeRequest { title: title() },
        ContentKind::RecurringRequest { title: title() },
    ];
    let to = prop_oneof![
        6 => Just(To::Person),
        3 => right().prop_map(To::Right),
        2 => Just(To::Comment(comment_id("c"))),
        1 => Just(To::Phone),
        1 => Just(To::Group)
    ];
    let reference = vec![None, Some(Reference::Event("7".to_owned())), Some(Reference::Order("42".to_owned()))];
    let words =
        (prop::sample::select(actors().to_vec()), prop::sample::select(Purpose::ALL.to_vec()), any::<[bool; 3]>());
    let parts = (prop::sample::select(reference), any::<bool>(), prop::sample::select(kinds), to);
    (words, parts).prop_map(move |((actor, purpose, [promotional, recurring, paid]), (reference, topic, kind, to))| {
        Intent {
            is_promotional: promotional,
            is_recurring: recurring,
            is_paid: paid,
            reference,
            topic: topic.then(title),
            kind,
            to,
            ..Intent::new(actor, purpose)
        }
    })
}

fn world(pack: usize, history: &[Event], page: &[Event]) -> World {
    World { page: fold_page(page), state: fold(history), ..World::new(pack, &[]) }
}

/// What makes a pack tighter: shorter spans, longer pauses, fewer ways, tags and actions. Each is a text and its
/// replacement; where the pack has no such text, it is as it was.
const TIGHTER: [(&str, &str); 20] = [
    ("standard = \"24h\"", "standard = \"12h\""),
    ("human_agent = \"7d\"", "human_agent = \"2d\""),
    ("ad_message = \"7d\"", "ad_message = \"2d\""),
    ("\nad_message = \"7d\"", ""),
    ("\npostback = \"standard\"", ""),
    ("\nmessage = \"standard\"", ""),
    ("within = \"7d\"", "within = \"1d\""),
    ("within = \"365d\"", "within = \"2d\""),
    ("cooldown = \"12h\"", "cooldown = \"3d\""),
    ("cooldown = \"24h\"", "cooldown = \"3d\""),
    ("cooldown = \"48h\"", "cooldown = \"3d\""),
    ("[routes.human_agent]\non_by_default = true", "[routes.human_agent]\non_by_default = false"),
    ("[routes.utility]\non_by_default = true\n", ""),
    ("[routes.sponsored]\non_by_default = true\n", ""),
    ("[routes.group_chat]\non_by_default = false\n", ""),
    ("[routes.recurring_exception]\non_by_default = false\n", ""),
    ("[tags.CONFIRMED_EVENT_UPDATE]\npurpose = \"confirmed_event_update\"\nneeds = \"event\"\n\n", ""),
    ("title_chars = 65", "title_chars = 4"),
    ("[asks.one_time]\n", "[asks.one_time]\nevery = \"3d\"\n"),
    ("[thread]\n", "[frequency]\nmost = 1\nwithin = \"3d\"\n\n[thread]\n"),
];

fn tightened(pack: usize, which: u32) -> Pack {
    let mut text = BUILT_IN[pack].1.to_owned();
    for (n, (loose, tight)) in TIGHTER.iter().enumerate() {
        if which >> n & 1 == 1 {
            text = text.replace(loose, tight);
        }
    }
    Pack::parse("tighter", &text).unwrap()
}

fn outcome(decision: &Decision) -> (Option<Route>, Option<&Right>) {
    (decision.route(), decision.right.as_ref())
}

proptest! {
    #[test]
    fn a_decision_holds_until_the_very_moment_that_it_names(
        pack in 0..BUILT_IN.len(),
        (history, page) in (history(), page()),
        (intent, now_ms) in (intent(), moment_ms()),
        part in 0..=1_000_i64,
    ) {
        let world = world(pack, &history, &page);
        let decision = world.judge(&intent, now_ms);
        let left_ms = decision.holds_until.map_or(800 * DAY_MS, |end| end.since(at(now_ms)).as_millis());
        prop_assert!(left_ms > 0);
        let between = world.judge(&intent, now_ms + (left_ms - 1) / 1_000 * part);
        prop_assert_eq!(outcome(&between), outcome(&decision));
        if decision.holds_until.is_some() {
            let before = world.judge(&intent, now_ms + left_ms - 1);
            prop_assert_eq!(outcome(&before), outcome(&decision));
            let after = world.judge(&intent, now_ms + left_ms);
            prop_assert_ne!(outcome(&after), outcome(&decision));
        }
    }

    #[test]
    fn invariant_05_no_pack_gives_the_staffs_way_to_anybody_else_or_inside_the_window(
        pack in 0..BUILT_IN.len(),
        (history, page) in (history(), page()),
        (intent, now_ms) in (intent(), moment_ms()),
    ) {
        let world = world(pack, &history, &page);
        if world.judge(&intent, now_ms).route() == Some(Route::HumanAgent) {
            prop_assert!(matches!(intent.actor, Actor::Human(_) | Actor::AiAssistedHuman(_)));
            prop_assert!(!intent.is_promotional && intent.purpose != Purpose::Promotion);
            let free = crate::evaluate::window_of(&world.pack, &world.state);
            prop_assert!(free.is_some_and(|(_, end)| end <= at(now_ms)));
        }
    }

    #[test]
    fn no_right_is_taken_up_while_the_window_is_open_or_that_another_send_holds(
        pack in 0..BUILT_IN.len(),
        (history, page) in (history(), page()),
        (intent, now_ms) in (intent(), moment_ms()),
    ) {
        let world = world(pack, &history, &page);
        let decision = world.judge(&intent, now_ms);
        let free = crate::evaluate::window_of(&world.pack, &world.state).is_some_and(|(_, end)| at(now_ms) < end);
        match &decision.right {
            None => (),
            Some(Right::PrivateReply(_)) => {
                let reply = world.state.rights().reply(&comment_id("c")).unwrap();
                prop_assert!(reply.used.is_over_since().is_none() && reply.used.held_by().is_none());
            }
            Some(Right::OneTime(id)) => {
                let used = &world.state.rights().one_time(*id).unwrap().used;
                prop_assert!(!free && used.is_over_since().is_none() && used.held_by().is_none());
            }
            Some(Right::Repeated(id)) => {
                let token = world.state.rights().repeated(*id).unwrap();
                let is_sound = !token.is_stopped() && token.dropped().is_none();
                prop_assert!(!free && token.used.held_by().is_none() && is_sound);
            }
        }
    }

    #[test]
    fn another_message_never_blocks_what_was_allowed_for_lack_of_a_window(
        pack in 0..BUILT_IN.len(),
        (history, page) in (history(), page()),
        (intent, now_ms) in (intent(), moment_ms()),
        (more, is_from_ad) in (moment_ms(), any::<bool>()),
    ) {
        let before = world(pack, &history, &page).judge(&intent, now_ms);
        let kind = if is_from_ad { ad_message() } else { message() };
        let mut longer = history;
        longer.push(told(99, at(more), at(more), kind));
        let after = world(pack, &longer, &page).judge(&intent, now_ms);
        if before.route().is_some() && after.route().is_none() {
            // All that a message can take away: it keeps the thread busy that another app has.
            prop_assert_eq!(after.reason(), Some(Rule::ThreadNotOurs));
        }
    }

    #[test]
    fn a_pack_that_only_tightens_never_allows_what_was_blocked(
        pack in 0..BUILT_IN.len(),
        which in any::<u32>(),
        (history, page) in (history(), page()),
        (intent, now_ms) in (intent(), moment_ms()),
    ) {
        let loose = world(pack, &history, &page);
        if loose.judge(&intent, now_ms).route().is_none() {
            let tight = World { pack: tightened(pack, which), ..loose };
            let decision = tight.judge(&intent, now_ms);
            prop_assert_eq!(decision.route(), None);
        }
    }

    #[test]
    fn every_refusal_names_a_rule_and_every_permission_one_that_permits(
        pack in 0..BUILT_IN.len(),
        (history, page) in (history(), page()),
        (intent, now_ms) in (intent(), moment_ms()),
    ) {
        let decision = world(pack, &history, &page).judge(&intent, now_ms);
        match decision.route() {
            Some(_) => {
                prop_assert_eq!(decision.findings.len(), 1);
                prop_assert!(!decision.findings[0].rule.forbids() && decision.remedies.is_empty());
            }
            None => {
                prop_assert!(!decision.findings.is_empty() && decision.right.is_none());
                prop_assert!(decision.findings.iter().all(|finding| finding.rule.forbids()));
            }
        }
    }
}
