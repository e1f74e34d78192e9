//! Layered configuration: defaults, then a TOML file, then the environment, then flags. One error names every wrong key.
//!
//! [`Layers`] gather what was given. Each crate reads its own keys through a [`Reader`], which knows by that which keys
//! there are; [`Reader::finish`] then reports all wrong values and all keys nobody reads, together.

mod error;
mod file;
mod reader;
mod setting;
mod suggest;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;

pub use error::{ConfigError, Problem};
pub use reader::{Reader, Shown};
pub use setting::{ByteSize, Setting};

/// Read when no file is named; need not exist.
pub const DEFAULT_FILE: &str = "nuncio.toml";

const ENV_PREFIX: &str = "NUNCIO_";
const ENV_SEPARATOR: &str = "__";

/// Everything that was given, layer over layer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Layers(Arc<Given>);

#[derive(Debug, Default)]
struct Given {
    /// The topmost value of each key.
    entries: BTreeMap<String, Entry>,
    /// Tables of the file without any key, and where they stand.
    empty_tables: BTreeMap<String, Origin>,
    /// Variables with our prefix and no double underscore; not read, but perhaps meant.
    near_variables: Vec<String>,
    problems: Vec<Problem>,
}

/// A value as text. All values are treated as secret until a reader says otherwise.
#[derive(Debug)]
struct Entry {
    text: SecretString,
    origin: Origin,
}

/// Where a value came from; later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    File { path: String, line: usize },
    Variable(String),
    Flag(String),
}

impl Origin {
    fn layer(&self) -> u8 {
        match self {
            Self::File { .. } => 1,
            Self::Variable(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(key) => write!(f, "flag {key}"),
        }
    }
}

impl Layers {
    /// Gathers the layers from a file (none: no file), variables and flags (key and value). Variables without the prefix
    /// `NUNCIO_` are passed over. Fails if the file cannot be read or is not TOML; wrong keys come out at
    /// [`Reader::finish`].
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut given = Given::default();
        if let Some(path) = file {
            file::read(path, &mut given)?;
        }
        for (name, value) in env {
            given.add_variable(name, value);
        }
        for (key, value) in flags {
            given.set(key.clone(), value.clone(), Origin::Flag(key.clone()));
        }
        Ok(Self(Arc::new(given)))
    }

    /// The layers of this process: the file named, or else `nuncio.toml` of the working folder if there is one; the
    /// process's environment; and `flags`.
    pub fn from_process(file: Option<&Path>, flags: &[(String, String)]) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.exists().then_some(default));
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(ENV_PREFIX)) else { continue };
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::one(Problem::new(name, None, "is not valid UTF-8")));
            };
            variables.push((name.to_owned(), value));
        }
        Self::load(file, variables.into_iter(), flags)
    }

    /// A reader of these layers. One reader must read every key of the process, or the rest counts as unknown.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.0))
    }
}

impl Given {
    /// Replaces whatever a lower layer said.
    fn set(&mut self, key: String, text: String, origin: Origin) {
        self.entries.insert(key, Entry { text: text.into(), origin });
    }

    /// Takes `NUNCIO_A__B_C` as the key `a.b_c`.
    fn add_variable(&mut self, name: String, value: String) {
        let Some(rest) = name.strip_prefix(ENV_PREFIX) else { return };
        if rest.contains(ENV_SEPARATOR) {
            let key = rest.to_lowercase().replace(ENV_SEPARATOR, ".");
            self.set(key, value, Origin::Variable(name));
        } else if !is_service_link(&value) {
            self.near_variables.push(name);
        }
    }
}

/// Kubernetes gives every pod `NUNCIO_INGRESS_PORT=tcp://10.0.0.1:8080` for a Service called `nuncio-ingress`. Such names
/// have no double underscore, so they must never stop a start.
fn is_service_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

/// The variable that sets `key`.
fn variable_for(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.to_uppercase().replace('.', ENV_SEPARATOR))
}

#[cfg(test)]
mod tests;
