//! Every error of Meta's lists that a Page can meet, by number. Sources: Messenger's error codes (June 2026), the Graph
//! API's error handling and rate limits, and the changelog of marketing messages; where Meta's pages disagree, the
//! harmless reading.

use super::{ErrorClass, Known, Lack, PAUSE, Scope, TRIES, Treatment};
use domain::time::Span;

/// For limits that Meta counts by the hour: long enough that some of it is free again.
const LONG_PAUSE: Span = Span::from_secs(600);
/// For what comes back by the hour.
const HOUR: Span = Span::from_hours(1);
/// For what comes back by the day.
const DAY: Span = Span::from_hours(24);

const fn of(class: ErrorClass) -> Treatment {
    Treatment { class, tries: 0, pause: None }
}

const fn again(tries: u32) -> Treatment {
    Treatment { class: ErrorClass::Transient, tries, pause: None }
}

const fn rate(scope: Scope, pause: Span) -> Treatment {
    Treatment { class: ErrorClass::Rate(scope), tries: 0, pause: Some(pause) }
}

const MESSAGE: Treatment = of(ErrorClass::Message);
const ATTACHMENT: Treatment = of(ErrorClass::Attachment);
const TOKEN: Treatment = of(ErrorClass::Token);
const PERSON: Treatment = of(ErrorClass::Person);
const THREAD: Treatment = of(ErrorClass::Thread);
const FEATURE: Treatment = of(ErrorClass::Feature);
const DEAD: Treatment = of(ErrorClass::Page(Lack::Token));
const FORBIDDEN: Treatment = of(ErrorClass::Page(Lack::Permission));
const UNREVIEWED: Treatment = of(ErrorClass::Page(Lack::Review));
const RESTRICTED: Treatment = of(ErrorClass::Page(Lack::Leave));
const DOUBT: Treatment = of(ErrorClass::Ambiguous);

/// One line an error: code, last code if there are several, subcode, what follows, what it means, what to do.
macro_rules! errors {
    ($($code:literal $(to $last:literal)? / $subcode:tt: $treatment:expr, $means:literal, $advice:literal;)+) => {
        /// Every error that is known by number, in the order of codes.
        pub const KNOWN: &[Known] = &[$(Known {
            code: $code,
            last_code: errors!(@last $code $($last)?),
            subcode: errors!(@subcode $subcode),
            treatment: $treatment,
            means: $means,
            advice: $advice,
        },)+];
    };
    (@last $code:literal) => { $code };
    (@last $code:literal $last:literal) => { $last };
    (@subcode _) => { None };
    (@subcode $subcode:literal) => { Some($subcode) };
}

errors! {
    1 / _: again(TRIES), "An unknown error, perhaps an outage.", "Nothing; if it lasts, look at the platform's status page.";
    1 / 99: again(1), "An unknown error; a permission or access level may be missing.", "If it lasts, check the app's permissions and access level.";
    1 / 1_357_046: DOUBT, "An error, though messages are known to have gone out with it.", "Nothing: the echo decides.";
    1 / 2_018_382: MESSAGE, "The form of an instant form is wrong, or may not be used.", "Check the form's id and that it belongs to the Page.";
    2 / _: again(2), "The service is down; it is also said when a person blocked the Page.", "If only one person is concerned, write to them no more.";
    2 / 2_018_344: FEATURE, "The Page has not accepted the contact terms that labels need.", "Accept them in the Page's settings.";
    3 / _: FEATURE, "The app may not use this call.", "Ask for the capability in the app's review.";
    4 / _: rate(Scope::App, LONG_PAUSE), "The app made too many calls.", "Send less; look at the app's usage.";
    4 / 2_018_022: rate(Scope::Page, LONG_PAUSE), "Too many messages to phone numbers.", "Send fewer of them.";
    4 / 2_018_354: rate(Scope::Token, DAY), "A notification came before its token allows the next one.", "Nothing: it may go out at the time that the answer names.";
    9 / 2_018_352: rate(Scope::Person, DAY), "The person was asked often enough whether they want notifications.", "Ask again next week.";
    10 / _: FORBIDDEN, "A permission is missing.", "Check the app's permissions for the Page and grant them again.";
    10 / 1_404_170: FEATURE, "The Page may not ask for opt-ins for a while.", "Look at the Page's Support Inbox, and ask less.";
    10 / 1_893_015: TOKEN, "The person stopped notifications about this topic.", "Nothing; they can be asked again when they write.";
    10 / 1_893_063: RESTRICTED, "The Page may not send for a while.", "Look at the Page's Support Inbox; do not send meanwhile.";
    10 / 2_018_065: MESSAGE, "Outside the window, and the permission for news is missing.", "Wait until the person writes.";
    10 / 2_018_108: PERSON, "The person can receive nothing now.", "Wait until they write.";
    10 / 2_018_278: MESSAGE, "Outside the window.", "Wait until the person writes, or use a way that is open after it.";
    10 / 2_018_336: MESSAGE, "Privacy rules of the person's country forbid this feature.", "Say it without that feature.";
    10 / 2_534_022: MESSAGE, "Instagram: outside the window.", "Wait until the person writes.";
    10 / 2_534_077: FEATURE, "Instagram: the account is not linked to the Page.", "Link it.";
    17 / _: rate(Scope::App, LONG_PAUSE), "Too many calls with a person's token.", "Send with the Page's own token.";
    32 / _: rate(Scope::Page, LONG_PAUSE), "Too many calls for the Page with a person's token.", "Send with the Page's own token.";
    100 / _: MESSAGE, "A parameter is wrong, a tag has ended, or a notification token is of no use.", "Compare the message with the platform's documentation; report it if it was taken here.";
    100 / 33: MESSAGE, "What the call names does not exist, or may not be seen.", "Check the id, and the app's permissions.";
    100 / 2_018_001: PERSON, "No such person on this Page.", "Check the PSID: it is another one on each Page.";
    100 / 2_018_008: again(2), "The attachment's address could not be fetched.", "Check that the platform can reach the address within 10 seconds.";
    100 / 2_018_014: MESSAGE, "A message and a sender action in one call.", "Send them one by one.";
    100 / 2_018_047: MESSAGE, "The upload failed, or the file is of another type than it is said to be.", "Check the file's type.";
    100 / 2_018_074: ATTACHMENT, "The attachment's id is unknown, another Page's, or older than 90 days.", "Upload it again, and send with the new id.";
    100 / 2_018_109: MESSAGE, "The attachment is too large.", "Images have at most 8 MB, other files 25 MB.";
    100 / 2_018_164: FEATURE, "The app's id is wrong.", "Check the id of the app that is to have the thread.";
    100 / 2_018_294: again(1), "The video could not be fetched in 75 seconds, or is broken.", "Check the file, or upload it first.";
    100 / 2_018_320: MESSAGE, "A product is not in the Page's catalogue.", "Check the product's id.";
    100 / 2_018_328: MESSAGE, "The product template needs version 8 or later.", "Configure a newer version of the Graph API.";
    100 / 2_534_013: MESSAGE, "Instagram: the account is not linked.", "Link it to the Page.";
    100 / 2_534_014: PERSON, "Instagram: no such person.", "Check the id.";
    100 / 2_534_015: MESSAGE, "Instagram: wrong data.", "Compare the message with the platform's documentation.";
    100 / 2_534_025: TOKEN, "The comment can't be answered in private.", "Nothing: it may be too old, removed, or answered.";
    100 / 2_534_029: FEATURE, "Instagram: the business may not send messages.", "Look at the account's status.";
    100 / 2_534_037: THREAD, "Instagram: another app controls the thread.", "Ask that app for the thread.";
    102 / _: DEAD, "The session of the token is over.", "Make a new access token for the Page.";
    190 / _: DEAD, "The access token is not valid.", "Make a new access token for the Page.";
    190 / 458: DEAD, "The person whose token it is removed the app.", "Let them log in with the app again, and make a new token.";
    190 / 459: DEAD, "The person whose token it is has to pass a check.", "Let them log in to Facebook and follow what it says.";
    190 / 460: DEAD, "The person whose token it is changed their password.", "Make a new access token for the Page.";
    190 / 463: DEAD, "The access token has expired.", "Make a new access token for the Page.";
    190 / 464: DEAD, "The account whose token it is is not confirmed.", "Let them confirm it.";
    190 / 467: DEAD, "The access token was revoked.", "Make a new access token for the Page.";
    190 / 492: DEAD, "The session belongs to somebody else, or their role on the Page ended.", "Make a new token of somebody with a role on the Page.";
    200 / _: UNREVIEWED, "Only people with a role on the app can be written to.", "Finish the app's review, and switch it to live mode.";
    200 / 1_545_041: PERSON, "The person is not available.", "Wait until they write.";
    200 / 2_018_021: FEATURE, "The terms of customer matching are not accepted.", "Accept them, or do not write to phone numbers.";
    200 / 2_018_027: FEATURE, "The permission for phone numbers is missing.", "Do not write to phone numbers.";
    200 / 2_018_028: UNREVIEWED, "pages_messaging is not approved.", "Finish the app's review.";
    200 / 2_534_041: FEATURE, "Instagram: the owner does not allow access to messages.", "Let them allow it in the app's settings.";
    201 to 299 / _: FORBIDDEN, "A permission is missing or was taken back.", "Check the app's permissions for the Page and grant them again.";
    341 / _: rate(Scope::App, LONG_PAUSE), "The app's limit, or an outage.", "Send less; look at the app's usage.";
    368 / _: RESTRICTED, "The Page is blocked for a violation of the policies.", "Look at the Page's Support Inbox; do not send meanwhile.";
    506 / _: MESSAGE, "The same once more.", "Nothing: it was taken before.";
    551 / _: PERSON, "The person does not receive from this Page; most blocked it.", "Wait until they write.";
    551 / 1_545_041: PERSON, "The person is not available.", "Wait until they write.";
    613 / _: rate(Scope::Page, PAUSE), "Too many calls of this sort.", "Send more slowly.";
    613 / 1_996: rate(Scope::Page, LONG_PAUSE), "The number of calls jumps.", "Send at a steadier pace.";
    613 / 1_893_016: MESSAGE, "The same request to agree to notifications once more.", "Nothing: the person was asked.";
    613 / 2_018_338: MESSAGE, "Tags are used too much towards this person; a restriction may follow.", "Send this person no more tagged messages.";
    613 / 2_534_040: rate(Scope::Page, PAUSE), "Instagram: too many calls.", "Send more slowly.";
    1_200 / _: again(TRIES), "Sending failed for the moment.", "Nothing.";
    2_022 / _: RESTRICTED, "Messages of this Page are switched off after a violation.", "Look at the Page's Support Inbox.";
    2_500 / _: MESSAGE, "The call's path is not known.", "Configure a version of the Graph API that has it.";
    10_303 / _: MESSAGE, "The token of an account linking is wrong, or older than 5 minutes.", "Let the person begin again.";
    10_900 / _: TOKEN, "The comment or post was answered in private before.", "Nothing: there is one answer to each.";
    24_001 to 24_005 / _: MESSAGE, "Payments.", "Payments have ended.";
    36_000 / _: MESSAGE, "The image is too large.", "Images have at most 8 MB.";
    36_103 / _: FEATURE, "Instagram: not yet open to this account.", "Wait for the platform.";
    80_001 / _: rate(Scope::Page, LONG_PAUSE), "Too many calls for the Page in an hour.", "Send less; look at the Page's usage.";
    80_006 / _: rate(Scope::Page, LONG_PAUSE), "Too many calls for the Page in a day.", "Send less; look at the Page's usage.";
    1_545_041 / _: MESSAGE, "The person is not available, or the window is closed.", "Wait until they write.";
    1_893_047 / _: PERSON, "Marketing messages: the person is not available.", "Wait until they write.";
    2_018_144 / _: rate(Scope::Person, DAY), "Instant Games: five messages in ten days since the last game.", "Wait until they play.";
    2_018_154 to 2_018_166 / _: MESSAGE, "Payments and extensions of the web view.", "Both have ended.";
    2_018_171 / _: THREAD, "The app may not do this with the thread's control now.", "Ask the app that has the thread.";
    2_018_173 / _: MESSAGE, "A media template can't be shown.", "Check the medium.";
    2_018_175 / _: MESSAGE, "A media template's type does not fit the medium.", "Say image or video as the medium is.";
    2_018_182 to 2_018_188 / _: MESSAGE, "A media template names no medium, two, or an address outside Facebook.", "Give an attachment's id, or an address on Facebook.";
    2_018_218 / _: MESSAGE, "The account has no profile.", "Nothing: it was made with a phone number.";
    2_018_234 / _: THREAD, "The app may not do this with the thread's control now.", "Ask the app that has the thread.";
    2_018_247 / _: FEATURE, "The permission to see profiles is missing.", "Ask for it in the app's review.";
    2_018_300 / _: THREAD, "Another app controls the thread.", "Ask that app for the thread.";
    2_018_321 / _: Treatment { pause: Some(PAUSE), ..again(TRIES) }, "An automated flow of questions runs in the thread.", "Nothing: it ends within minutes.";
    2_018_389 to 2_018_396 / _: MESSAGE, "Calls.", "Calls are made elsewhere.";
    2_071_010 to 2_071_025 / _: MESSAGE, "Payments and extensions of the web view.", "Both have ended.";
    2_300_018 / _: MESSAGE, "Marketing messages: the attachment could not be saved.", "Upload it first.";
    2_300_027 / _: MESSAGE, "Marketing messages: the attachment may not be used again.", "Upload it again.";
    2_300_028 / _: Treatment { pause: Some(HOUR), ..again(TRIES) }, "Marketing messages: the pace is not known yet.", "Nothing: it is known an hour later.";
    2_300_052 / _: PERSON, "Marketing messages: the person is not available.", "Wait until they write.";
    2_300_064 to 2_300_067 / _: FEATURE, "Marketing messages: the campaign can't be made.", "Accept the terms, and check the campaign.";
    2_300_068 to 2_300_079 / _: FEATURE, "Marketing messages: a budget or the pace is used up, or payment is not set up.", "Check the campaign's budget and the ad account's payment.";
    2_300_080 / _: rate(Scope::Page, PAUSE), "Marketing messages: too many questions about tokens.", "Ask less often.";
    9_000_001 / _: MESSAGE, "The message is deleted, or older than what can be read.", "Nothing: only the 20 newest of a thread can be read.";
}
