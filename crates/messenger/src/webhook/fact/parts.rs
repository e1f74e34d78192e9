//! The parts that an id is made of.

use domain::id::{AppId, FactId, Mid};

/// Parts in their order, the first of which names the kind.
pub(super) struct Parts(Vec<Vec<u8>>);

impl Parts {
    pub(super) fn of(label: &[u8], page: &[u8]) -> Self {
        Self(vec![label.to_vec(), page.to_vec()])
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push(bytes.to_vec());
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(super) fn option(self, text: &Option<String>) -> Self {
        self.text(text.as_deref().unwrap_or_default())
    }

    pub(super) fn mid(self, mid: &Mid) -> Self {
        self.text(mid.as_str())
    }

    pub(super) fn app(self, app: &Option<AppId>) -> Self {
        self.text(app.as_ref().map_or("", |app| app.as_str()))
    }

    pub(super) fn number(self, number: Option<i64>) -> Self {
        self.text(&number.map(|number| number.to_string()).unwrap_or_default())
    }

    /// A list after its length, so that two lists in a row do not run together.
    pub(super) fn list(self, texts: &[String]) -> Self {
        let parts = self.count(texts.len());
        texts.iter().fold(parts, |parts, text| parts.text(text))
    }

    pub(super) fn count(self, count: usize) -> Self {
        self.text(&count.to_string())
    }

    pub(super) fn id(self) -> FactId {
        let parts: Vec<_> = self.0.iter().map(Vec::as_slice).collect();
        FactId::of(&parts)
    }
}
