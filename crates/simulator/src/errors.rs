//! The catalogue of errors: every refusal of the Graph API, with HTTP status, code, subcode, type and words as Meta has
//! them (error codes page). Meta documents no HTTP status per code: 400 but for tokens (401), throttling on command (429)
//! and outages (500).

use serde_json::{Value, json};

/// A refusal as the wire shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) subcode: Option<u32>,
    pub(crate) kind: &'static str,
    pub(crate) says: &'static str,
}

const OAUTH: &str = "OAuthException";
const METHOD: &str = "GraphMethodException";
const BATCH: &str = "GraphBatchException";

/// One line an error: name, HTTP status, code, subcode (0 for none), type, words.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident: $status:literal, $code:literal / $subcode:literal, $kind:ident, $says:literal;)+) => {
        /// Why a call does not succeed. An answer, not a failure of the simulator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Refusal { $($(#[$doc])* $name,)+ }

        impl Refusal {
            /// Every refusal there is, in the catalogue's order.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// How Meta puts it.
            pub(crate) fn shape(self) -> Shape {
                let (status, code, subcode, kind, says) = match self {
                    $(Self::$name => ($status, $code, $subcode, $kind, $says),)+
                };
                Shape { status, code, subcode: (subcode != 0).then_some(subcode), kind, says }
            }
        }
    };
}

catalogue! {
    /// A fault: an error inside the platform.
    Internal: 500, 1 / 0, OAUTH, "An unknown error has occurred.";
    /// A fault: unknown, or missing permissions.
    Unknown: 400, 1 / 99, OAUTH, "An unknown error occurred";
    /// A fault: the message was sent, and an error is answered all the same.
    SentButError: 400, 1 / 1_357_046, OAUTH, "(#1) Received Invalid JSON reply.";
    /// The form of an instant-form template is no form of this Page.
    FormIneligible: 400, 1 / 2_018_382, OAUTH, "(#1) The form is invalid or not eligible.";
    /// A fault: the service is down for a moment.
    Unavailable: 500, 2 / 0, OAUTH, "An unexpected error has occurred. Please retry your request later.";
    /// The Page has not accepted the contact terms that labels need.
    ContactTerms: 400, 2 / 2_018_344, OAUTH, "(#2) Page Contact terms have not been accepted by the Page admin.";
    /// The app may not use this endpoint.
    Capability: 400, 3 / 0, OAUTH, "(#3) Application does not have the capability to make this API call.";
    /// Too many calls of the app.
    AppLimit: 400, 4 / 0, OAUTH, "(#4) Application request limit reached";
    /// Too many sends to phone numbers.
    PhoneLimit: 400, 4 / 2_018_022, OAUTH, "(#4) Too many send requests to phone numbers";
    /// A recurring notification before its time.
    NotificationTooEarly: 400, 4 / 2_018_354, OAUTH, "(#4) Recurring notification message sent before it is allowed.";
    /// The person has been asked often enough.
    OptInLimit: 400, 9 / 2_018_352, OAUTH, "(#9) The limit of notification opt-in requests has been reached for this person.";
    /// A permission or feature is missing.
    Permission: 400, 10 / 0, OAUTH, "(#10) Application does not have permission for this action";
    /// The Page may not ask for opt-ins for a while.
    OptInBarred: 400, 10 / 1_404_170, OAUTH, "(#10) This Page is temporarily restricted from sending opt-in requests.";
    /// The person stopped these notifications.
    NotificationStopped: 400, 10 / 1_893_015, OAUTH, "(#10) The user has opted out of receiving notification messages for this topic.";
    /// The Page may not send for a while.
    PageRestricted: 400, 10 / 1_893_063, OAUTH, "(#10) This Page is temporarily restricted from sending messages.";
    /// The news permission is missing.
    OutsideSubscription: 400, 10 / 2_018_065, OAUTH, "(#10) This message is sent outside of allowed window. You need page_messaging_subscriptions permission to be able to do it.";
    /// The person can receive nothing now.
    CannotReceive: 400, 10 / 2_018_108, OAUTH, "(#10) This person is unavailable right now.";
    /// No window is open for this person on this basis.
    OutsideWindow: 400, 10 / 2_018_278, OAUTH, "(#10) This message is sent outside of allowed window.";
    /// European privacy rules stop a feature for this person.
    PrivacyRules: 400, 10 / 2_018_336, OAUTH, "(#10) This feature is not available to this person because of privacy rules in Europe.";
    /// A fault: too many calls with this user's token.
    UserLimit: 400, 17 / 0, OAUTH, "(#17) User request limit reached";
    /// A fault: too many Page calls with a user's token.
    PageUserLimit: 400, 32 / 0, OAUTH, "(#32) Page request limit reached";
    /// A parameter is missing or wrong; the words say which.
    Parameter: 400, 100 / 0, OAUTH, "(#100) Invalid parameter";
    /// The app demands `appsecret_proof`, and none came.
    ProofMissing: 400, 100 / 0, METHOD, "API calls from the server require an appsecret_proof argument";
    /// The `appsecret_proof` is not the HMAC of that token.
    ProofWrong: 400, 100 / 0, METHOD, "Invalid appsecret_proof provided in the API argument";
    /// The body is neither a JSON object nor a form.
    UnreadableBody: 400, 100 / 0, OAUTH, "(#100) The body is neither a JSON object nor a form";
    /// A tag that has ended.
    TagRetired: 400, 100 / 0, OAUTH, "(#100) This message tag has been deprecated and is no longer supported.";
    /// Recurring notifications have ended.
    NotificationsEnded: 400, 100 / 0, OAUTH, "(#100) Recurring notifications are no longer supported.";
    /// A notification token that is unknown, used or expired.
    NotificationToken: 400, 100 / 0, OAUTH, "(#100) The notification token is invalid or has expired.";
    /// The object of the path does not exist, or belongs to somebody else.
    NoSuchObject: 400, 100 / 33, METHOD, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation.";
    /// No recipient, or a person this Page does not know.
    NoMatchingUser: 400, 100 / 2_018_001, OAUTH, "(#100) No matching user found";
    /// The URL of an attachment can't be fetched.
    MediaUnreachable: 400, 100 / 2_018_008, OAUTH, "(#100) Failed to fetch the file from the url";
    /// A message and a sender action in one call.
    MessageAndAction: 400, 100 / 2_018_014, OAUTH, "(#100) Message and sender action cannot be sent together";
    /// The upload failed, or its type is not the one declared.
    UploadFailed: 400, 100 / 2_018_047, OAUTH, "(#100) Upload attachment failure. The type of file does not match the attachment type.";
    /// An attachment id that is unknown, another Page's, or too old.
    NoSuchAttachment: 400, 100 / 2_018_074, OAUTH, "(#100) Invalid attachment ID";
    /// The attachment is too large.
    AttachmentTooLarge: 400, 100 / 2_018_109, OAUTH, "(#100) Attachment size exceeds allowable limit";
    /// The app id of a hand-over is none.
    WrongApp: 400, 100 / 2_018_164, OAUTH, "(#100) Wrong app ID";
    /// A video that takes too long to fetch, or is broken.
    VideoFetch: 400, 100 / 2_018_294, OAUTH, "(#100) The video could not be fetched or is corrupt";
    /// A product that is not in the Page's catalogue.
    NoSuchProduct: 400, 100 / 2_018_320, OAUTH, "(#100) Invalid product ID";
    /// Product templates need a newer version.
    ProductVersion: 400, 100 / 2_018_328, OAUTH, "(#100) The product template needs API version 8.0 or later";
    /// A fault: something is wrong with the session.
    Session: 400, 102 / 0, OAUTH, "(#102) Session key invalid or no longer valid";
    /// No access token came with the call.
    TokenMissing: 401, 190 / 0, OAUTH, "An access token is required to request this resource.";
    /// No Page and no app has that token.
    TokenInvalid: 401, 190 / 0, OAUTH, "Invalid OAuth access token - Cannot parse access token";
    /// The person removed the app.
    TokenAppRemoved: 401, 190 / 458, OAUTH, "Error validating access token: The user has not authorized application";
    /// The person must pass a check.
    TokenCheckpoint: 401, 190 / 459, OAUTH, "Error validating access token: You cannot access the app till you log in and follow the instructions given.";
    /// The person changed their password.
    TokenPassword: 401, 190 / 460, OAUTH, "Error validating access token: The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.";
    /// The token's time is over.
    TokenExpired: 401, 190 / 463, OAUTH, "Error validating access token: Session has expired.";
    /// The account is not confirmed.
    TokenUnconfirmed: 401, 190 / 464, OAUTH, "Error validating access token: Sessions for the user are not allowed because the user is not a confirmed user.";
    /// The token was revoked.
    TokenRevoked: 401, 190 / 467, OAUTH, "Error validating access token: This access token is invalid since the user has logged out.";
    /// The session has another owner.
    TokenOwner: 401, 190 / 492, OAUTH, "Error validating access token: Session does not match current stored session.";
    /// The app is not live, and this person has no role on it.
    NoRole: 400, 200 / 0, OAUTH, "(#200) Cannot message users who are not admins, developers or testers of the app until pages_messaging permission is reviewed and the app is live.";
    /// The person is not available.
    PersonUnavailable: 400, 200 / 1_545_041, OAUTH, "(#200) This person isn't available right now.";
    /// Customer matching's fee.
    PhoneFee: 400, 200 / 2_018_021, OAUTH, "(#200) To use phone matching, an admin of the Page must agree to the terms.";
    /// Customer matching's permission.
    PhonePermission: 400, 200 / 2_018_027, OAUTH, "(#200) Cannot message users by phone number: the pages_messaging_phone_number permission is missing.";
    /// The app has not been approved.
    NotApproved: 400, 200 / 2_018_028, OAUTH, "(#200) Cannot message users: pages_messaging is not approved.";
    /// A fault: the app is down or throttled.
    AppThrottled: 400, 341 / 0, OAUTH, "(#341) Application limit reached";
    /// The Page is blocked for what it did.
    PolicyBlocked: 400, 368 / 0, OAUTH, "(#368) The action attempted has been deemed abusive or is otherwise disallowed";
    /// The same once more.
    Duplicate: 400, 506 / 0, OAUTH, "(#506) Duplicate status message";
    /// The person does not receive from this Page: it is blocked.
    NotReceiving: 400, 551 / 1_545_041, OAUTH, "(#551) This person isn't available right now.";
    /// Too many calls for this Page.
    RateLimit: 400, 613 / 0, OAUTH, "(#613) Calls to this api have exceeded the rate limit.";
    /// The number of calls jumps.
    Inconsistent: 400, 613 / 1_996, OAUTH, "(#613) We have noticed inconsistent API request volume from your app.";
    /// The same opt-in request once more.
    OptInRepeated: 400, 613 / 1_893_016, OAUTH, "(#613) The person has already been asked to opt in to this topic.";
    /// Tags are used too much towards this person.
    TagAbuse: 400, 613 / 2_018_338, OAUTH, "(#613) Message tag usage towards this person looks abusive; the Page may be restricted.";
    /// A fault: sending failed for a moment (older list).
    TemporaryFailure: 400, 1_200 / 0, OAUTH, "(#1200) Temporary send message failure. Please try again later.";
    /// Commerce messages are switched off after a violation.
    CommerceDisabled: 400, 2_022 / 0, OAUTH, "(#2022) This Page's ability to send messages has been disabled.";
    /// The callback did not pass the handshake.
    CallbackUnverified: 400, 2_200 / 0, OAUTH, "(#2200) Callback verification failed";
    /// The path leads nowhere.
    UnknownPath: 400, 2_500 / 0, OAUTH, "Unknown path components";
    /// The account-linking token is wrong.
    LinkingToken: 400, 10_303 / 0, OAUTH, "(#10303) Invalid account_linking_token";
    /// There is a private reply to this comment or post already. Not in Meta's list: unverified.
    AlreadyReplied: 400, 10_900 / 0, OAUTH, "(#10900) Activity already replied to";
    /// Too many calls for this Page in a day.
    BusinessLimit: 400, 80_006 / 0, OAUTH, "(#80006) There have been too many calls to this messenger account. Wait a bit and try again.";
    /// Too many calls for this Page in an hour.
    PageLimit: 400, 80_001 / 0, OAUTH, "(#80001) There have been too many calls to this Page account. Wait a bit and try again.";
    /// Pass, take and request need another role.
    ThreadControl: 400, 2_018_171 / 0, OAUTH, "(#2018171) The app cannot do this with the thread's control now.";
    /// A media template names a thing of another type.
    MediaType: 400, 2_018_175 / 0, OAUTH, "(#2018175) The media type does not match the attachment.";
    /// A media template has neither id nor URL, or both.
    MediaSource: 400, 2_018_182 / 0, OAUTH, "(#2018182) A media element needs either attachment_id or url.";
    /// A media template's URL is not one of Facebook.
    MediaForeign: 400, 2_018_184 / 0, OAUTH, "(#2018184) The url of a media template must be a Facebook url.";
    /// The account has no profile.
    NoProfile: 400, 2_018_218 / 0, METHOD, "(#2018218) No profile available for this user.";
    /// The app may not see profiles.
    ProfilePermission: 400, 2_018_247 / 0, METHOD, "(#2018247) Insufficient permission to access user profile.";
    /// Another app controls the thread.
    NotThreadOwner: 400, 10 / 2_018_300, OAUTH, "(#10) Message failed to send because another app is controlling this thread now.";
    /// An automated question-and-answer flow runs.
    FlowRunning: 400, 2_018_321 / 0, OAUTH, "(#2018321) Message cannot be sent: an automated flow is running in this thread.";
    /// The message is deleted, or older than what can be read.
    MessageGone: 400, 9_000_001 / 0, OAUTH, "This message has been deleted or is too old to be read.";
    /// More than 50 requests in a batch.
    BatchTooLarge: 400, 100 / 0, BATCH, "Too many requests in batch message. Maximum batch size is 50";
    /// A fault: throttled before the call was looked at.
    TooManyRequests: 429, 4 / 0, OAUTH, "(#4) Application request limit reached";
}

/// A refusal with what belongs to this call alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GraphError {
    pub(crate) refusal: Refusal,
    /// Words in place of the catalogue's.
    says: Option<String>,
    /// `error_data`, where there is some.
    data: Option<Value>,
}

impl From<Refusal> for GraphError {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, says: None, data: None }
    }
}

impl Refusal {
    /// The refusal of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| format!("{refusal:?}") == name)
    }

    /// The refusal in other words.
    pub(crate) fn saying(self, says: impl Into<String>) -> GraphError {
        GraphError::from(self).saying(says)
    }
}

impl GraphError {
    /// Error 100: what is wrong with which parameter.
    pub(crate) fn param(says: impl Into<String>) -> Self {
        Self::from(Refusal::Parameter).saying(format!("(#100) {}", says.into()))
    }

    /// The same error in other words.
    pub(crate) fn saying(self, says: impl Into<String>) -> Self {
        Self { says: Some(says.into()), ..self }
    }

    /// The same error with `error_data`.
    pub(crate) fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    /// The body that goes over the wire.
    pub(crate) fn body(&self, trace: String) -> Value {
        let shape = self.refusal.shape();
        let says = self.says.as_deref().unwrap_or(shape.says);
        let mut error = json!({ "message": says, "type": shape.kind, "code": shape.code, "fbtrace_id": trace });
        if let Some(subcode) = shape.subcode {
            error["error_subcode"] = subcode.into();
        }
        if matches!(self.refusal, Refusal::Unavailable | Refusal::TemporaryFailure) {
            error["is_transient"] = true.into();
        }
        if let Some(data) = &self.data {
            error["error_data"] = data.clone();
        }
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_code_they_come_with() {
        for refusal in Refusal::ALL {
            let shape = refusal.shape();
            if let Some(named) = shape.says.strip_prefix("(#").and_then(|rest| rest.split(')').next()) {
                assert_eq!(named, shape.code.to_string(), "{refusal:?}");
            }
            assert!((400..=500).contains(&shape.status), "{refusal:?}");
        }
    }
}
