//! Cuts a folded text into sentences and clauses.

use std::ops::Range;

/// Ranges of bytes, in order. A sentence keeps its closing marks, a clause has none.
pub(super) struct Layout {
    pub(super) sentences: Vec<Range<usize>>,
    clauses: Vec<Range<usize>>,
}

impl Layout {
    pub(super) fn new(text: &str) -> Self {
        let (mut sentences, mut clauses) = (Vec::new(), Vec::new());
        let (mut sentence, mut clause) = (0, 0);
        let mut closing = false;
        for (at, c) in text.char_indices() {
            let ends = ends_sentence(c);
            if closing && !ends {
                sentences.push(sentence..at);
                sentence = at;
            }
            closing = ends;
            if ends || ends_clause(c) {
                if at > clause {
                    clauses.push(clause..at);
                }
                clause = at + c.len_utf8();
            }
        }
        if text.len() > sentence {
            sentences.push(sentence..text.len());
        }
        if text.len() > clause {
            clauses.push(clause..text.len());
        }
        Self { sentences, clauses }
    }

    /// The clause that holds the byte `at`; an empty range if a mark stands there.
    pub(super) fn clause(&self, at: usize) -> Range<usize> {
        let index = self.clauses.partition_point(|clause| clause.end <= at);
        self.clauses.get(index).filter(|clause| clause.contains(&at)).cloned().unwrap_or(at..at)
    }

    pub(super) fn clauses(&self) -> &[Range<usize>] {
        &self.clauses
    }

    /// The clause that closes the text; empty where there is none.
    pub(super) fn last_clause(&self) -> Range<usize> {
        self.clauses.last().cloned().unwrap_or(0..0)
    }

    /// The clauses that lie in `sentence`.
    pub(super) fn clauses_of(&self, sentence: &Range<usize>) -> &[Range<usize>] {
        let from = self.clauses.partition_point(|clause| clause.start < sentence.start);
        let to = self.clauses.partition_point(|clause| clause.start < sentence.end);
        self.clauses.get(from..to).unwrap_or_default()
    }
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '。' | '!' | '?' | ';' | '\n' | '\r' | '…')
}

fn ends_clause(c: char) -> bool {
    matches!(c, ',' | '、' | ':' | ' ' | '~' | '(' | ')' | '—')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_follow_each_other_close_one_sentence() {
        let text = "好吗?!不好,真的。";
        let layout = Layout::new(text);
        let sentences: Vec<_> = layout.sentences.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(sentences, ["好吗?!", "不好,真的。"]);
        let clauses: Vec<_> =
            layout.clauses_of(&layout.sentences[1]).iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(clauses, ["不好", "真的"]);
    }
}
