//! The confirmation of an order.

use super::super::Fields;
use super::of;
use domain::content::{Address, Amount, Item, Receipt};
use serde_json::{Number, Value, json};

pub(super) fn payload(receipt: &Receipt) -> Value {
    let summary = &receipt.summary;
    let sums = Fields::new()
        .given("subtotal", summary.subtotal.map(amount))
        .given("shipping_cost", summary.shipping_cost.map(amount))
        .given("total_tax", summary.total_tax.map(amount))
        .with("total_cost", amount(summary.total_cost));
    let adjustments =
        receipt.adjustments.iter().map(|one| json!({ "name": one.name.as_str(), "amount": amount(one.amount) }));
    // The platform takes seconds, as a text.
    let ordered_at = receipt.ordered_at.map(|at| at.as_millis().div_euclid(1_000).to_string());
    of("receipt")
        .with("recipient_name", receipt.recipient_name.as_str())
        .with("order_number", receipt.order_number.as_str())
        .with("currency", receipt.currency.as_str())
        .with("payment_method", receipt.payment_method.as_str())
        .words("merchant_name", receipt.merchant_name.as_ref())
        .words("order_url", receipt.order_url.as_ref())
        .given("timestamp", ordered_at)
        .given("address", receipt.address.as_ref().map(address))
        .with("summary", sums.json())
        .list("adjustments", adjustments.collect())
        .list("elements", receipt.items.iter().map(item).collect())
        .flag("sharable", receipt.is_sharable)
        .json()
}

fn address(address: &Address) -> Value {
    Fields::of("street_1", address.street_1.as_str())
        .words("street_2", address.street_2.as_ref())
        .with("city", address.city.as_str())
        .with("postal_code", address.postal_code.as_str())
        .with("state", address.state.as_str())
        .with("country", address.country.as_str())
        .json()
}

fn item(item: &Item) -> Value {
    Fields::of("title", item.title.as_str())
        .words("subtitle", item.subtitle.as_ref())
        .given("quantity", item.quantity)
        .with("price", amount(item.price))
        .words("currency", item.currency.as_ref())
        .words("image_url", item.image_url.as_ref())
        .json()
}

/// The platform takes amounts as numbers; up to 15 digits of a price come through that unchanged.
fn amount(amount: Amount) -> Value {
    let text = amount.to_string();
    text.parse().ok().and_then(Number::from_f64).map_or(Value::String(text), Value::Number)
}
