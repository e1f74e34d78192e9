//! Why a call is refused, and how Meta says so: HTTP status, code, subcode, type and words.

/// Why a Send API call does not succeed. An answer, not a failure of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No access token came with the call.
    TokenMissing,
    /// No Page has that token.
    TokenInvalid,
    /// The app demands `appsecret_proof`, and none came.
    ProofMissing,
    /// The `appsecret_proof` is not the HMAC of that token.
    ProofWrong,
    /// The path names another Page than the token's, or none.
    NotThisPage,
    /// The path begins with something that is no version.
    UnknownPath,
    /// The body is neither a JSON object nor a form.
    UnreadableBody,
    /// No recipient, or a person this Page does not know.
    NoMatchingUser,
    /// A message and a sender action in one call.
    MessageAndAction,
    /// A parameter is missing or wrong; the words say which.
    Parameter(&'static str),
    /// A tag that ended on 27 April 2026.
    TagRetired,
    /// No window is open for this person on this basis.
    OutsideWindow,
    /// A fault: too many calls.
    Throttled,
    /// A fault: an error inside the platform.
    Internal,
    /// A fault: the message was sent, and an error is answered all the same.
    SentButError,
}

/// A refusal as the wire shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// HTTP status. Meta documents none per code: 400 but for tokens (401) and outages (500).
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) subcode: Option<u32>,
    pub(crate) kind: &'static str,
    pub(crate) message: &'static str,
}

const OAUTH: &str = "OAuthException";
const METHOD: &str = "GraphMethodException";

impl Refusal {
    /// How Meta puts it (error codes page).
    pub(crate) fn shape(self) -> Shape {
        let (status, code, subcode, kind, message) = match self {
            Self::TokenMissing => (401, 190, None, OAUTH, "An access token is required to request this resource."),
            Self::TokenInvalid => (401, 190, None, OAUTH, "Invalid OAuth access token - Cannot parse access token"),
            Self::ProofMissing => {
                (400, 100, None, METHOD, "API calls from the server require an appsecret_proof argument")
            }
            Self::ProofWrong => (400, 100, None, METHOD, "Invalid appsecret_proof provided in the API argument"),
            Self::NotThisPage => {
                (400, 100, Some(33), METHOD, "Object does not exist or cannot be loaded due to missing permissions")
            }
            Self::UnknownPath => (400, 2500, None, OAUTH, "Unknown path components"),
            Self::UnreadableBody => (400, 100, None, OAUTH, "(#100) The body is neither a JSON object nor a form"),
            Self::NoMatchingUser => (400, 100, Some(2_018_001), OAUTH, "(#100) No matching user found"),
            Self::MessageAndAction => {
                (400, 100, Some(2_018_014), OAUTH, "(#100) Message and sender action cannot be sent together")
            }
            Self::Parameter(message) => (400, 100, None, OAUTH, message),
            Self::TagRetired => (400, 100, None, OAUTH, "(#100) This message tag has been deprecated"),
            Self::OutsideWindow => {
                (400, 10, Some(2_018_278), OAUTH, "(#10) This message is sent outside of allowed window.")
            }
            Self::Throttled => (400, 613, None, OAUTH, "(#613) Calls to this api have exceeded the rate limit."),
            Self::Internal => (500, 1, None, OAUTH, "An unknown error has occurred."),
            Self::SentButError => (400, 1, Some(1_357_046), OAUTH, "(#1) Received invalid JSON reply"),
        };
        Shape { status, code, subcode, kind, message }
    }
}
