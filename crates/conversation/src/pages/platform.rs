//! What the platform says of a Page and its access token, and what is missing of what Nuncio needs.

use api::proto::page::v1::{Problem, ProblemKind};
use domain::id::{AppId, PageId};
use domain::time::{Span, Timestamp};
use messenger::client::errors::Known;
use messenger::client::{As, CallError, SendClient, SubscribedApp, TokenState};
use secrecy::SecretString;

/// The webhook fields that sending and judging rest on: what people do, what became of messages, who has the thread, and
/// what the platform does to the Page (webhook reference of the Messenger Platform).
pub(super) const FIELDS: [&str; 11] = [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_template_status_update",
    "messaging_handovers",
    "messaging_optins",
    "messaging_policy_enforcement",
    "messaging_postbacks",
    "messaging_referrals",
    "feed",
];

/// What a token must allow: to send, and to have the app hear webhooks (permissions reference).
const SCOPES: [&str; 2] = ["pages_messaging", "pages_manage_metadata"];

/// A token that ends within this is told of.
const SOON: Span = Span::from_hours(7 * 24);

/// What a check found out.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The app that the token was made for.
    pub(super) app: Option<AppId>,
    /// The error by which the platform does not take the token.
    pub(super) refused: Option<(i64, i64)>,
    /// Whether the platform took the token, for this Page.
    pub(super) is_token_well: bool,
    /// The fields that the app does not hear; none: that is not known.
    pub(super) missing: Option<Vec<String>>,
    /// Everything for which the Page is not ready.
    pub(super) problems: Vec<Problem>,
}

impl Found {
    /// Whether the token cannot be used, whatever else is true.
    pub(super) fn is_unusable(&self) -> bool {
        !self.is_token_well
    }

    /// The problem for which nothing is known; the call may be repeated.
    pub(super) fn silence(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.kind() == ProblemKind::PlatformSilent)
    }

    fn add(&mut self, kind: ProblemKind, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem { kind: kind.into(), what: what.into(), remedy: remedy.into() });
    }

    fn failed(&mut self, error: &CallError) {
        match error {
            CallError::Refused(error) if error.is_of_the_token() => {
                self.refused = Some((error.code, error.subcode));
                self.problems.push(token_refused(error.code, error.subcode));
            }
            CallError::Refused(_) | CallError::NotSent(_) | CallError::Ambiguous(_) => {
                self.add(ProblemKind::PlatformSilent, format!("The platform did not tell: {error}."), "Ask again.");
            }
        }
    }

    fn token(&mut self, page: &PageId, app: Option<&AppId>, token: TokenState, now: Timestamp) {
        if !token.is_valid {
            self.refused = Some((190, 0));
            self.problems.push(token_refused(190, 0));
            return;
        }
        let of_another_page = token.page.as_ref().is_some_and(|found| found != page);
        let of_another_app = app.is_some_and(|ours| token.app.as_ref().is_some_and(|found| found != ours));
        self.is_token_well = !of_another_page && !of_another_app;
        if of_another_page {
            let what = format!("The access token does not speak for page {page}.");
            self.add(ProblemKind::TokenOfAnotherPage, what, "Make a Page access token of this Page.");
        }
        if of_another_app {
            let what = "The access token was made for another app than meta.app_id names.";
            self.add(ProblemKind::TokenOfAnotherApp, what, "Make one with that app, or correct meta.app_id.");
        }
        let lacks = SCOPES.into_iter().filter(|scope| !token.scopes.iter().any(|has| has == scope));
        let lacks: Vec<_> = lacks.collect();
        if !lacks.is_empty() {
            let what = format!("The access token lacks {}.", lacks.join(", "));
            self.add(ProblemKind::ScopesMissing, what, "Make one with these permissions, and call RotatePageToken.");
        }
        if let Some(end) = token.expires_at.filter(|end| *end <= now.plus(SOON)) {
            let what = format!("The access token ends at {}.", api::convert::rfc3339(end));
            self.add(ProblemKind::TokenEndsSoon, what, "Make a new one, and call RotatePageToken.");
        }
        self.app = token.app;
    }

    fn subscriptions(&mut self, app: Option<&AppId>, apps: &[SubscribedApp]) {
        let ours = apps.iter().find(|found| Some(&found.app) == app);
        let heard = ours.map(|found| found.fields.as_slice()).unwrap_or_default();
        let missing = FIELDS.into_iter().filter(|field| !heard.iter().any(|heard| heard == field));
        let missing: Vec<_> = missing.map(str::to_owned).collect();
        self.problems.extend(fields_missing(&missing));
        self.missing = Some(missing);
    }
}

/// The platform does not take the token.
pub(super) fn token_refused(code: i64, subcode: i64) -> Problem {
    Problem {
        kind: ProblemKind::TokenRefused.into(),
        what: format!("The platform does not take the access token: error {code}, subcode {subcode}."),
        remedy: "Have the Page's owner grant access again, and give us the new token with RotatePageToken.".to_owned(),
    }
}

/// The app may not send for the Page.
pub(super) fn permission_lost(code: i64, subcode: i64) -> Problem {
    let means = Known::find(code, subcode).map(|known| known.means).unwrap_or_default();
    let advice = Known::find(code, subcode).map(|known| known.advice).unwrap_or_default();
    Problem {
        kind: ProblemKind::PermissionLost.into(),
        what: format!("The platform refused a message by error {code}, subcode {subcode}: {means}"),
        remedy: format!("{advice} The next message that leaves makes this well."),
    }
}

/// Our app does not hear what it needs; none where nothing is missing.
pub(super) fn fields_missing(missing: &[String]) -> Option<Problem> {
    (!missing.is_empty()).then(|| Problem {
        kind: ProblemKind::FieldsMissing.into(),
        what: format!("Our app does not hear these webhook fields of the Page: {}.", missing.join(", ")),
        remedy: "Call SubscribePage.".to_owned(),
    })
}

/// Asks what a token is worth for a Page, and which of its webhooks the app hears.
pub(super) async fn check(client: &SendClient, by: As<'_>, app: Option<&AppId>, now: Timestamp) -> Found {
    let mut found = Found::default();
    match client.check_token(by, by.token).await.answer {
        Ok(token) => found.token(by.page, app, token, now),
        Err(error) => found.failed(&error),
    }
    if !found.is_token_well {
        return found;
    }
    match client.subscribed_apps(by).await.answer {
        Ok(apps) => {
            let app = found.app.clone().or_else(|| app.cloned());
            found.subscriptions(app.as_ref(), &apps);
        }
        Err(error) => found.failed(&error),
    }
    found
}

/// Has the token's app hear what it needs, beside what it hears.
pub(super) async fn subscribe(client: &SendClient, by: As<'_>, app: Option<&AppId>) -> Result<(), CallError> {
    let token = client.check_token(by, by.token).await.answer?;
    let apps = client.subscribed_apps(by).await.answer?;
    let app = token.app.as_ref().or(app);
    let heard = apps.iter().find(|found| Some(&found.app) == app).map(|found| found.fields.as_slice());
    let more = heard.unwrap_or_default().iter().map(String::as_str).filter(|field| !FIELDS.contains(field));
    let fields: Vec<_> = FIELDS.into_iter().chain(more).collect();
    client.subscribe(by, &fields).await.answer
}

/// A token is never part of a log line by mistake: it is taken in as a secret at once.
pub(super) fn token(raw: String) -> Result<SecretString, &'static str> {
    let is_one = (1..=4_096).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic());
    if is_one { Ok(raw.into()) } else { Err("is 1 to 4096 printable ASCII characters without spaces") }
}
