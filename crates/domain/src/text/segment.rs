//! Cuts Chinese text into words with jieba's dictionary, the same everywhere: what is stored for search, what is searched
//! for and what the classifier reads.
//!
//! Only the dictionary decides. The statistical guess at unknown words is left out: it would cut a name differently in a
//! question and in the text that is looked for.

use super::Folded;
use jieba_rs::Jieba;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// The longest token that is kept for search, in characters. What is longer is no word; it is cut.
const LONGEST_TOKEN: usize = 32;

/// Reads the dictionary (about 0.15 s). A program calls it once while it starts, so that the first text need not wait.
pub fn preload() {
    LazyLock::force(&JIEBA);
}

/// The words of a text in order, marks and blanks among them; joined they are the text.
pub fn words(text: &str) -> Vec<&str> {
    JIEBA.cut(text, false).into_iter().map(|token| token.word).collect()
}

/// Where each word of a text stands, in bytes.
pub fn spans(text: &str) -> Vec<Range<usize>> {
    JIEBA.cut(text, false).into_iter().map(|token| token.byte_start..token.byte_end).collect()
}

/// What a text is found by: its words and the shorter words within them, in one spelling (simplified, half-width, lower
/// case), each once, in the order of their first appearance. Marks and blanks are left out, so a token holds letters and
/// digits only.
pub fn search_tokens(text: &str) -> Vec<String> {
    let folded = Folded::new(text);
    let mut seen = HashSet::new();
    JIEBA
        .cut_for_search(&folded.text, false)
        .into_iter()
        .flat_map(|token| token.word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(|word| word.char_indices().nth(LONGEST_TOKEN).map_or(word, |(end, _)| word.get(..end).unwrap_or_default()))
        .filter(|word| seen.insert(*word))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_text() {
        for text in ["系统登录不上，一直报错", "", "App v2.1 打不开!!", "\u{10FFFF}👨\u{200D}👩停产"]
        {
            assert_eq!(words(text).concat(), text);
            assert!(spans(text).iter().zip(words(text)).all(|(span, word)| &text[span.clone()] == word));
        }
        assert!(words("这张发票开错了").contains(&"发票"));
    }

    #[test]
    fn a_text_is_found_by_its_words_however_they_are_written() {
        let tokens = search_tokens("發票系統：ＡＰＰ登錄不上,發票");
        assert!(
            ["发票", "系统", "app", "登录"].iter().all(|word| tokens.iter().any(|token| token == word)),
            "{tokens:?}"
        );
        assert_eq!(tokens.iter().filter(|token| *token == "发票").count(), 1);
        assert!(tokens.iter().all(|token| token.chars().all(char::is_alphanumeric)));
    }

    #[test]
    fn longer_words_are_found_by_the_shorter_in_them() {
        let tokens = search_tokens("中华人民共和国");
        assert!(tokens.contains(&"共和国".to_owned()) && tokens.contains(&"中华".to_owned()), "{tokens:?}");
    }

    #[test]
    fn what_is_no_word_is_cut() {
        let tokens = search_tokens(&"a".repeat(5_000));
        assert!(tokens.iter().all(|token| token.chars().count() <= LONGEST_TOKEN), "{tokens:?}");
        assert!(search_tokens(" ，。！\u{0}\n").is_empty());
    }
}
