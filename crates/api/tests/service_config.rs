//! What clients are told of repeating calls says something of every call.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails by panicking, like the tests")]

use api::proto::DESCRIPTORS;
use prost::Message as _;
use serde_json::Value;
use std::collections::BTreeSet;

const CONFIG: &str = include_str!("../../../proto/nuncio/service_config.json");

/// A service and a method.
type Method = (String, String);

fn offered() -> BTreeSet<Method> {
    let files = prost_types::FileDescriptorSet::decode(DESCRIPTORS).unwrap().file;
    let services = files.iter().flat_map(|file| file.service.iter().map(|service| (file.package(), service)));
    let methods = services.flat_map(|(package, service)| {
        let name = format!("{package}.{}", service.name());
        service.method.iter().map(move |method| (name.clone(), method.name().to_owned()))
    });
    methods.collect()
}

fn word(name: &Value, key: &str) -> String {
    name[key].as_str().unwrap().to_owned()
}

#[test]
fn every_method_is_named_once_and_repeated_when_unavailable_alone() {
    let config: Value = serde_json::from_str(CONFIG).unwrap();
    let mut named = BTreeSet::new();
    for group in config["methodConfig"].as_array().unwrap() {
        for name in group["name"].as_array().unwrap() {
            let method = (word(name, "service"), word(name, "method"));
            assert!(named.insert(method.clone()), "{method:?} is named twice");
        }
        if let Some(policy) = group.get("retryPolicy") {
            assert_eq!(policy["retryableStatusCodes"], serde_json::json!(["UNAVAILABLE"]));
        }
    }
    assert_eq!(named, offered());
}
