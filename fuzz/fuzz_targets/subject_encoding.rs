//! The fuzzer's way into `subject_encoding`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nuncio_fuzz::subject_encoding(data));
