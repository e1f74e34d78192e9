//! `docs/policy.md` is made from the rule packs, and is what they say.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

use domain::pack::{BUILT_IN, BlockRateLimit, Dated, Frequency, Pack, Rule};
use domain::time::{Span, Timestamp};
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn the_page_of_the_rules_is_what_the_packs_say() {
    let file = super::root().join("docs/policy.md");
    let expected = page();
    // A page that is not there is written; from then on it must be what the packs say.
    if !file.exists() {
        std::fs::write(&file, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap();
    assert!(found == expected, "{} is not what the packs say: delete it, and run this test again", shown(&file));
}

fn shown(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

fn page() -> String {
    let packs: Vec<_> = BUILT_IN.iter().map(|(file, text)| Pack::parse(file, text).unwrap()).collect();
    let mut page = String::from(
        "# The rules\n\n\
         This page is made from the rule packs in `crates/domain/packs/`; a test keeps it current. A pack is in force from its\n\
         instant on; before the first one's, the first is. `nuncio policy list` shows which one is in force, and\n\
         `nuncio policy replay` what another one would have made of the past.\n",
    );
    overview(&mut page, &packs);
    ways(&mut page, &packs);
    tags(&mut page, &packs);
    let newest = packs.last().unwrap();
    limits(&mut page, newest);
    sentences(&mut page, newest);
    page
}

fn overview(page: &mut String, packs: &[Pack]) {
    page.push_str(
        "\n## Packs\n\n| pack | in force from | window | after an ad | staff |\n| --- | --- | --- | --- | --- |\n",
    );
    for pack in packs {
        let windows = pack.windows();
        let ad = windows.opened_by.get(&domain::conversation::Opening::AdMessage).copied().unwrap_or(windows.standard);
        let (name, from) = (&pack.reference().name, moment(pack.in_force_from()));
        let (free, staff) = (span(windows.standard), span(windows.human_agent));
        writeln!(page, "| `{name}` | {from} | {free} | {} | {staff} |", span(ad)).unwrap();
    }
}

fn ways(page: &mut String, packs: &[Pack]) {
    page.push_str(
        "\n## Ways besides the window and tags\n\n\
         A way that is off by default is open to Pages that have it of their own.\n\n\
         | pack | way | when | right lasts | pause | by default |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for pack in packs {
        for (route, rule) in pack.routes() {
            let (name, route, when) = (&pack.reference().name, route.as_str(), dates(rule.dated));
            let of = |length: Option<Span>| length.map_or_else(|| "–".to_owned(), span);
            let default = if rule.on_by_default { "on" } else { "off" };
            let (within, pause) = (of(rule.within), of(rule.cooldown));
            writeln!(page, "| `{name}` | `{route}` | {when} | {within} | {pause} | {default} |").unwrap();
        }
    }
}

fn tags(page: &mut String, packs: &[Pack]) {
    page.push_str("\n## Tags\n\n| pack | tag | purpose | must name | when |\n| --- | --- | --- | --- | --- |\n");
    for pack in packs {
        for (tag, rule) in pack.tags() {
            let (name, purpose) = (&pack.reference().name, rule.purpose.as_str());
            let needs = rule.needs.map_or("–", domain::decision::ReferenceKind::as_str);
            let when = dates(rule.dated);
            writeln!(page, "| `{name}` | `{}` | {purpose} | {needs} | {when} |", tag.as_str()).unwrap();
        }
    }
}

fn limits(page: &mut String, pack: &Pack) {
    let limits = pack.limits();
    let ladder: Vec<_> = pack.restrictions().ladder.iter().map(|length| span(*length)).collect();
    let asks = pack.asks();
    writeln!(page, "\n## Numbers of `{}`\n\n| what | number |\n| --- | --- |", pack.reference().name).unwrap();
    for (what, number) in [
        ("text, in characters", limits.text_chars.to_string()),
        ("metadata, in characters", limits.metadata_chars.to_string()),
        ("persona's name, in characters", limits.persona_name_chars.to_string()),
        ("title of a one-time request, in characters", asks.one_time.title_chars.to_string()),
        ("title of a recurring request, in characters", asks.recurring.title_chars.to_string()),
        ("same recurring request, same person", asks.recurring.every.map_or_else(|| "at any time".to_owned(), span)),
        ("messages a second before a Page is stopped", limits.sends_per_second.to_string()),
        ("calls a second with texts", limits.texts_per_second.to_string()),
        ("calls a second with audio and video", limits.media_per_second.to_string()),
        ("private replies an hour", limits.private_replies_per_hour.to_string()),
        ("calls in 24 hours for each person who can be written to", limits.app_calls_per_engaged_person.to_string()),
        ("restrictions, where nobody says for how long", ladder.join(", ")),
        ("how long a restriction counts", span(pack.restrictions().memory)),
        ("who may write all the same for a restricted Page", pack.restrictions().may_try.as_str().replace('_', " ")),
        ("blocks above which too many do not want to hear of a Page", pack.block_rate().map_or_else(none, share)),
        ("messages of automation and broadcasts to one person", pack.frequency().map_or_else(none, cap)),
        ("how long another app keeps an idle thread", span(pack.thread_control())),
    ] {
        writeln!(page, "| {what} | {number} |").unwrap();
    }
}

fn none() -> String {
    "no limit".to_owned()
}

fn share(limit: BlockRateLimit) -> String {
    let BlockRateLimit { per_mille, least_sends, within } = limit;
    format!("{per_mille} of 1000, of at least {least_sends} sends in {}", span(within))
}

fn cap(cap: Frequency) -> String {
    format!("{} in {}", cap.most, span(cap.within))
}

fn sentences(page: &mut String, pack: &Pack) {
    let name = &pack.reference().name;
    writeln!(page, "\n## Rules, as `{name}` says them\n\n| rule | word | says |\n| --- | --- | --- |").unwrap();
    for rule in Rule::ALL {
        let sentence = pack.sentence(*rule);
        let word = if rule.forbids() { "forbids" } else { "allows" };
        writeln!(page, "| `{}` | {word} | [{}]({}) |", rule.id(), sentence.says, sentence.source).unwrap();
    }
}

fn dates(dated: Dated) -> String {
    match (dated.from, dated.until) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {}", moment(from)),
        (None, Some(until)) => format!("until {}", moment(until)),
        (Some(from), Some(until)) => format!("from {} until {}", moment(from), moment(until)),
    }
}

fn moment(at: Timestamp) -> String {
    domain::explain::moment(at).replace("T00:00:00Z", "")
}

fn span(span: Span) -> String {
    let hours = span.as_millis() / 3_600_000;
    if hours % 24 == 0 && hours > 24 { format!("{} d", hours / 24) } else { format!("{hours} h") }
}
