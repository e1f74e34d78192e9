//! Every limit of every pack, one millisecond before it, at it, and one after.

use super::world::{World, about, bot, staff};
use crate::decision::{Capability, ContentKind, Intent, Purpose, Route, Tag, To};
use crate::event::{
    CommentVerb, Event, InboundKind, LeadEnd, PageStepKind, ReactionAction, RightStep, RightStepKind, SendingKind,
};
use crate::id::AppId;
use crate::pack::BUILT_IN;
use crate::right::Right;
use crate::testing::{
    NOON, accepted, ad_message, at, comment_id, commented, heard, lead, message, one_time, opt_in, passed_to, postback,
    reaction, referral, repeated, requested, send_id, token_id,
};
use crate::time::{Span, Timestamp};

/// A limit: whether the route is taken before the edge, and whether from it on.
struct Limit {
    name: String,
    world: World,
    intent: Intent,
    route: Route,
    edge_ms: i64,
    opens: bool,
}

impl Limit {
    #[track_caller]
    fn check(&self, pack: &str) {
        for (off, is_after) in [(-1, false), (0, true), (1, true)] {
            let decision = self.world.judge(&self.intent, self.edge_ms + off);
            let is_taken = decision.route() == Some(self.route);
            assert_eq!(is_taken, is_after == self.opens, "{} of {pack} at {off}: {:?}", self.name, decision.findings);
            if off < 0 {
                assert_eq!(decision.holds_until, Some(at(self.edge_ms)), "{} of {pack}", self.name);
            }
        }
    }
}

const fn closing(name: String, world: World, intent: Intent, route: Route, span: Span) -> Limit {
    Limit { name, world, intent, route, edge_ms: span.as_millis(), opens: false }
}

fn openings() -> Vec<(&'static str, InboundKind)> {
    vec![
        ("message", message()),
        ("postback", postback()),
        ("link", referral("SHORTLINK")),
        ("reaction", reaction(ReactionAction::React)),
        ("opt_in", opt_in()),
        ("lead", lead(LeadEnd::Complete)),
        ("ad_message", ad_message()),
    ]
}

fn windows(pack: usize) -> Vec<Limit> {
    let mut limits = Vec::new();
    for (name, kind) in openings() {
        let world = World::new(pack, &[heard(at(0), kind)]);
        let opening = crate::conversation::Opening::ALL.into_iter().find(|opening| opening.as_str() == name).unwrap();
        let windows = world.pack.windows();
        // A message from an ad is a message as well.
        let length = windows.opened_by.get(&opening).copied().unwrap_or(windows.standard);
        limits.push(closing(format!("window of {name}"), world, bot(Purpose::Conversation), Route::Response, length));
    }
    let world = World::new(pack, &[heard(at(0), message())]);
    let length = world.pack.windows().human_agent;
    limits.push(closing("staff".to_owned(), world, staff(Purpose::Conversation), Route::HumanAgent, length));
    limits
}

fn rights(pack: usize) -> Vec<Limit> {
    let mut limits = Vec::new();
    let world = World::new(pack, &[heard(at(0), commented("c", CommentVerb::Add))]);
    let reply = Intent { to: To::Comment(comment_id("c")), ..bot(Purpose::Conversation) };
    let within = world.pack.route(Capability::PrivateReply).unwrap().within.unwrap();
    limits.push(closing("private reply".to_owned(), world, reply, Route::PrivateReply, within));

    let world = World::new(pack, &[heard(at(0), one_time("t", "shoes"))]);
    let within = world.pack.route(Capability::OneTime).unwrap().within.unwrap();
    let news = about("shoes", bot(Purpose::Promotion));
    limits.push(closing("one-time token".to_owned(), world, news.clone(), Route::OneTime, within));

    let right = Right::Repeated(token_id("t"));
    let spent = RightStep { right, send: send_id(1), at: at(0), kind: RightStepKind::Spent };
    let history = [heard(at(-1), repeated("t", "shoes", None)), Event::Right(Box::new(spent))];
    let ways = [(Capability::Recurring, Route::Recurring, false), (Capability::Marketing, Route::Marketing, true)];
    for (capability, route, is_paid) in ways {
        let world = World::new(pack, &history).with_capability(Capability::RecurringException);
        let Some(rule) = world.pack.route(capability) else { continue };
        // What is dated otherwise is looked at below.
        if !rule.dated.applies(NOON) && capability != Capability::Recurring {
            continue;
        }
        let (name, edge_ms) = (format!("pause of {}", route.as_str()), rule.cooldown.unwrap().as_millis());
        let intent = Intent { is_paid, ..news.clone() };
        limits.push(Limit { name, world, intent, route, edge_ms, opens: true });
    }
    limits
}

fn asks(pack: usize) -> Option<Limit> {
    let kind = ContentKind::RecurringRequest { title: "shoes".to_owned() };
    let intent = Intent { kind, ..bot(Purpose::Conversation) };
    let mut asked = requested(1, at(0));
    if let Event::Sending(step) = &mut asked
        && let SendingKind::Requested { intent: asked, .. } = &mut step.kind
    {
        **asked = intent.clone();
    }
    let probe = World::new(pack, &[]);
    probe.pack.route(Capability::Recurring).or(probe.pack.route(Capability::Marketing))?;
    let edge_ms = probe.pack.asks().recurring.every.unwrap().as_millis();
    let history = [asked, accepted(1, at(0)), heard(at(edge_ms - 10), message())];
    let (name, world, route) = ("recurring request".to_owned(), World::new(pack, &history), Route::Response);
    Some(Limit { name, world, intent, route, edge_ms, opens: true })
}

fn page(pack: usize) -> Vec<Limit> {
    let probe = World::new(pack, &[]);
    let ladder = probe.pack.restrictions().ladder.clone();
    let mut limits = Vec::new();
    let mut begun_ms = 0;
    let mut steps = Vec::new();
    for (n, length) in ladder.iter().enumerate() {
        steps.push(crate::testing::page_step(at(begun_ms), PageStepKind::Refused { code: 368, subcode: 0 }));
        let edge_ms = begun_ms + length.as_millis();
        let world =
            World { page: crate::testing::fold_page(&steps), ..World::new(pack, &[heard(at(edge_ms), message())]) };
        let (name, intent) = (format!("restriction {}", n + 1), bot(Purpose::Conversation));
        limits.push(Limit { name, world, intent, route: Route::Response, edge_ms, opens: true });
        begun_ms = edge_ms + 1_000;
    }
    let edge_ms = probe.pack.thread_control().as_millis();
    // The person acts in the end, so that the window is open; that does not make the thread ours.
    let ours = PageStepKind::Connected { app: AppId::parse("77").unwrap() };
    let history = [heard(at(0), passed_to("99")), heard(at(0), postback())];
    let world = World::new(pack, &history).with_page(&[ours]);
    // Something that goes after the window, so that its end is not the edge.
    let (intent, route) = if world.pack.route(Capability::Utility).is_some() {
        let kind = ContentKind::UtilityTemplate { name: "hello".to_owned(), language: "de".to_owned() };
        (Intent { kind, ..bot(Purpose::AccountUpdate) }, Route::Utility)
    } else {
        (bot(Purpose::AccountUpdate), Route::Tag(Tag::AccountUpdate))
    };
    limits.push(Limit { name: "thread control".to_owned(), world, intent, route, edge_ms, opens: true });
    limits
}

/// Dates inside a pack: when a way opens or closes for good.
fn dates(pack: usize) -> Vec<Limit> {
    let probe = World::new(pack, &[]);
    let ms = |instant: Timestamp| instant.since(NOON).as_millis();
    let mut limits = Vec::new();
    for (capability, rule) in probe.pack.routes() {
        for (instant, opens) in [(rule.dated.from, true), (rule.dated.until.filter(|_| !rule.dated.is_over), false)] {
            let Some(edge_ms) = instant.map(ms) else { continue };
            let wrote = heard(at(edge_ms - 3 * super::DAY_MS), message());
            let given = heard(at(edge_ms - 3 * super::DAY_MS), repeated("t", "shoes", None));
            let known = [
                (Capability::Recurring, Route::Recurring, false),
                (Capability::Marketing, Route::Marketing, true),
                (Capability::Sponsored, Route::Sponsored, true),
            ];
            let found = known.into_iter().find(|(known, ..)| known == capability);
            let (_, route, is_paid) = found.expect("what is dated has a case here");
            let mut world = World::new(pack, &[wrote, given]);
            let mut intent = Intent { is_paid, ..bot(Purpose::Promotion) };
            if route != Route::Sponsored {
                intent = about("shoes", intent);
            }
            if route == Route::Marketing {
                // Nobody pays while there is a way for nothing.
                let (capability, is_granted) = (Capability::Recurring, false);
                world = world.with_page(&[PageStepKind::CapabilityChanged { capability, is_granted }]);
            }
            limits.push(Limit { name: format!("date of {}", route.as_str()), world, intent, route, edge_ms, opens });
        }
    }
    limits
}

#[test]
fn every_limit_of_every_pack_holds_to_the_millisecond() {
    let mut n_checked = [0; BUILT_IN.len()];
    for (pack, (file, _)) in BUILT_IN.iter().enumerate() {
        let limits = [windows(pack), rights(pack), page(pack), dates(pack)].into_iter().flatten().chain(asks(pack));
        for limit in limits {
            limit.check(file);
            n_checked[pack] += 1;
        }
    }
    assert_eq!(n_checked, [15, 19, 19, 18, 18]);
}

#[test]
fn titles_are_counted_in_characters_up_to_the_packs_number() {
    for (pack, _) in BUILT_IN.iter().enumerate() {
        let world = World::new(pack, &[heard(at(0), message())]);
        let longest = world.pack.asks().one_time.title_chars as usize;
        for (n, is_allowed) in [(longest - 1, true), (longest, true), (longest + 1, false)] {
            let kind = ContentKind::OneTimeRequest { title: "ж".repeat(n) };
            let intent = Intent { kind, ..bot(Purpose::Conversation) };
            assert_eq!(world.judge(&intent, 1).route().is_some(), is_allowed, "{n}");
        }
    }
}
