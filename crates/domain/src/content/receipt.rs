//! The confirmation of an order.

use super::amount::Amount;
use super::check::Check;
use super::limits;
use super::words::Words;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The confirmation of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Who gets the order.
    pub recipient_name: Words,
    /// The order's number, unlike any other.
    pub order_number: Words,
    /// What all amounts are in: three capital letters, such as `USD`.
    pub currency: Words,
    /// How it was paid, such as `Visa 1234`.
    pub payment_method: Words,
    /// Who sells, where that is not the Page.
    pub merchant_name: Option<Words>,
    /// Where the order can be seen.
    pub order_url: Option<Words>,
    /// When it was placed.
    pub ordered_at: Option<Timestamp>,
    /// Where it is sent.
    pub address: Option<Address>,
    /// The sums.
    pub summary: Summary,
    /// What made it cheaper: 100 at most.
    pub adjustments: Vec<Adjustment>,
    /// What was ordered: 100 at most.
    pub items: Vec<Item>,
    /// Whether people can pass it on by a button of its own.
    pub is_sharable: bool,
}

/// Where an order is sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    pub street_1: Words,
    /// What else belongs to it.
    pub street_2: Option<Words>,
    /// The city.
    pub city: Words,
    /// The postal code.
    pub postal_code: Words,
    /// The state or province.
    pub state: Words,
    /// The country, as two capital letters.
    pub country: Words,
}

/// An order's sums.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Of what was ordered.
    pub subtotal: Option<Amount>,
    /// For sending it.
    pub shipping_cost: Option<Amount>,
    /// The taxes.
    pub total_tax: Option<Amount>,
    /// What is paid.
    pub total_cost: Amount,
}

/// What made an order cheaper.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// What it is called.
    pub name: Words,
    /// By how much.
    pub amount: Amount,
}

/// Something that was ordered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub title: Words,
    /// More about it.
    pub subtitle: Option<Words>,
    /// How many of it.
    pub quantity: Option<u32>,
    /// What it costs; 0 for what is free.
    pub price: Amount,
    /// What its price is in, where that is another currency.
    pub currency: Option<Words>,
    /// A picture.
    pub image_url: Option<Words>,
}

impl Receipt {
    pub(super) fn check(&self, check: &mut Check) {
        for (field, text) in [
            ("recipient_name", &self.recipient_name),
            ("order_number", &self.order_number),
            ("payment_method", &self.payment_method),
        ] {
            check.words(field, text, limits::UNBOUNDED);
        }
        currency(check, &self.currency);
        check.optional("merchant_name", self.merchant_name.as_ref(), limits::UNBOUNDED);
        check.optional_url("order_url", self.order_url.as_ref());
        if let Some(address) = &self.address {
            check.within("address", |check| address.check(check));
        }
        check.each("adjustments", &self.adjustments, limits::RECEIPT_ITEMS, |one, check| {
            check.words("name", &one.name, limits::UNBOUNDED);
        });
        check.each("items", &self.items, limits::RECEIPT_ITEMS, Item::check);
    }
}

impl Address {
    fn check(&self, check: &mut Check) {
        for (field, text) in [
            ("street_1", &self.street_1),
            ("city", &self.city),
            ("postal_code", &self.postal_code),
            ("state", &self.state),
            ("country", &self.country),
        ] {
            check.words(field, text, limits::UNBOUNDED);
        }
        check.optional("street_2", self.street_2.as_ref(), limits::UNBOUNDED);
    }
}

impl Item {
    fn check(&self, check: &mut Check) {
        check.words("title", &self.title, limits::UNBOUNDED);
        check.optional("subtitle", self.subtitle.as_ref(), limits::UNBOUNDED);
        if let Some(code) = &self.currency {
            currency(check, code);
        }
        check.optional_url("image_url", self.image_url.as_ref());
    }
}

fn currency(check: &mut Check, code: &Words) {
    let is_code = code.as_str().len() == 3 && code.as_str().bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code {
        check.add("currency", "is three capital letters, such as `USD`");
    }
}
