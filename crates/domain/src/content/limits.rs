//! The platform's limits of what a message holds, from its pages on each kind (2026). Lengths are in characters: the
//! platform does not say what else it would count.

use std::ops::RangeInclusive;

/// Send API: "UTF-8, 2000 characters".
pub(super) const TEXT: usize = 2_000;
/// Send API: less than 1,000, of which our send id and a space take up to 140.
pub(super) const METADATA: usize = 850;
/// Quick replies: 13.
pub(super) const QUICK_REPLIES: usize = 13;
/// Quick replies and buttons.
pub(super) const BUTTON_TITLE: usize = 20;
/// Quick replies and buttons.
pub(super) const PAYLOAD: usize = 1_000;
/// Several images in one message. Meta names no most; this one is ours.
pub(super) const IMAGES: RangeInclusive<usize> = 2..=30;
/// Every template.
pub(super) const BUTTONS: RangeInclusive<usize> = 0..=3;
/// The button template.
pub(super) const BUTTONS_NEEDED: RangeInclusive<usize> = 1..=3;
/// The button template.
pub(super) const BUTTON_TEXT: usize = 640;
/// The generic template and the product template.
pub(super) const ELEMENTS: RangeInclusive<usize> = 1..=10;
/// The generic template, the coupon, the feedback form's subtitle.
pub(super) const TITLE: usize = 80;
/// The image grid.
pub(super) const GRID_IMAGES: RangeInclusive<usize> = 2..=6;
/// The image grid.
pub(super) const GRID_TITLE: usize = 45;
/// The receipt.
pub(super) const RECEIPT_ITEMS: RangeInclusive<usize> = 0..=100;
/// The feedback form, requests for notifications.
pub(super) const FORM_TITLE: usize = 65;
/// The feedback form's question.
pub(super) const QUESTION: RangeInclusive<usize> = 5..=85;
/// The feedback form's question.
pub(super) const QUESTION_ID: usize = 80;
/// Forms, and buttons that call.
pub(super) const DAYS: RangeInclusive<u32> = 1..=7;
/// The form for a person's address.
pub(super) const COUNTRIES: RangeInclusive<usize> = 1..=250;
/// Utility templates: the name and each value; Meta names none of the two.
pub(super) const TEMPLATE_NAME: usize = 512;
/// Utility templates.
pub(super) const TEMPLATE_LANGUAGE: usize = 16;
/// Utility templates.
pub(super) const PARAMETERS: RangeInclusive<usize> = 0..=100;
/// The thumb, which is the only sticker without a catalogue.
pub(super) const THUMB: u64 = 369_239_263_222_822;
/// Addresses. Meta names none; beyond this nothing on the way takes them.
pub(super) const URL: usize = 2_083;
/// Whatever the platform gives no limit for, so that no record outgrows the log.
pub(super) const UNBOUNDED: usize = 1_000;
