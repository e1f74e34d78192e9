//! The packs that we ship, texts that are no packs, and which pack applies when.

mod asked;
mod registry;

use super::{BUILT_IN, Pack, Packs, Rule};
use crate::conversation::Opening;
use crate::decision::{Capability, Purpose, Tag};
use crate::time::{Span, Timestamp};

fn at(instant: &str) -> Timestamp {
    Timestamp::from_millis(instant.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn built_in() -> Vec<Pack> {
    BUILT_IN.iter().map(|(file, text)| Pack::parse(file, text).unwrap()).collect()
}

const fn days(days: i64) -> Span {
    Span::from_hours(24 * days)
}

#[test]
fn five_packs_take_effect_one_after_the_other() {
    let names: Vec<_> = built_in().iter().map(|pack| (pack.reference().name.clone(), pack.in_force_from())).collect();
    let expected = [
        ("messenger-2020", "2020-03-04T00:00:00Z"),
        ("messenger-2024", "2024-05-09T00:00:00Z"),
        ("messenger-2025", "2025-09-01T00:00:00Z"),
        ("messenger-2026", "2026-04-27T00:00:00Z"),
        ("messenger-2026-09", "2026-09-28T00:00:00Z"),
    ];
    assert_eq!(names, expected.map(|(name, from)| (name.to_owned(), at(from))));
    for ((file, _), (name, _)) in BUILT_IN.iter().zip(&names) {
        assert_eq!(*file, format!("{name}.toml"));
    }
}

#[test]
fn the_numbers_of_each_pack_are_those_of_the_platform() {
    for pack in built_in() {
        assert_eq!(pack.windows().standard, days(1));
        assert_eq!(pack.windows().human_agent, days(7));
        assert_eq!(pack.route(Capability::PrivateReply).unwrap().within, Some(days(7)));
        assert_eq!(pack.route(Capability::OneTime).unwrap().within, Some(days(365)));
        assert_eq!(pack.asks().one_time.title_chars, 65);
        assert_eq!(pack.asks().one_time.every, None);
        assert_eq!((pack.asks().recurring.title_chars, pack.asks().recurring.every), (65, Some(days(7))));
        let limits = pack.limits();
        assert_eq!((limits.text_chars, limits.metadata_chars, limits.persona_name_chars), (2_000, 1_000, 50));
        assert_eq!((limits.sends_per_second, limits.texts_per_second, limits.media_per_second), (40, 300, 10));
    }
    let cooldowns = |route| built_in().iter().map(|pack| pack.route(route)?.cooldown).collect::<Vec<_>>();
    assert_eq!(cooldowns(Capability::Recurring), [None, Some(days(1)), Some(days(2)), Some(days(2)), Some(days(2))]);
    let half = Some(Span::from_hours(12));
    assert_eq!(cooldowns(Capability::Marketing), [None, half, half, half, half]);
}

#[test]
fn only_the_newest_pack_gives_more_time_after_an_ad() {
    let ad =
        built_in().iter().map(|pack| pack.windows().opened_by.get(&Opening::AdMessage).copied()).collect::<Vec<_>>();
    assert_eq!(ad, [None, None, None, None, Some(days(7))]);
}

#[test]
fn ways_come_and_go_with_the_packs() {
    let ways = |pack: &Pack, now: &str| {
        let open = pack.routes().iter().filter(|(_, rule)| rule.dated.applies(at(now)));
        open.map(|(route, _)| route.as_str()).collect::<Vec<_>>().join(" ")
    };
    let always = "human_agent one_time";
    let packs = built_in();
    let of_2020 = format!("{always} private_reply sponsored customer_matching group_chat chat_widget");
    assert_eq!(ways(&packs[0], "2024-05-08T23:59:59Z"), of_2020);
    assert_eq!(ways(&packs[1], "2024-07-30T23:59:59.999Z"), format!("{always} recurring private_reply sponsored"));
    assert_eq!(ways(&packs[1], "2024-07-31T00:00:00Z"), format!("{always} recurring private_reply"));
    assert_eq!(ways(&packs[1], "2025-07-01T00:00:00Z"), format!("{always} recurring marketing private_reply"));
    let of_2025 = format!("{always} recurring recurring_exception marketing utility private_reply");
    assert_eq!(ways(&packs[2], "2026-02-09T23:59:59.999Z"), of_2025);
    assert_eq!(ways(&packs[2], "2026-02-10T00:00:00Z"), of_2025.replacen(" recurring ", " ", 1));
    for pack in &packs[3..] {
        assert_eq!(ways(pack, "2026-09-28T00:00:00Z"), of_2025.replacen(" recurring ", " ", 1));
    }
}

#[test]
fn what_needs_leave_of_the_platform_is_off_by_default() {
    for pack in built_in() {
        let off = pack.routes().iter().filter(|(_, rule)| !rule.on_by_default).map(|(route, _)| *route);
        for route in off.collect::<Vec<_>>() {
            let expected = [Capability::RecurringException, Capability::CustomerMatching, Capability::GroupChat];
            assert!(expected.contains(&route), "{route:?}");
        }
        assert!(pack.tags().get(&Tag::CustomerFeedback).is_none_or(|rule| !rule.on_by_default));
    }
}

#[test]
fn three_tags_serve_one_purpose_each_and_end_with_april_2026() {
    let retired = [Tag::ConfirmedEventUpdate, Tag::PostPurchaseUpdate, Tag::AccountUpdate];
    let purposes = [Purpose::ConfirmedEvent, Purpose::PostPurchase, Purpose::AccountUpdate];
    for (n, pack) in built_in().iter().enumerate() {
        for (tag, purpose) in retired.into_iter().zip(purposes) {
            let rule = pack.tags()[&tag];
            assert_eq!(rule.purpose, purpose);
            assert_eq!(rule.dated.applies(pack.in_force_from()), n < 3, "{tag:?}");
        }
    }
}

#[test]
fn a_wrong_pack_is_refused_with_every_problem_at_its_line_and_key() {
    let text = BUILT_IN[0]
        .1
        .replace("standard = \"24h\"", "standard = \"a day\"")
        .replace("lead = \"standard\"", "wink = \"standard\"")
        .replace("[rules.WINDOW_OPEN]", "[rules.WINDOW_AJAR]")
        .replace("title_chars = 65", "title_chars = 0")
        .replace("needs = \"order\"", "needs = \"money\"\nsize = 3");
    let error = Pack::parse("mine.toml", &text).unwrap_err();
    let line = |wanted: &str| text.lines().position(|line| line.starts_with(wanted)).unwrap() + 1;
    let told = error.to_string();
    for problem in [
        format!("mine.toml:{}: windows.standard is \"a day\"; it must be a span", line("standard")),
        format!("mine.toml:{}: windows.opened_by.wink is no action", line("wink")),
        format!("mine.toml:{}: rules.WINDOW_AJAR is no rule", line("[rules.WINDOW_AJAR]")),
        "rules.WINDOW_OPEN is missing".to_owned(),
        format!("mine.toml:{}: asks.one_time.title_chars is 0; it must be a whole number above 0", line("title_chars")),
        format!("mine.toml:{}: tags.POST_PURCHASE_UPDATE.needs is \"money\"", line("needs = \"money\"")),
        format!("mine.toml:{}: tags.POST_PURCHASE_UPDATE.size is no key of a rule pack", line("size")),
    ] {
        assert!(told.contains(&problem), "{problem} in: {told}");
    }
    assert_eq!(error.problems.len(), 8, "{told}");
}

#[test]
fn a_text_that_is_no_toml_is_refused_with_its_line() {
    let error = Pack::parse("mine.toml", "name = \"a\"\nin_force_from = = 3\n").unwrap_err().to_string();
    assert!(error.contains("mine.toml:2: not TOML"), "{error}");
}

#[test]
fn a_missing_key_is_told_at_the_table_that_it_belongs_to() {
    let text = BUILT_IN[0].1.replace("human_agent = \"7d\"", "");
    let error = Pack::parse("mine.toml", &text).unwrap_err().to_string();
    let line = text.lines().position(|line| line == "[windows]").unwrap() + 1;
    assert!(error.contains(&format!("mine.toml:{line}: windows.human_agent is missing")), "{error}");
}

#[test]
fn dates_that_end_before_they_begin_are_refused() {
    let dates = "[routes.sponsored]\nfrom = \"2024-01-01T00:00:00Z\"\nuntil = \"2024-01-01T00:00:00Z\"";
    let text = BUILT_IN[0].1.replace("[routes.sponsored]", dates);
    let error = Pack::parse("mine.toml", &text).unwrap_err().to_string();
    assert!(error.contains("routes.sponsored.until is not after `from`"), "{error}");
}

#[test]
fn rights_cannot_outlive_what_is_remembered_of_them() {
    for (key, longest, longer) in [("within = \"7d\"", "31d", "32d"), ("within = \"365d\"", "732d", "733d")] {
        let with = |span: &str| BUILT_IN[0].1.replace(key, &format!("within = \"{span}\""));
        assert!(Pack::parse("mine.toml", &with(longest)).is_ok());
        assert!(Pack::parse("mine.toml", &with(longer)).unwrap_err().to_string().contains("is more than"));
    }
}

#[test]
fn another_text_is_another_pack() {
    let (file, text) = BUILT_IN[0];
    let one = Pack::parse(file, text).unwrap();
    let other = Pack::parse(file, &format!("{text}\n")).unwrap();
    assert_ne!(one.reference().digest, other.reference().digest);
    assert_eq!(one.text(), text);
}

#[test]
fn every_pack_says_a_sentence_of_every_rule_and_where_it_stands() {
    for pack in built_in() {
        for rule in Rule::ALL {
            let sentence = pack.sentence(*rule);
            assert!(sentence.says.ends_with('.'), "{}", rule.id());
            assert!(sentence.source.starts_with("https://developers.facebook.com/"), "{}", rule.id());
        }
    }
}

#[test]
fn a_pack_of_an_earlier_version_is_still_read_from_the_log() {
    let section = "[rules.TITLE_TOO_LONG]";
    let text = &BUILT_IN[0].1[..BUILT_IN[0].1.find(section).unwrap()];
    assert!(Pack::parse("mine.toml", text).is_err());
    let pack = Pack::read_back("the log", text).unwrap();
    assert!(pack.sentence(Rule::TitleTooLong).says.contains("TITLE_TOO_LONG"));
    let worse = text.replace("standard = \"24h\"", "");
    assert!(Pack::read_back("the log", &worse).is_err());
}

#[test]
fn the_pack_in_force_is_the_last_one_that_has_begun() {
    let packs = Packs::built_in();
    let name = |now: &str| packs.in_force(at(now)).reference().name.clone();
    assert_eq!(name("1970-01-01T00:00:00Z"), "messenger-2020");
    for (before, after, moment) in [
        ("messenger-2020", "messenger-2024", "2024-05-09T00:00:00Z"),
        ("messenger-2024", "messenger-2025", "2025-09-01T00:00:00Z"),
        ("messenger-2025", "messenger-2026", "2026-04-27T00:00:00Z"),
        ("messenger-2026", "messenger-2026-09", "2026-09-28T00:00:00Z"),
    ] {
        let just_before = at(moment).plus(Span::from_millis(-1));
        assert_eq!(packs.in_force(just_before).reference().name, before);
        assert_eq!(name(moment), after);
        assert_eq!(packs.in_force(at(moment).plus(Span::from_millis(1))).reference().name, after);
    }
}
