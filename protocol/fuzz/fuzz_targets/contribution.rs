//! Fuzzes the decoder of the target `contribution`; the property stands in `properties.rs`.
#![no_main]

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::check("contribution", bytes);
});
