//! JSON as Meta writes it: ASCII only, with `\uxxxx` in lower case and surrogate pairs, `\/` and `\u0040`.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The exact bytes that go over the wire.
pub(crate) fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = Serializer::with_formatter(&mut bytes, Escaped);
    value.serialize(&mut serializer).expect("our own types serialise, and memory takes every byte");
    bytes
}

struct Escaped;

impl Formatter for Escaped {
    /// Gets the stretches between quotes, backslashes and control characters, which `serde_json` escapes itself.
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(b"\\/")?,
                '@' => writer.write_all(b"\\u0040")?,
                ascii if ascii.is_ascii() => write!(writer, "{ascii}")?,
                other => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
