//! Layers, secrets, unknown keys, and the one error that names them all.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;
use crate::telemetry::LogFormat;

struct Case {
    folder: TempDir,
    file: Option<PathBuf>,
    env: Vec<(String, String)>,
    flags: Vec<(String, String)>,
}

impl Case {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), file: None, env: Vec::new(), flags: Vec::new() }
    }

    fn file(mut self, toml: &str) -> Self {
        self.file = Some(self.write("n.toml", toml));
        self
    }

    fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn load(&self) -> Result<Layers, ConfigError> {
        Layers::load(self.file.as_deref(), self.env.clone().into_iter(), &self.flags)
    }

    fn reader(&self) -> Reader {
        self.load().unwrap().reader()
    }

    /// The error's lines, with the temporary folder cut off.
    fn lines(&self, error: &ConfigError) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        error.to_string().replace(&folder, "").lines().map(|line| line.trim().to_owned()).collect()
    }
}

fn port(reader: &mut Reader) -> u16 {
    reader.get("ingress.port", 1, "The port.")
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_the_default() {
    let case = Case::new();
    assert_eq!(port(&mut case.reader()), 1);
    let case = case.file("[ingress]\nport = 2");
    assert_eq!(port(&mut case.reader()), 2);
    let case = case.env("NUNCIO_INGRESS__PORT", "3");
    assert_eq!(port(&mut case.reader()), 3);
    let case = case.flag("ingress.port", "4");
    let mut reader = case.reader();
    assert_eq!(port(&mut reader), 4);
    assert_eq!(reader.finish().unwrap()[0].origin, "flag ingress.port");
}

#[test]
fn one_error_names_every_wrong_key_with_its_origin_and_what_is_allowed() {
    let case = Case::new()
        .file("[ingress]\nport = 70000\ntimeout = 10\nhosts = [1]\n\n[log]\nformatt = \"json\"\n[nothing]\n")
        .env("NUNCIO_LOG__FORMAT", "xml")
        .env("NUNCIO_ADMIN_PORT", "90")
        .env("UNRELATED__KEY", "1")
        .flag("ingres.port", "1");
    let mut reader = case.reader();
    assert_eq!(port(&mut reader), 1);
    assert_eq!(reader.get("ingress.timeout", Duration::from_secs(5), "Time."), Duration::from_secs(5));
    assert_eq!(reader.get("log.format", LogFormat::Human, "Format."), LogFormat::Human);
    reader.optional::<u16>("admin.port", "Port.");
    reader.required_secret("meta.app_secret", "Secret.");
    reader.problem("ingress.port", "must differ from admin.port".to_owned());
    let error = reader.finish().unwrap_err();
    let expected = [
        "the configuration has 10 problems:",
        "- ingress.hosts (n.toml:4): is a list; no key takes one",
        "- ingress.port (n.toml:2): \"70000\" is not such a number; allowed: a whole number from 0 to 65535",
        "- ingress.timeout (n.toml:3): \"10\" is not a length of time; \
         allowed: a whole number with ms, s, m, h or d, such as 500ms or 24h",
        "- log.format (NUNCIO_LOG__FORMAT): \"xml\" is not a log format; allowed: human or json",
        "- meta.app_secret: is required; set NUNCIO_META__APP_SECRET, \
         or meta.app_secret_file to the path of a file with it",
        "- ingress.port (n.toml:2): must differ from admin.port",
        "- ingres.port (flag ingres.port): unknown key; did you mean ingress.port?",
        "- log.formatt (n.toml:7): unknown key; did you mean log.format?",
        "- nothing (n.toml:8): unknown table",
        "- NUNCIO_ADMIN_PORT: is not read: two underscores part section and key; write NUNCIO_ADMIN__PORT",
        "correct this, then run `nuncio config print` to see every key, its value and where it comes from",
    ];
    assert_eq!(case.lines(&error), expected);
}

#[test]
fn what_kubernetes_puts_into_the_environment_is_passed_over() {
    let case = Case::new()
        .env("NUNCIO_INGRESS_SERVICE_HOST", "10.0.0.1")
        .env("NUNCIO_INGRESS_PORT", "tcp://10.0.0.1:8080")
        .env("NUNCIO_INGRESS_PORT_8080_TCP", "tcp://10.0.0.1:8080");
    let mut reader = case.reader();
    assert_eq!(port(&mut reader), 1);
    reader.finish().unwrap();
}

#[test]
fn a_secret_is_masked_and_kept_to_the_letter() {
    let case = Case::new().env("NUNCIO_META__APP_SECRET", "0123").file("[meta]\nverify_token = \"true\"");
    let mut reader = case.reader();
    assert_eq!(reader.secret("meta.app_secret", "Secret.").unwrap().expose_secret(), "0123");
    assert_eq!(reader.required_secret("meta.verify_token", "Token.").expose_secret(), "true");
    assert!(reader.secret("meta.previous_secret", "Secret.").is_none());
    let shown: Vec<_> = reader.finish().unwrap().into_iter().map(|shown| (shown.key, shown.value)).collect();
    let expected = [("meta.app_secret", "•••"), ("meta.verify_token", "•••"), ("meta.previous_secret", "")];
    assert_eq!(shown, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

#[test]
fn a_secret_can_come_from_a_file_and_the_higher_layer_wins() {
    let case = Case::new().file("[meta]\napp_secret = \"from the layer below\"");
    let path = case.write("secret", "  from-a-file\n").display().to_string();
    let case = case.env("NUNCIO_META__APP_SECRET_FILE", &path);
    let mut reader = case.reader();
    assert_eq!(reader.secret("meta.app_secret", "Secret.").unwrap().expose_secret(), "from-a-file");
    let shown = reader.finish().unwrap();
    assert_eq!(shown[0].origin, format!("{path}, named by NUNCIO_META__APP_SECRET_FILE"));

    let case = case.flag("meta.app_secret", "from a flag");
    assert_eq!(case.reader().secret("meta.app_secret", "Secret.").unwrap().expose_secret(), "from a flag");
}

#[test]
fn a_secret_that_is_unreadable_empty_or_given_twice_is_a_problem() {
    let case = Case::new()
        .env("NUNCIO_A__ONE_FILE", "/nowhere/at/all")
        .env("NUNCIO_A__TWO", "")
        .file("[a]\nthree = \"x\"\nthree_file = \"y\"");
    let mut reader = case.reader();
    for key in ["a.one", "a.two", "a.three"] {
        reader.required_secret(key, "Secret.");
    }
    let error = reader.finish().unwrap_err();
    let lines = case.lines(&error);
    let unreadable = "- a.one_file (NUNCIO_A__ONE_FILE): cannot read \"/nowhere/at/all\": ";
    assert!(lines[1].starts_with(unreadable), "{}", lines[1]);
    assert_eq!(lines[2], "- a.two (NUNCIO_A__TWO): is empty");
    assert_eq!(lines[3], "- a.three (n.toml:2): is also given as a.three_file (n.toml:3); keep one");
    assert_eq!(error.problems().len(), 3);
}

#[test]
fn no_error_and_no_debug_output_holds_a_secret() {
    const SECRET: &str = "hunter2";
    let case = Case::new()
        .file(&format!("[meta]\napp_secrett = \"{SECRET}\"\nlist = [\"{SECRET}\"]\n\"a.b\" = \"{SECRET}\""))
        .env("NUNCIO_META__APP_SECRET", SECRET)
        .env("NUNCIO_META__OTHER_SECRET_FILE", SECRET);
    let layers = case.load().unwrap();
    let mut reader = layers.reader();
    let secret = reader.secret("meta.app_secret", "Secret.");
    assert!(reader.secret("meta.other_secret", "Secret.").is_none());
    let debug = format!("{layers:?} {reader:?} {secret:?}");
    let error = reader.finish().unwrap_err();
    assert_eq!(error.problems().len(), 4);
    let syntax = Case::new().file(&format!("[meta]\napp_secret = {SECRET}")).load().unwrap_err();
    let twice = Case::new().file(&format!("[meta]\na = \"{SECRET}\"\na = \"{SECRET}\"")).load().unwrap_err();
    for text in [debug, format!("{error} {error:?}"), format!("{syntax} {syntax:?}"), format!("{twice} {twice:?}")] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_syntax_error_names_file_line_and_column() {
    let case = Case::new().file("[log]\nformat = = 1");
    let error = case.load().unwrap_err();
    let lines = case.lines(&error);
    assert!(lines[1].starts_with("- n.toml:2:10: is not valid TOML: "), "{}", lines[1]);
}

#[test]
fn a_file_that_was_named_must_exist() {
    let mut case = Case::new();
    case.file = Some(case.folder.path().join("absent.toml"));
    let error = case.load().unwrap_err();
    assert!(case.lines(&error)[1].starts_with("- absent.toml: cannot be read: "), "{error}");
}

#[test]
fn named_tables_are_found_in_every_layer() {
    let case = Case::new()
        .file("[pages.2]\naccess_token = \"two\"\n[pages.3]\n[pages]\nlimit = 5")
        .env("NUNCIO_PAGES__1__ACCESS_TOKEN", "one");
    let mut reader = case.reader();
    assert_eq!(reader.names_under("pages"), ["1", "2", "3"]);
    let tokens: Vec<_> = reader.names_under("pages").iter().map(|name| token(&mut reader, name)).collect();
    assert_eq!(tokens, [Some("one".to_owned()), Some("two".to_owned()), None]);
    let error = reader.finish().unwrap_err();
    assert_eq!(case.lines(&error)[1], "- pages.limit (n.toml:5): unknown key");
}

fn token(reader: &mut Reader, page: &str) -> Option<String> {
    let token = reader.secret_under("pages", page, "access_token", "Token.");
    token.map(|token| token.expose_secret().to_owned())
}

#[test]
fn numbers_and_truth_values_of_the_file_are_read_as_their_text() {
    let case = Case::new().file("a.hex = 0x10\na.grouped = 1_000\na.yes = true\na.text = \"7\"\na.ratio = 0.5");
    let mut reader = case.reader();
    assert_eq!(reader.get::<u64>("a.hex", 0, ""), 16);
    assert_eq!(reader.get::<u32>("a.grouped", 0, ""), 1_000);
    assert!(reader.get("a.yes", false, ""));
    assert_eq!(reader.get::<usize>("a.text", 0, ""), 7);
    assert_eq!(reader.get("a.ratio", String::new(), ""), "0.5");
    reader.finish().unwrap();
}

#[test]
fn what_is_shown_has_the_order_of_reading_and_each_origin() {
    let case = Case::new().file("[b]\none = 1").env("NUNCIO_B__TWO", "2MiB");
    let mut reader = case.reader();
    reader.get("b.two", ByteSize::kib(1), "Two.");
    reader.get("b.one", 9_u16, "One.");
    reader.get("b.three", Duration::from_secs(60), "Three.");
    let four = reader.optional::<String>("b.four", "Four.");
    assert_eq!(four, None);
    let shown = reader.finish().unwrap();
    let rows: Vec<_> =
        shown.iter().map(|shown| (shown.key.as_str(), shown.value.as_str(), shown.help.as_str())).collect();
    assert_eq!(
        rows,
        [("b.two", "2MiB", "Two."), ("b.one", "1", "One."), ("b.three", "1m", "Three."), ("b.four", "", "Four.")]
    );
    let origins: Vec<_> = shown.iter().map(|shown| shown.origin.rsplit('/').next().unwrap()).collect();
    assert_eq!(origins, ["NUNCIO_B__TWO", "n.toml:2", "default", "not set"]);
}
