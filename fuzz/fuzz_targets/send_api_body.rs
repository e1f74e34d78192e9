//! The fuzzer's way into `send_api_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuncio_fuzz::send_api_body(data));
