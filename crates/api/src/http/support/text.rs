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
    // A phone number in any usual spelling, full-width forms as well: Chinese mobile, land line (with its area code),
    // 400/800 and service numbers, and foreign ones after `+` and a country code. What the domain reads, and no more.
    (
        "@phone",
        r"^(([+＋]?[(（]?[+＋]?[8８][ 　()（）.－-]{0,3}[6６][ 　()（）.－-]{0,3})?[1１][ 　()（）.－-]{0,3}[3-9３-９]([ 　()（）.－-]{0,3}[0-9０-９]){9}|[(（]?[0０][ 　()（）.－-]{0,3}([1１][ 　()（）.－-]{0,3}[0０]([ 　()（）.－-]{0,3}[0-9０-９]){7,9}|[2-9２-９]([ 　()（）.－-]{0,3}[0-9０-９]){8,10})|[+＋][8８][ 　()（）.－-]{0,3}[6６][ 　()（）.－-]{0,3}([1１][ 　()（）.－-]{0,3}[0０]([ 　()（）.－-]{0,3}[0-9０-９]){7,9}|[2-9２-９]([ 　()（）.－-]{0,3}[0-9０-９]){8,10})|[48４８][ 　()（）.－-]{0,3}[0０][ 　()（）.－-]{0,3}[0０]([ 　()（）.－-]{0,3}[0-9０-９]){7}|[19１９][0-9０-９]{4,5}|[+＋](1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[124]|9[0-58]|2[1-689][0-9]|3[578][0-9]|42[0-9]|5[09][0-9]|6[789][0-9]|8[0578][0-9]|9[679][0-9])([ 　()（）.－-]{0,3}[0-9０-９]){7,11})$",
    ),
    ("@email", r"^[A-Za-z0-9._%+'&=~-]{1,64}@[A-Za-z0-9.-]{1,180}$"),
    // A field that can be protected.
    (
        "@protectable",
        r"^(kind|name|industry|phone|email|birthday|address|source|owner_id|department_id|cooperation_start|cooperation_stage|annual_amount|contract_end|core_products|preferred_channel|note|contact\.(name|position|phone|email|birthday|note)|custom\.[a-z][a-z0-9_]{0,49})$",
    ),
    // A custom field in a condition.
    ("@custom-field", r"^custom\.[a-z][a-z0-9_]{0,49}$"),
    // `next_cursor` of a search.
    ("@position", "^[A-Za-z0-9_-]+$"),
    // `next_cursor` of a page.
    ("@cursor", "^[0-9a-f]{32}$"),
];

/// The pattern behind a name.
pub fn named(name: &str) -> Option<&'static str> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, pattern)| *pattern)
}

/// How a pattern is told to whoever did not fit it: by examples, where it is too long to be read.
pub fn told(pattern: &str) -> &str {
    const EXAMPLES: &[(&str, &str)] = &[
        ("@phone", "138 0013 8000, 010-65529988, 400-810-8888, +1 650 253 0000"),
        ("@email", "name@example.com"),
        ("@protectable", "phone, contact.phone, custom.level"),
        ("@cursor", "next_cursor"),
        ("@position", "next_cursor"),
    ];
    let of = |name: &str| named(name).is_some_and(|known| known == pattern);
    EXAMPLES.iter().find(|(name, _)| of(name)).map_or(pattern, |(_, examples)| examples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use huiyin_domain::customers::Phone;
    use proptest::prelude::*;

    fn phones() -> impl Strategy<Value = String> {
        proptest::string::string_regex(named("@phone").unwrap().trim_matches(['^', '$'])).unwrap()
    }

    proptest! {
        #[test]
        fn what_the_contract_calls_a_phone_can_be_read(text in phones()) {
            // The contract cannot list every country code that there is not.
            let chinese = Phone::parse(&text).is_some() || text.starts_with(['+', '＋']);
            prop_assert!(chinese, "{text}");
        }
    }

    #[test]
    fn nobody_is_told_a_page_of_signs() {
        assert!(NAMED.iter().all(|(_, pattern)| told(pattern).len() < 80));
    }

    #[test]
    fn what_is_no_phone_does_not_fit_the_contract_either() {
        let pattern = regex::Regex::new(named("@phone").unwrap()).unwrap();
        for text in
            ["1590000247", "+86 186-0000-373", "139OOOO12I7", "65529988", "", "1234", "12345678901", "+86 1590000247"]
        {
            assert!(!pattern.is_match(text) && Phone::parse(text).is_none(), "{text}");
        }
        for text in [
            "138 0013 8000",
            "（０１０）6552 9988",
            "+86 10 6552 9988",
            "400-810-8888",
            "95588",
            "(+86)15900007818",
            "8618600003687",
            "+1 (650) 253-0000",
        ] {
            assert!(pattern.is_match(text) && Phone::parse(text).is_some(), "{text}");
        }
    }
}
