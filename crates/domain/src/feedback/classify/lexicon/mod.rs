//! The words the classifier knows, and the automaton that finds them all in one pass.
//!
//! A row holds words of one cue and one weight, separated by blanks; `(太|很|)慢` stands for 太慢, 很慢 and 慢. Weights are of one scale: about 0.5 is a hint, 1 is
//! what a text must hold one or two of, 2 decides alone. Words are folded (`crate::text`): simplified, half-width, lower case.
//! A word that two rows make keeps the first meaning.
//! Of words that overlap, the one that begins first wins, then the longest; so a lookalike is disarmed by a longer row.

mod complaints;
mod context;
mod inquiries;
mod suggestions;

use super::cue::Cue;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;
use std::sync::LazyLock;

/// Cue, weight, words.
pub(super) type Row = (Cue, f64, &'static str);

const TABLES: [&[Row]; 4] = [complaints::ROWS, suggestions::ROWS, inquiries::ROWS, context::ROWS];

/// A word found in a folded text.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) span: Range<usize>,
    pub(super) cue: Cue,
    pub(super) weight: f64,
}

struct Lexicon {
    automaton: AhoCorasick,
    /// What each pattern of the automaton means.
    meanings: Vec<(Cue, f64)>,
}

/// `None` only if the automaton could not be built, which its size rules out; then no word is known and every text waits
/// for a person.
static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut meanings = Vec::new();
    for (cue, weight, row) in TABLES.into_iter().flatten() {
        for word in row.split_whitespace().flat_map(expand) {
            words.push(word);
            meanings.push((*cue, *weight));
        }
    }
    let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words).ok()?;
    Some(Lexicon { automaton, meanings })
});

/// Whether a match is a piece of a longer Latin word or number: app in apple.
fn cuts_latin_word(text: &str, span: Range<usize>) -> bool {
    let latin = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    let joined = |at: usize| latin(at) && at.checked_sub(1).is_some_and(latin);
    joined(span.start) || joined(span.end)
}

/// The words that a pattern stands for. Groups do not nest; what is no group stands for itself.
fn expand(pattern: &str) -> Vec<String> {
    let Some((head, (group, tail))) =
        pattern.split_once('(').and_then(|(head, rest)| Some((head, rest.split_once(')')?)))
    else {
        return vec![pattern.to_owned()];
    };
    let tails = expand(tail);
    group.split('|').flat_map(|choice| tails.iter().map(move |tail| format!("{head}{choice}{tail}"))).collect()
}

/// Every known word of a folded text, in order and without overlap.
pub(super) fn find(text: &str) -> Vec<Hit> {
    let Some(lexicon) = LEXICON.as_ref() else { return Vec::new() };
    lexicon
        .automaton
        .find_iter(text)
        .filter(|found| !cuts_latin_word(text, found.span().range()))
        .filter_map(|found| {
            let (cue, weight) = *lexicon.meanings.get(found.pattern().as_usize())?;
            Some(Hit { span: found.start()..found.end(), cue, weight })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn words() -> impl Iterator<Item = (String, Cue)> {
        TABLES
            .into_iter()
            .flatten()
            .flat_map(|(cue, _, row)| row.split_whitespace().flat_map(expand).map(|word| (word, *cue)))
    }

    #[test]
    fn a_pattern_stands_for_every_choice() {
        assert_eq!(expand("(太|很|)慢(了|)"), ["太慢了", "太慢", "很慢了", "很慢", "慢了", "慢"]);
        assert_eq!(expand("慢"), ["慢"]);
    }

    #[test]
    fn no_word_has_two_meanings() {
        let mut known = HashMap::new();
        let torn: Vec<_> = words()
            .filter_map(|(word, cue)| {
                let first = *known.entry(word.clone()).or_insert(cue);
                (first != cue).then(|| format!("{word} {first:?} {cue:?}"))
            })
            .collect();
        assert!(torn.is_empty(), "{torn:#?}");
    }

    #[test]
    fn every_word_is_spelled_as_texts_are_folded_and_is_found() {
        for (word, _) in words() {
            assert_eq!(crate::text::Folded::new(&word).text, word);
            assert!(word.chars().all(|c| !matches!(c, '(' | ')' | '|' | '?')), "{word}");
            assert!(!find(&word).is_empty(), "{word}");
        }
    }
}
