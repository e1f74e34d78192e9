//! The TOML file as flat keys with lines. Errors name file, line and column, and never quote the file: it may hold secrets.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{ConfigError, Given, Origin, Problem};

/// Reads the file into `given`, as the lowest layer.
pub(super) fn read(path: &Path, given: &mut Given) -> Result<(), ConfigError> {
    let shown_path = path.display().to_string();
    let source = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::one(Problem::new(&shown_path, None, format!("cannot be read: {error}"))))?;
    let table = DeTable::parse(&source).map_err(|error| {
        let (line, column) = place(&source, error.span().map_or(0, |span| span.start));
        let what = format!("is not valid TOML: {}", error.message());
        ConfigError::one(Problem::new(format!("{shown_path}:{line}:{column}"), None, what))
    })?;
    Walk { path: shown_path, source: &source, given }.table("", table.get_ref());
    Ok(())
}

struct Walk<'a> {
    path: String,
    source: &'a str,
    given: &'a mut Given,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let origin = self.origin(name);
            if name.get_ref().contains('.') {
                self.problem(&key, origin, "a name with a dot in it cannot be told from a table");
                continue;
            }
            match value.get_ref() {
                DeValue::Table(inner) if inner.is_empty() => {
                    self.given.empty_tables.insert(key, origin);
                }
                DeValue::Table(inner) => self.table(&format!("{key}."), inner),
                DeValue::Array(_) => self.problem(&key, origin, "is a list; no key takes one"),
                DeValue::String(text) => self.given.set(key, text.to_string(), origin),
                DeValue::Integer(number) => self.given.set(key, integer_text(number), origin),
                DeValue::Float(number) => self.given.set(key, number.as_str().to_owned(), origin),
                DeValue::Boolean(yes) => self.given.set(key, yes.to_string(), origin),
                DeValue::Datetime(at) => self.given.set(key, at.to_string(), origin),
            }
        }
    }

    fn problem(&mut self, key: &str, origin: Origin, what: &str) {
        self.given.problems.push(Problem::new(key, Some(origin.to_string()), what));
    }

    fn origin(&self, name: &Spanned<DeString<'_>>) -> Origin {
        let (line, _) = place(self.source, name.span().start);
        Origin::File { path: self.path.clone(), line }
    }
}

/// Decimal digits, whatever base the file used.
fn integer_text(number: &toml::de::DeInteger<'_>) -> String {
    match i128::from_str_radix(number.as_str(), number.radix()) {
        Ok(value) => value.to_string(),
        Err(_) => number.to_string(),
    }
}

/// Line and column of a byte, both from 1; columns count characters.
fn place(source: &str, byte: usize) -> (usize, usize) {
    let before = source.get(..byte).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
