//! Reads a pack's text key by key, and remembers everything that is wrong with it, each with its line.

use crate::time::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with a pack's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, or whatever the text was called.
    pub file: String,
    /// The line, from 1; 0 where the text as a whole is meant.
    pub line: usize,
    /// The key, with dots between its words; empty where the text is no TOML.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.key.is_empty() { write!(f, ": {}", self.what) } else { write!(f, ": {} {}", self.key, self.what) }
    }
}

/// A value, and where it stands.
#[derive(Clone)]
struct Leaf {
    value: Value,
    layer: usize,
    line: usize,
}

#[derive(Clone)]
enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Texts(Vec<String>),
    /// Anything that no key of a pack can be.
    Other(&'static str),
}

/// The keys of a text, or of several on top of each other, as they are read.
pub(super) struct Text {
    files: Vec<String>,
    leaves: BTreeMap<String, Leaf>,
    /// Tables by name, each with the line where the topmost text has it.
    tables: BTreeMap<String, (usize, usize)>,
    seen: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Text {
    /// Takes the texts apart, each named; a later one's keys stand before an earlier one's.
    pub(super) fn new(texts: &[(&str, &str)]) -> Self {
        let mut all = Self {
            files: texts.iter().map(|(file, _)| (*file).to_owned()).collect(),
            leaves: BTreeMap::new(),
            tables: BTreeMap::new(),
            seen: BTreeSet::new(),
            problems: Vec::new(),
        };
        for (layer, (_, text)) in texts.iter().enumerate() {
            let lines = Lines::of(text);
            let (table, errors) = DeTable::parse_recoverable(text);
            for error in errors {
                let line = error.span().map_or(0, |span| lines.at(span.start));
                all.problem(layer, line, "", &format!("not TOML: {}", error.message()));
            }
            all.flatten(layer, &lines, "", table.get_ref());
        }
        all
    }

    fn flatten(&mut self, layer: usize, lines: &Lines, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = join(prefix, key.get_ref());
            let line = lines.at(key.span().start);
            if let DeValue::Table(inner) = value.get_ref() {
                self.tables.insert(name.clone(), (layer, line));
                self.flatten(layer, lines, &name, inner);
            } else {
                self.leaves.insert(name, Leaf { value: read(value), layer, line });
            }
        }
    }

    fn problem(&mut self, layer: usize, line: usize, key: &str, what: &str) {
        let file = self.files.get(layer).cloned().unwrap_or_default();
        self.problems.push(Problem { file, line, key: key.to_owned(), what: what.to_owned() });
    }

    /// Notes that the value of a key that is there is wrong.
    pub(super) fn wrong(&mut self, key: &str, what: &str) {
        let (layer, line) = self.place(key);
        self.problem(layer, line, key, what);
    }

    /// Where the key stands, or else the nearest table that it would belong to.
    fn place(&self, key: &str) -> (usize, usize) {
        if let Some(leaf) = self.leaves.get(key) {
            return (leaf.layer, leaf.line);
        }
        let mut name = key;
        while let Some((above, _)) = name.rsplit_once('.') {
            if let Some(place) = self.tables.get(above) {
                return *place;
            }
            name = above;
        }
        self.tables.get(key).copied().unwrap_or((0, 0))
    }

    /// The names directly below a table, in order.
    pub(super) fn names(&self, table: &str) -> Vec<String> {
        let prefix = format!("{table}.");
        let below = |key: &String| {
            let rest = key.strip_prefix(&prefix)?;
            Some(rest.split('.').next().unwrap_or(rest).to_owned())
        };
        let names: BTreeSet<_> = self.leaves.keys().chain(self.tables.keys()).filter_map(below).collect();
        names.into_iter().collect()
    }

    /// Whether there is such a table, or a key in it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tables.contains_key(name) || self.leaves.contains_key(name)
    }

    /// Marks everything below a name as looked at.
    pub(super) fn pass_over(&mut self, name: &str) {
        let prefix = format!("{name}.");
        let below: Vec<_> =
            self.leaves.keys().filter(|key| *key == name || key.starts_with(&prefix)).cloned().collect();
        self.seen.extend(below);
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.seen.insert(key.to_owned());
        self.leaves.get(key).map(|leaf| leaf.value.clone())
    }

    fn optional<T>(&mut self, key: &str, form: &str, parse: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(key)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.wrong(key, &format!("is {value}; it must be {form}"));
        }
        parsed
    }

    /// A key that must be there; what is wrong or missing becomes a problem and the answer none.
    fn required<T>(&mut self, key: &str, form: &str, parse: impl Fn(&Value) -> Option<T>) -> Option<T> {
        if !self.leaves.contains_key(key) {
            self.wrong(key, &format!("is missing; it must be {form}"));
        }
        self.optional(key, form, parse)
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, key: &str) -> String {
        let parse = |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
        self.required(key, "a text", parse).filter(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    /// One of a few words, where there is one.
    pub(super) fn word<T>(&mut self, key: &str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.optional(key, form, |value| if let Value::Text(text) = value { parse(text) } else { None })
    }

    /// One of a few words that must be there.
    pub(super) fn required_word<T>(&mut self, key: &str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.required(key, form, |value| if let Value::Text(text) = value { parse(text) } else { None })
    }

    /// An instant, where there is one.
    pub(super) fn instant(&mut self, key: &str) -> Option<Timestamp> {
        self.optional(key, INSTANT, instant)
    }

    /// An instant that must be there.
    pub(super) fn required_instant(&mut self, key: &str) -> Timestamp {
        self.required(key, INSTANT, instant).unwrap_or_default()
    }

    /// A span, where there is one.
    pub(super) fn span(&mut self, key: &str) -> Option<Span> {
        self.optional(key, SPAN, span)
    }

    /// A span that must be there.
    pub(super) fn required_span(&mut self, key: &str) -> Span {
        self.required(key, SPAN, span).unwrap_or_default()
    }

    /// Spans that must be there.
    pub(super) fn spans(&mut self, key: &str) -> Vec<Span> {
        let parse = |value: &Value| match value {
            Value::Texts(texts) => texts.iter().map(|text| span_of(text)).collect(),
            Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::Other(_) => None,
        };
        self.required(key, "a list of spans such as [\"1d\", \"2d\"]", parse).unwrap_or_default()
    }

    /// A whole number above zero that must be there.
    pub(super) fn number(&mut self, key: &str) -> u32 {
        let parse = |value: &Value| {
            if let Value::Number(number) = value {
                u32::try_from(*number).ok().filter(|number| *number > 0)
            } else {
                None
            }
        };
        self.required(key, "a whole number above 0", parse).unwrap_or(1)
    }

    /// A flag, where there is one.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.optional(key, "true or false", |value| if let Value::Flag(flag) = value { Some(*flag) } else { None })
    }

    /// Everything that is wrong, by place; keys that nobody asked for are among it.
    pub(super) fn problems(mut self) -> Vec<Problem> {
        let unknown: Vec<_> = self.leaves.keys().filter(|key| !self.seen.contains(*key)).cloned().collect();
        for key in unknown {
            self.wrong(&key, "is no key of a rule pack");
        }
        self.problems.sort();
        self.problems.dedup();
        self.problems
    }
}

const INSTANT: &str = "an instant such as \"2020-03-04T00:00:00Z\"";
const SPAN: &str = "a span such as \"24h\" or \"7d\"";

fn instant(value: &Value) -> Option<Timestamp> {
    let Value::Text(text) = value else { return None };
    text.parse::<jiff::Timestamp>().ok().map(|instant| Timestamp::from_millis(instant.as_millisecond()))
}

fn span(value: &Value) -> Option<Span> {
    if let Value::Text(text) = value { span_of(text) } else { None }
}

/// A span as packs write it: a whole number and `m`, `h` or `d`; at most ten years.
pub(super) fn span_of(text: &str) -> Option<Span> {
    const LONGEST_MS: i64 = 3_650 * 86_400_000;
    let unit_ms = match text.chars().last()? {
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    let ms = i64::from(count).checked_mul(unit_ms)?;
    (1..=LONGEST_MS).contains(&ms).then(|| Span::from_millis(ms))
}

fn read(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other("a number"), Value::Number)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().map_or(Value::Other("a list"), Value::Texts)
        }
        DeValue::Float(_) => Value::Other("a number"),
        DeValue::Datetime(_) => Value::Other("a date without quotes"),
        DeValue::Table(_) => Value::Other("a table"),
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Texts(texts) => write!(f, "{texts:?}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of this place, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}
