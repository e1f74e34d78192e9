//! The fuzzer's way into `send_api_answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuncio_fuzz::send_api_answer(data));
