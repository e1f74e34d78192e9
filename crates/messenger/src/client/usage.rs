//! How much of the platform's limits is used, as the headers of every answer tell.

use crate::json::{self, Detail, Integer};
use domain::time::Span;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// How much is used up. Empty where the platform says nothing, as it does far below the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// By the app: `X-App-Usage`.
    pub app: Option<Load>,
    /// By the Page: `X-Page-Usage`.
    pub page: Option<Load>,
    /// By each business object: `X-Business-Use-Case-Usage`.
    pub business: Vec<BusinessUse>,
}

/// Percentages of a limit; at 100 calls are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Of the calls.
    pub calls: u32,
    /// Of the time that they took.
    pub time: u32,
    /// Of the processors' time that they took.
    pub cpu: u32,
}

/// How much of one use case's limit a business object has used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusinessUse {
    /// Whose: the id of a Page, an ad account or a business.
    pub object: String,
    /// Which limit, such as `messenger` or `pages`.
    pub kind: String,
    /// How much of it.
    pub load: Load,
    /// When calls will be taken again, counted from the answer; zero while they are.
    pub regain: Span,
}

impl Load {
    /// Whether nothing of the limit is left.
    pub const fn is_used_up(self) -> bool {
        self.calls >= 100 || self.time >= 100 || self.cpu >= 100
    }
}

impl Usage {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            app: text("x-app-usage").and_then(load),
            page: text("x-page-usage").and_then(load),
            business: text("x-business-use-case-usage").map(business).unwrap_or_default(),
        }
    }

    /// The highest percentage of all; 0 where nothing is told.
    pub fn highest(&self) -> u32 {
        let business = self.business.iter().map(|one| one.load);
        let loads = self.app.into_iter().chain(self.page).chain(business);
        loads.map(|load| load.calls.max(load.time).max(load.cpu)).max().unwrap_or(0)
    }

    /// The longest time that any of the limits still has to pass; none where all are open.
    pub fn regain(&self) -> Option<Span> {
        self.business.iter().map(|one| one.regain).filter(|regain| *regain > Span::default()).max()
    }
}

/// The time in `Retry-After`, where it is given in seconds.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Span> {
    let seconds: u32 = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds > 0).then_some(Span::from_secs(seconds.into()))
}

#[derive(Deserialize)]
struct WireLoad {
    #[serde(default)]
    call_count: Detail<Integer>,
    #[serde(default)]
    total_time: Detail<Integer>,
    #[serde(default)]
    total_cputime: Detail<Integer>,
}

#[derive(Deserialize)]
struct WireBusiness {
    #[serde(default, rename = "type")]
    kind: Detail<String>,
    #[serde(default)]
    call_count: Detail<Integer>,
    #[serde(default)]
    total_time: Detail<Integer>,
    #[serde(default)]
    total_cputime: Detail<Integer>,
    #[serde(default)]
    estimated_time_to_regain_access: Detail<Integer>,
}

fn load(text: &str) -> Option<Load> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    Some(json::object::<WireLoad>(raw)?.load())
}

fn business(text: &str) -> Vec<BusinessUse> {
    type Uses = Detail<Vec<Detail<WireBusiness>>>;
    let all: BTreeMap<String, Uses> = serde_json::from_str(text).unwrap_or_default();
    let of = |(object, uses): (String, Uses)| {
        let readable = uses.0.unwrap_or_default().into_iter().filter_map(|one| one.0);
        readable.map(move |one| BusinessUse {
            object: object.clone(),
            kind: one.kind.0.unwrap_or_default(),
            load: Load { calls: number(one.call_count), time: number(one.total_time), cpu: number(one.total_cputime) },
            // The platform counts in minutes.
            regain: Span::from_secs(i64::from(number(one.estimated_time_to_regain_access)) * 60),
        })
    };
    all.into_iter().flat_map(of).collect()
}

impl WireLoad {
    fn load(self) -> Load {
        Load { calls: number(self.call_count), time: number(self.total_time), cpu: number(self.total_cputime) }
    }
}

/// What is no number that can be, is left out.
fn number(detail: Detail<Integer>) -> u32 {
    detail.0.and_then(|number| u32::try_from(number.0).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn every_header_is_read_with_its_percentages_and_minutes() {
        let usage = Usage::read(&headers(&[
            ("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":"3"}"#),
            ("x-page-usage", r#"{"call_count":1}"#),
            (
                "x-business-use-case-usage",
                r#"{"1001":[{"type":"messenger","call_count":95,"total_cputime":20,"total_time":30,"estimated_time_to_regain_access":19},{"type":"pages"}],"1002":[]}"#,
            ),
        ]));
        let messenger = BusinessUse {
            object: "1001".to_owned(),
            kind: "messenger".to_owned(),
            load: Load { calls: 95, time: 30, cpu: 20 },
            regain: Span::from_secs(1140),
        };
        let pages = BusinessUse { object: "1001".to_owned(), kind: "pages".to_owned(), ..BusinessUse::default() };
        let expected = Usage {
            app: Some(Load { calls: 28, time: 25, cpu: 3 }),
            page: Some(Load { calls: 1, time: 0, cpu: 0 }),
            business: vec![messenger, pages],
        };
        assert_eq!(usage, expected);
        assert_eq!((usage.highest(), usage.regain()), (95, Some(Span::from_secs(1140))));
    }

    #[test]
    fn headers_that_cannot_be_read_tell_nothing() {
        for text in ["", "{", "[]", "7", r#"{"1001":{"call_count":1}}"#] {
            let usage = Usage::read(&headers(&[("x-app-usage", text), ("x-business-use-case-usage", text)]));
            assert_eq!((usage.highest(), usage.regain()), (0, None), "{text}");
        }
        assert_eq!(Usage::read(&HeaderMap::new()), Usage::default());
    }

    #[test]
    fn a_time_to_come_back_is_read_in_seconds_alone() {
        for (text, expected) in [("120", Some(Span::from_secs(120))), ("0", None), ("soon", None), ("-1", None)] {
            assert_eq!(retry_after(&headers(&[("retry-after", text)])), expected, "{text}");
        }
    }
}
