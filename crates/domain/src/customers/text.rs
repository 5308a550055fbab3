//! Texts as they are compared, whatever width, case and space they were entered with.

/// Full-width ASCII (ＡＢＣ１２３＠) and the ideographic space as their half-width forms.
pub fn half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Marks that carry no meaning but come along when text is copied: direction marks, zero-width characters.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The text in half-width characters, without invisible marks.
pub fn fold(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).map(half_width).collect()
}

/// A name as it is compared: half-width, inner runs of space as one, lower case.
pub fn normalise_name(name: &str) -> String {
    fold(name).split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Legal forms at the end of a firm's name, longer ones first.
const LEGAL_FORMS: &[&str] = &[
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "股份公司",
    "公司",
    "co.,ltd.",
    "co.,ltd",
    "co.ltd",
    "limited",
    "ltd.",
    "ltd",
    "inc.",
    "inc",
    "gmbh",
    "llc",
];

/// The name of a firm without its legal form, brackets and spaces: two with the same one are likely the same firm.
/// `None` where nothing would be left.
pub fn firm_key(name: &str) -> Option<String> {
    let plain: String =
        normalise_name(name).chars().filter(|c| !c.is_whitespace() && !"()[]【】".contains(*c)).collect();
    let mut rest = plain.as_str();
    for form in LEGAL_FORMS {
        if let Some(shorter) = rest.strip_suffix(form) {
            rest = shorter;
            break;
        }
    }
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// What a text is found by: each letter and digit, and each pair of neighbours, once, separated by spaces.
pub fn search_text(text: &str) -> String {
    let mut tokens: Vec<String> = Vec::new();
    for word in words(text) {
        tokens.extend(word.iter().map(char::to_string));
        tokens.extend(word.windows(2).map(|pair| pair.iter().collect()));
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens.join(" ")
}

/// What must all be among the tokens of a text in which `query` stands: its pairs, and words of one character.
pub fn query_tokens(query: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for word in words(query) {
        match word.as_slice() {
            [single] => tokens.push(single.to_string()),
            longer => tokens.extend(longer.windows(2).map(|pair| pair.iter().collect::<String>())),
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

fn words(text: &str) -> Vec<Vec<char>> {
    let folded = normalise_name(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_firm_under_many_names_is_one_firm() {
        for name in [
            "朔屿蘅鹭软件有限公司",
            "朔屿蘅鹭软件 有限公司",
            "朔屿蘅鹭软件（有限公司）",
            "朔屿蘅鹭软件股份有限公司",
            "朔屿蘅鹭软件",
        ] {
            assert_eq!(firm_key(name).as_deref(), Some("朔屿蘅鹭软件"), "{name}");
        }
        assert_eq!(firm_key("ＡＣＭＥ Co., Ltd.").as_deref(), Some("acme"));
        assert_eq!(firm_key("有限公司"), None);
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_every_part_of_it(text in "[a-z晨光贸易公司 ]{1,20}", from in 0usize..20, length in 1usize..8) {
            let part: String = text.chars().skip(from).take(length).collect();
            let tokens = search_text(&text);
            let tokens: Vec<&str> = tokens.split(' ').collect();
            for token in query_tokens(&part) {
                prop_assert!(tokens.contains(&token.as_str()), "{token} of {part} in {text}");
            }
        }
    }
}
