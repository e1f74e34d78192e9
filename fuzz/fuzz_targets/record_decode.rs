//! The fuzzer's way into `record_decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuncio_fuzz::record_decode(data));
