//! Lists in pages: `limit`, `after`, `before`, and the cursors of the answer. A cursor is an item's key in base64url, so it
//! holds while the list changes.

use serde_json::{Value, json};

use super::Request;
use crate::errors::GraphError;
use crate::world::ids::{decode, encode};

/// The default length of a page, and the longest.
const LENGTHS: (usize, usize) = (25, 100);

/// One page of a list whose items come in the order of their keys.
pub(crate) fn page<T>(
    request: &Request<'_>,
    items: Vec<(String, T)>,
    show: impl Fn(T) -> Value,
) -> Result<Value, GraphError> {
    let limit = request.number("limit")?.unwrap_or(i64::try_from(LENGTHS.0).unwrap_or(25));
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| GraphError::param("param limit must be positive"))?.min(LENGTHS.1);
    let cursor = |key: &str| -> Result<Option<String>, GraphError> {
        let Some(text) = request.text(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let key = decode(&text).and_then(|bytes| String::from_utf8(bytes).ok());
        key.map(Some).ok_or_else(|| GraphError::param("Invalid cursor"))
    };
    let n_items = items.len();
    let place_of = |key: &str| items.iter().position(|(known, _)| known == key);
    let (from, to) = match (cursor("after")?, cursor("before")?) {
        (Some(after), _) => {
            let from = place_of(&after).map_or(n_items, |place| place + 1);
            (from, from.saturating_add(limit).min(n_items))
        }
        (None, Some(before)) => {
            let to = place_of(&before).unwrap_or(0);
            (to.saturating_sub(limit), to)
        }
        (None, None) => (0, limit.min(n_items)),
    };
    let mut keys = Vec::new();
    let mut data = Vec::new();
    for (key, item) in items.into_iter().skip(from).take(to.saturating_sub(from)) {
        keys.push(encode(key.as_bytes()));
        data.push(show(item));
    }
    let mut answer = json!({ "data": data });
    if let (Some(first), Some(last)) = (keys.first(), keys.last()) {
        let mut paging = json!({ "cursors": { "before": first, "after": last } });
        let path = request.call.path.join("/");
        if to < n_items {
            paging["next"] = format!("https://graph.facebook.com/{path}?limit={limit}&after={last}").into();
        }
        if from > 0 {
            paging["previous"] = format!("https://graph.facebook.com/{path}?limit={limit}&before={first}").into();
        }
        answer["paging"] = paging;
    }
    Ok(answer)
}
