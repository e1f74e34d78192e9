//! Reading keys: good values come out, everything else is kept for one error at the end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::suggest::nearest;
use super::{ConfigError, Entry, Given, Origin, Problem, Setting, variable_for};

const DEFAULT: &str = "default";
const NOT_SET: &str = "not set";
const MASK: &str = "•••";

/// Reads keys such as `ingress.listen` (section, dot, name) and remembers them: what is not read is unknown.
#[derive(Debug)]
pub struct Reader {
    given: Arc<Given>,
    known: BTreeSet<String>,
    shown: Vec<Shown>,
    problems: Vec<Problem>,
}

/// One key as `nuncio config print` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The key with its section.
    pub key: String,
    /// The value that counts; secrets masked, empty if not set.
    pub value: String,
    /// Where the value comes from: file and line, variable, flag, `default` or `not set`.
    pub origin: String,
    /// What the key does.
    pub help: String,
}

impl Reader {
    pub(super) fn new(given: Arc<Given>) -> Self {
        let problems = given.problems.clone();
        Self { given, known: BTreeSet::new(), shown: Vec::new(), problems }
    }

    /// The key's value, or `default`: if it is not set, or if it is wrong, which then is a problem.
    pub fn get<T: Setting>(&mut self, key: &'static str, default: T, help: &'static str) -> T {
        match self.read::<T>(key, help) {
            Found::Value(value) => value,
            Found::Wrong => default,
            Found::Nothing => {
                self.show(key, default.show(), DEFAULT.to_owned(), help);
                default
            }
        }
    }

    /// The key's value, if it is set and right. A wrong one is a problem.
    pub fn optional<T: Setting>(&mut self, key: &'static str, help: &'static str) -> Option<T> {
        match self.read::<T>(key, help) {
            Found::Value(value) => Some(value),
            Found::Wrong => None,
            Found::Nothing => {
                self.show(key, String::new(), NOT_SET.to_owned(), help);
                None
            }
        }
    }

    /// A secret, given as `key` itself or as `<key>_file`, the path of a file with the secret; blanks around the file's
    /// text are dropped. The higher layer wins; both in one layer, an empty secret and an unreadable file are problems.
    pub fn secret(&mut self, key: &'static str, help: &'static str) -> Option<SecretString> {
        self.read_secret(key, help).into_option()
    }

    /// A secret that must be there. If it is not, that is a problem and the value is empty.
    pub fn required_secret(&mut self, key: &'static str, help: &'static str) -> SecretString {
        let found = self.read_secret(key, help);
        if matches!(found, Found::Nothing) {
            let what = format!("is required; set {}, or {key}_file to the path of a file with it", variable_for(key));
            self.problems.push(Problem::new(key, None, what));
        }
        found.into_option().unwrap_or_default()
    }

    /// The names of a section's tables, sorted: `["123"]` for a key `pages.123.access_token` under `pages`.
    pub fn names_under(&mut self, section: &'static str) -> Vec<String> {
        let prefix = format!("{section}.");
        let keys = self.given.entries.keys().filter_map(|key| key.strip_prefix(&prefix)?.split_once('.'));
        let tables = self.given.empty_tables.keys().filter_map(|table| table.strip_prefix(&prefix));
        let empty = tables.filter(|name| !name.contains('.'));
        let names: BTreeSet<String> = keys.map(|(name, _)| name).chain(empty).map(str::to_owned).collect();
        names.into_iter().collect()
    }

    /// The secret `<section>.<name>.<key>` of a table found by [`Reader::names_under`], read as [`Reader::secret`] does.
    pub fn secret_under(
        &mut self,
        section: &'static str,
        name: &str,
        key: &'static str,
        help: &'static str,
    ) -> Option<SecretString> {
        self.read_secret(&format!("{section}.{name}.{key}"), help).into_option()
    }

    /// Records a problem of a key that its text alone does not show, such as two keys that exclude each other.
    pub fn problem(&mut self, key: &str, what: String) {
        let origin = self.given.entries.get(key).map(|entry| entry.origin.to_string());
        self.problems.push(Problem::new(key, origin, what));
    }

    /// Every key read, in the order of reading; or every problem, unknown keys included.
    pub fn finish(mut self) -> Result<Vec<Shown>, ConfigError> {
        self.find_unknown_keys();
        self.find_misnamed_variables();
        if self.problems.is_empty() { Ok(self.shown) } else { Err(ConfigError::new(self.problems)) }
    }

    fn read<T: Setting>(&mut self, key: &'static str, help: &'static str) -> Found<T> {
        self.known.insert(key.to_owned());
        let given = Arc::clone(&self.given);
        let Some(Entry { text, origin }) = given.entries.get(key) else { return Found::Nothing };
        match T::parse(text.expose_secret()) {
            Ok(value) => {
                self.show(key, value.show(), origin.to_string(), help);
                Found::Value(value)
            }
            Err(why) => {
                self.wrong(key, origin, format!("{why}; allowed: {}", T::FORM));
                Found::Wrong
            }
        }
    }

    fn read_secret(&mut self, key: &str, help: &'static str) -> Found<SecretString> {
        let file_key = format!("{key}_file");
        self.known.extend([key.to_owned(), file_key.clone()]);
        let given = Arc::clone(&self.given);
        let (direct, from_file) = match (given.entries.get(key), given.entries.get(&file_key)) {
            (Some(direct), Some(file)) if direct.origin.layer() == file.origin.layer() => {
                self.wrong(key, &direct.origin, format!("is also given as {file_key} ({}); keep one", file.origin));
                return Found::Wrong;
            }
            (Some(direct), Some(file)) if direct.origin.layer() < file.origin.layer() => (None, Some(file)),
            (Some(direct), _) => (Some(direct), None),
            (None, file) => (None, file),
        };
        let (secret, origin) = match (direct, from_file) {
            (Some(direct), _) => (direct.text.clone(), direct.origin.to_string()),
            (None, Some(file)) => match self.secret_of_file(&file_key, file) {
                Some(found) => found,
                None => return Found::Wrong,
            },
            (None, None) => {
                self.show(key, String::new(), NOT_SET.to_owned(), help);
                return Found::Nothing;
            }
        };
        if secret.expose_secret().is_empty() {
            self.problems.push(Problem::new(key, Some(origin), "is empty"));
            return Found::Wrong;
        }
        self.show(key, MASK.to_owned(), origin, help);
        Found::Value(secret)
    }

    /// The secret in the file that `entry` names, and both places as its origin.
    fn secret_of_file(&mut self, file_key: &str, entry: &Entry) -> Option<(SecretString, String)> {
        let path = entry.text.expose_secret();
        match std::fs::read_to_string(Path::new(path)) {
            Ok(content) => {
                let content = SecretString::from(content);
                Some((content.expose_secret().trim().into(), format!("{path}, named by {}", entry.origin)))
            }
            Err(error) => {
                // Without a slash it may be the secret itself, given under the wrong key.
                let file = if path.contains('/') { format!("{path:?}") } else { "the file it names".to_owned() };
                self.wrong(file_key, &entry.origin, format!("cannot read {file}: {error}"));
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, origin: &Origin, what: String) {
        self.problems.push(Problem::new(key, Some(origin.to_string()), what));
    }

    /// A key read twice is shown once.
    fn show(&mut self, key: &str, value: String, origin: String, help: &str) {
        if self.shown.iter().all(|shown| shown.key != key) {
            self.shown.push(Shown { key: key.to_owned(), value, origin, help: help.to_owned() });
        }
    }

    fn find_unknown_keys(&mut self) {
        let given = Arc::clone(&self.given);
        for (key, entry) in given.entries.iter().filter(|(key, _)| !self.known.contains(*key)) {
            let meant = nearest(key, self.known.iter().map(String::as_str));
            let what = match meant {
                Some(meant) => format!("unknown key; did you mean {meant}?"),
                None => "unknown key".to_owned(),
            };
            self.problems.push(Problem::new(key, Some(entry.origin.to_string()), what));
        }
        for (table, origin) in &given.empty_tables {
            let prefix = format!("{table}.");
            if !self.known.iter().any(|key| key.starts_with(&prefix)) {
                self.wrong(table, origin, "unknown table".to_owned());
            }
        }
    }

    /// A single underscore where two belong would otherwise silently leave the default in force.
    fn find_misnamed_variables(&mut self) {
        for name in &self.given.near_variables {
            let single = |key: &&String| variable_for(key).replace("__", "_") == *name;
            if let Some(key) = self.known.iter().find(single) {
                let what = format!("is not read: two underscores part section and key; write {}", variable_for(key));
                self.problems.push(Problem::new(name, None, what));
            }
        }
    }
}

/// The outcome of reading one key.
enum Found<T> {
    Value(T),
    Nothing,
    /// Reported already.
    Wrong,
}

impl<T> Found<T> {
    fn into_option(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Wrong => None,
        }
    }
}
