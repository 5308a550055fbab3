//! Cells as they are read: old lists are full of full-width digits, marks that nobody sees, and space.

use std::borrow::Cow;

use crate::customers::is_invisible;
use crate::customers::text::half_width;

/// Wide forms and typographic marks as the half-width ones that they stand for.
fn narrow(c: char) -> char {
    match c {
        '\u{FFE5}' => '\u{A5}',
        '\u{A0}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' => '-',
        _ => half_width(c),
    }
}

/// A cell as it is understood: half-width, without invisible marks, trimmed.
pub fn fold(text: &str) -> String {
    let folded: String = text.chars().filter(|c| !is_invisible(*c)).map(narrow).collect();
    folded.trim().to_owned()
}

/// A cell as it is kept: without the space and the marks around it, and otherwise code point by code point.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// A text of one line: breaks and tabs within become spaces.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let text = trim(text);
    if !text.contains(|c: char| c.is_control()) {
        return Cow::Borrowed(text);
    }
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Cow::Owned(spaced.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

/// A name without any space, for telling whether two are the same.
pub fn squashed(name: &str) -> String {
    fold(name).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether a spreadsheet would compute the text instead of showing it.
pub fn is_formula_like(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Text for a csv file: a leading apostrophe keeps spreadsheets from computing what merely looks like a formula.
pub fn neutralised(text: &str) -> Cow<'_, str> {
    if is_formula_like(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A cell as it was before it was neutralised.
pub fn unneutralised(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula_like(text)).unwrap_or(cell)
}

/// Whether the cell shows that its text was lost on the way: U+FFFD from a wrong encoding, U+0000, a spreadsheet's error.
pub fn is_broken(text: &str) -> bool {
    text.contains(['\u{FFFD}', '\0'])
}

/// `#N/A` and its kind, which stand where a formula came to nothing.
pub fn is_spreadsheet_error(text: &str) -> bool {
    matches!(trim(text), "#N/A" | "#REF!" | "#VALUE!" | "#DIV/0!" | "#NAME?" | "#NULL!" | "#NUM!")
}

/// Several texts in one cell, each once, in their order.
pub fn split_list(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(['、', ',', '，', ';', '；', '|', '｜', '\n', '\r', '\t']) {
        let part = one_line(part);
        if !part.is_empty() && !parts.iter().any(|known| *known == part) {
            parts.push(part.into_owned());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_kept_keeps_its_code_points() {
        assert_eq!(trim("　 家里有👨‍👩‍👧，周末联系 👍🏻 "), "家里有👨‍👩‍👧，周末联系 👍🏻");
        assert_eq!(trim("\u{202D}16600004420\u{202C}"), "16600004420");
        assert_eq!(one_line("梧湾\n砾檐\t软件"), "梧湾 砾檐 软件");
    }

    #[test]
    fn several_in_one_cell() {
        assert_eq!(split_list("新客、月结；,新客; 可作案例 "), ["新客", "月结", "可作案例"]);
    }

    proptest! {
        #[test]
        fn neutralised_text_is_no_formula(text in "[=+@\\-\\t\\r]?\\PC{0,8}") {
            prop_assert!(!is_formula_like(&neutralised(&text)));
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,24}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
