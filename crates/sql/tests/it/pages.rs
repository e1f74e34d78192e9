//! Registered Pages: their tokens are sealed, and keys can be changed under them.

use crate::sandbox::{Sandbox, at, on_both, page};
use secrecy::{ExposeSecret, SecretString};
use sql::pages::{Registry, RegistryError};
use sql::sealed::{Keys, OpenError};
use std::error::Error;
use std::sync::Arc;

on_both!(
    a_token_is_read_back_and_stored_sealed,
    a_page_has_one_token_at_a_time,
    pages_are_listed_in_order,
    after_a_key_was_rotated_the_old_one_is_not_needed,
    a_missing_key_is_found_before_anything_is_sent,
    a_token_cannot_be_moved_to_another_page,
);

const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn registry(sandbox: &Sandbox, keys: &str) -> Registry {
    let keys = Keys::parse(&SecretString::from(keys)).unwrap();
    Registry::new(sandbox.database.clone(), Some(Arc::new(keys)))
}

async fn token(registry: &Registry, number: u64) -> Option<String> {
    registry.token(&page(number)).await.unwrap().map(|token| token.expose_secret().to_owned())
}

async fn a_token_is_read_back_and_stored_sealed(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let registry = registry(&sandbox, OLD);
    assert_eq!(token(&registry, 1001).await, None);
    registry.put(&page(1001), &"EAAhush".into(), at(5)).await.unwrap();
    assert_eq!(token(&registry, 1001).await.as_deref(), Some("EAAhush"));
    let stored = registry.get(&page(1001)).await.unwrap().unwrap();
    assert!(!stored.token.bytes.windows(4).any(|bytes| bytes == b"hush"));
    assert_eq!((stored.created_at, stored.updated_at), (at(5), at(5)));
}

async fn a_page_has_one_token_at_a_time(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let registry = registry(&sandbox, OLD);
    registry.put(&page(1001), &"first".into(), at(5)).await.unwrap();
    registry.put(&page(1001), &"second".into(), at(9)).await.unwrap();
    assert_eq!(token(&registry, 1001).await.as_deref(), Some("second"));
    let stored = registry.get(&page(1001)).await.unwrap().unwrap();
    assert_eq!((stored.created_at, stored.updated_at), (at(5), at(9)));
}

async fn pages_are_listed_in_order(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let registry = registry(&sandbox, OLD);
    for number in [1003, 1001, 1002] {
        registry.put(&page(number), &"x".into(), at(5)).await.unwrap();
    }
    let ids = async |after: Option<u64>| {
        let listed = registry.list(after.map(page).as_ref(), 2).await.unwrap();
        listed.into_iter().map(|found| found.page).collect::<Vec<_>>()
    };
    assert_eq!(ids(None).await, [page(1001), page(1002)]);
    assert_eq!(ids(Some(1002)).await, [page(1003)]);
}

async fn after_a_key_was_rotated_the_old_one_is_not_needed(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let old = registry(&sandbox, OLD);
    for number in [1001, 1002] {
        old.put(&page(number), &"EAAhush".into(), at(5)).await.unwrap();
    }
    let both = registry(&sandbox, &format!("{NEW} {OLD}"));
    both.check().await.unwrap();
    both.put(&page(1003), &"EAAhush".into(), at(6)).await.unwrap();
    assert_eq!((both.reseal().await.unwrap(), both.reseal().await.unwrap()), (2, 0));
    let new = registry(&sandbox, NEW);
    new.check().await.unwrap();
    for number in [1001, 1002, 1003] {
        assert_eq!(token(&new, number).await.as_deref(), Some("EAAhush"));
    }
    assert!(old.check().await.is_err());
}

async fn a_missing_key_is_found_before_anything_is_sent(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let none = Registry::new(sandbox.database.clone(), None);
    none.check().await.unwrap();
    assert!(matches!(none.put(&page(1001), &"x".into(), at(5)).await, Err(RegistryError::NoKey)));
    registry(&sandbox, OLD).put(&page(1001), &"EAAhush".into(), at(5)).await.unwrap();
    assert!(none.check().await.unwrap_err().to_string().contains("set secrets.key_file"));
    let error = registry(&sandbox, NEW).check().await.unwrap_err();
    assert!(error.to_string().contains("page 1001"), "{error}");
    assert!(error.source().unwrap().to_string().contains("add that key to secrets.key"), "{error:?}");
    assert!(!format!("{error:?}").contains("hush"));
}

async fn a_token_cannot_be_moved_to_another_page(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let registry = registry(&sandbox, OLD);
    for number in [1001, 1002] {
        registry.put(&page(number), &"EAAhush".into(), at(5)).await.unwrap();
    }
    sandbox.pretend("UPDATE pages SET token = (SELECT token FROM pages WHERE page = '1001') WHERE page = '1002'").await;
    let error = registry.token(&page(1002)).await.unwrap_err();
    assert!(matches!(error, RegistryError::Open { source: OpenError::Altered, .. }), "{error:?}");
}
