//! Clients and a bot that others wrote, unmodified, against the simulator: whoever has one can point it here.

use crate::scripts::{Runner, play};

async fn by_messaging_api(case: &str) {
    play(Runner::Node, "messaging_api_messenger.mjs", case).await;
}

async fn by_business_sdk(case: &str) {
    play(Runner::Python, "business_sdk.py", case).await;
}

async fn by_fbmessenger(case: &str) {
    play(Runner::Python, "fbmessenger_bot.py", case).await;
}

#[tokio::test]
async fn messaging_api_messenger_sends_and_is_refused_as_by_the_platform() {
    by_messaging_api("sends").await;
}

#[tokio::test]
async fn messaging_api_messenger_uploads_files_and_sends_them_again() {
    by_messaging_api("attachments").await;
}

#[tokio::test]
async fn messaging_api_messenger_sends_templates_and_uses_consent_once() {
    by_messaging_api("templates").await;
}

#[tokio::test]
async fn messaging_api_messenger_sets_reads_and_deletes_the_profile() {
    by_messaging_api("profile").await;
}

#[tokio::test]
async fn messaging_api_messenger_knows_people_labels_and_owners() {
    by_messaging_api("people").await;
}

#[tokio::test]
async fn messaging_api_messenger_sends_batches() {
    by_messaging_api("batches").await;
}

#[tokio::test]
async fn the_business_sdk_sends_and_is_refused_as_by_the_platform() {
    by_business_sdk("sends").await;
}

#[tokio::test]
async fn the_business_sdk_uploads_and_sends_what_was_saved() {
    by_business_sdk("uploads").await;
}

#[tokio::test]
async fn the_business_sdk_reads_and_sets_what_belongs_to_a_page() {
    by_business_sdk("edges").await;
}

#[tokio::test]
async fn the_business_sdk_sends_batches() {
    by_business_sdk("batch").await;
}

#[tokio::test]
async fn a_bot_on_fbmessenger_talks_with_a_person() {
    by_fbmessenger("talks").await;
}

#[tokio::test]
async fn a_bot_on_fbmessenger_meets_duplicates_and_refusals() {
    by_fbmessenger("is_lied_to").await;
}
