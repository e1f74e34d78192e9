//! The fuzzer's way into `webhook_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuncio_fuzz::webhook_body(data));
