//! The confirmation of an order.

use super::{Read, optional, owned};
use crate::proto::content::v1 as pb;
use domain::content::{Address, Adjustment, Amount, Item, Receipt, Summary, Words};
use domain::time::Timestamp;

pub(super) fn to_wire(receipt: &Receipt) -> pb::ReceiptTemplate {
    let text = |amount: Option<Amount>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    let summary = &receipt.summary;
    pb::ReceiptTemplate {
        recipient_name: owned(&receipt.recipient_name),
        order_number: owned(&receipt.order_number),
        currency: owned(&receipt.currency),
        payment_method: owned(&receipt.payment_method),
        merchant_name: optional(receipt.merchant_name.as_ref()),
        order_url: optional(receipt.order_url.as_ref()),
        ordered_at_ms: receipt.ordered_at.map(Timestamp::as_millis),
        address: receipt.address.as_ref().map(address_to_wire),
        summary: Some(pb::ReceiptSummary {
            subtotal: text(summary.subtotal),
            shipping_cost: text(summary.shipping_cost),
            total_tax: text(summary.total_tax),
            total_cost: summary.total_cost.to_string(),
        }),
        adjustments: receipt
            .adjustments
            .iter()
            .map(|one| pb::ReceiptAdjustment { name: owned(&one.name), amount: one.amount.to_string() })
            .collect(),
        items: receipt.items.iter().map(item_to_wire).collect(),
        is_sharable: receipt.is_sharable,
    }
}

fn address_to_wire(address: &Address) -> pb::ReceiptAddress {
    pb::ReceiptAddress {
        street_1: owned(&address.street_1),
        street_2: optional(address.street_2.as_ref()),
        city: owned(&address.city),
        postal_code: owned(&address.postal_code),
        state: owned(&address.state),
        country: owned(&address.country),
    }
}

fn item_to_wire(item: &Item) -> pb::ReceiptItem {
    pb::ReceiptItem {
        title: owned(&item.title),
        subtitle: optional(item.subtitle.as_ref()),
        quantity: item.quantity,
        price: item.price.to_string(),
        currency: optional(item.currency.as_ref()),
        image_url: optional(item.image_url.as_ref()),
    }
}

impl Read<'_> {
    pub(super) fn receipt(&mut self, receipt: pb::ReceiptTemplate) -> Option<Receipt> {
        let summary = self.within("summary", |read| read.summary(&receipt.summary.unwrap_or_default()));
        let adjustments = self.each("adjustments", receipt.adjustments, |read, one| {
            Some(Adjustment { name: one.name.into(), amount: read.amount("amount", &one.amount)? })
        });
        let items = self.each("items", receipt.items, Read::item);
        Some(Receipt {
            recipient_name: receipt.recipient_name.into(),
            order_number: receipt.order_number.into(),
            currency: receipt.currency.into(),
            payment_method: receipt.payment_method.into(),
            merchant_name: Words::unless_empty(receipt.merchant_name),
            order_url: Words::unless_empty(receipt.order_url),
            ordered_at: receipt.ordered_at_ms.map(Timestamp::from_millis),
            address: receipt.address.map(address),
            summary: summary?,
            adjustments: adjustments?,
            items: items?,
            is_sharable: receipt.is_sharable,
        })
    }

    fn summary(&mut self, summary: &pb::ReceiptSummary) -> Option<Summary> {
        let subtotal = self.id("subtotal", &summary.subtotal, Amount::parse);
        let shipping_cost = self.id("shipping_cost", &summary.shipping_cost, Amount::parse);
        let total_tax = self.id("total_tax", &summary.total_tax, Amount::parse);
        let total_cost = self.amount("total_cost", &summary.total_cost);
        Some(Summary {
            subtotal: subtotal?,
            shipping_cost: shipping_cost?,
            total_tax: total_tax?,
            total_cost: total_cost?,
        })
    }

    fn item(&mut self, item: pb::ReceiptItem) -> Option<Item> {
        Some(Item {
            title: item.title.into(),
            subtitle: Words::unless_empty(item.subtitle),
            quantity: item.quantity,
            price: self.amount("price", &item.price)?,
            currency: Words::unless_empty(item.currency),
            image_url: Words::unless_empty(item.image_url),
        })
    }

    fn amount(&mut self, field: &str, raw: &str) -> Option<Amount> {
        Amount::parse(raw).map_err(|error| self.add(field, error.to_string())).ok()
    }
}

fn address(address: pb::ReceiptAddress) -> Address {
    Address {
        street_1: address.street_1.into(),
        street_2: Words::unless_empty(address.street_2),
        city: address.city.into(),
        postal_code: address.postal_code.into(),
        state: address.state.into(),
        country: address.country.into(),
    }
}
