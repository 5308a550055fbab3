//! Patterns of texts, in a syntax that ECMA, Rust and Python agree on. Fields name them as `pattern = "@line"`; the
//! contract spells them out.

/// Any text; U+0000 cannot be stored.
pub const ANY: &str = r"^[^\x00]*$";

const NAMED: &[(&str, &str)] = &[
    ("@any", ANY),
    // One line that is not blank.
    ("@line", r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"),
    // Text of any number of lines that is not blank.
    ("@prose", r"^[^\x00]*[^\s\x00-\x1f\x7f][^\x00]*$"),
    // The name of another system.
    ("@system", r"^[A-Za-z0-9._-]{1,50}$"),
    // What another system calls something.
    ("@external-id", r"^[^\x00-\x1f\x7f-\x9f]{1,200}$"),
    // A phone number in any usual spelling, full-width forms as well: all that the domain can read.
    ("@phone", r"^[+＋]?[(（]?[0-9０-９]([ 　()（）.－-]{0,3}[0-9０-９]){4,14}$"),
    ("@email", r"^[A-Za-z0-9._%+'&=~-]{1,64}@[A-Za-z0-9.-]{1,180}$"),
    // `next_cursor` of a page.
    ("@cursor", "^[0-9a-f]{32}$"),
];

/// The pattern behind a name.
pub fn named(name: &str) -> Option<&'static str> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, pattern)| *pattern)
}
