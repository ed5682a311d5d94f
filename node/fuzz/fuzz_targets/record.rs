//! Fuzzes the decoder of the target `record`; the property stands in `properties.rs`.
#![no_main]

#[path = "../properties.rs"]
mod properties;
#[path = "../../src/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::check("record", bytes);
});
