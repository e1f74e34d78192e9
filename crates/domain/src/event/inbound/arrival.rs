//! How people come to a conversation: buttons, links, ads, and the flows that ads begin.

use super::word::words;
use crate::id::{AppId, Mid};

/// A tapped button.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Postback {
    /// The message id that belongs to the tap, when there is one.
    pub mid: Option<Mid>,
    /// What the button said.
    pub title: String,
    /// What the button carried; absent for a bystander.
    pub payload: Option<String>,
    /// Where the person came from, in a new thread.
    pub referral: Option<Referral>,
    /// Set while an ad's automatic conversation routes the person.
    pub hop_context: Option<HopContext>,
}

/// Where a person came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Referral {
    /// `SHORTLINK`, `ADS`, and others that come and go.
    pub source: String,
    /// `OPEN_THREAD`, and others.
    pub kind: String,
    /// The link's own reference.
    pub reference: Option<String>,
    /// The ad's id.
    pub ad: Option<String>,
    /// The product of the Page's shop from which the person wrote.
    pub product: Option<String>,
    /// The page on the web from which the person came.
    pub referer: Option<String>,
    /// Whether it is a visitor of a chat window on a site, without an account.
    pub is_guest: bool,
    /// What the ad showed.
    pub ads_context: Option<Box<AdsContext>>,
}

/// The ad that a person came by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdsContext {
    /// Its title.
    pub title: Option<String>,
    /// Its picture.
    pub photo_url: Option<String>,
    /// Its video.
    pub video_url: Option<String>,
    /// The post behind it.
    pub post: Option<String>,
    /// The product that it shows.
    pub product: Option<String>,
    /// The welcome flow that it begins.
    pub flow: Option<String>,
}

/// The app that routes an event while an ad's automatic conversation runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HopContext {
    /// The app.
    pub app: Option<AppId>,
    /// What it says of the event.
    pub metadata: Option<String>,
}

impl HopContext {
    /// How the ad's conversation ended, when the event is its summary: made by the platform, and not written by the
    /// person.
    pub fn summary(&self) -> Option<LeadEnd> {
        match self.metadata.as_deref() {
            Some("messenger_lead_gen_complete") => Some(LeadEnd::Complete),
            Some("messenger_lead_gen_incomplete") => Some(LeadEnd::Incomplete),
            Some(_) | None => None,
        }
    }
}

words! {
    /// How an ad's automatic conversation ended.
    LeadEnd {
        /// Every question was answered.
        Complete = "LEAD_COMPLETE",
        /// The person stopped on the way.
        Incomplete = "LEAD_INCOMPLETE",
    }
}

/// What came of an ad's automatic conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// How it ended.
    pub end: LeadEnd,
    /// The ad.
    pub referral: Referral,
    /// What was asked and answered. Personal data.
    pub answers: Vec<LeadAnswer>,
    /// The app that routed the person.
    pub hop_context: Option<HopContext>,
}

/// One question of an ad, and what the person said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeadAnswer {
    /// What was asked.
    pub question: String,
    /// What the person said.
    pub answer: String,
}

/// The person uncovered a coupon.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coupon {
    /// What the coupon carried.
    pub payload: Option<String>,
    /// Its code.
    pub code: Option<String>,
}
