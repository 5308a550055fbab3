//! What the model sees of a text: its words, neighbours and characters, how clauses begin and end, each once, and what the
//! rules read in it. A feature is known by the hash of its name, so that a new word needs no table.

use super::cue::Cue;
use super::layout::Layout;
use super::rules::Verdict;
use super::structure::Reading;
use crate::text::segment;
use std::collections::HashSet;
use std::ops::Range;

/// How much a reading counts beside the words.
const CUE: f32 = 0.25;
const CLOSING_CUE: f32 = 0.15;
const FORM: f32 = 0.15;
const VERDICT: f32 = 0.3;
/// Neighbouring words repeat what the words have said.
const NEIGHBOURS: f32 = 0.5;

/// One feature of a text.
#[derive(Debug, Clone)]
pub struct Feature {
    /// The hash of its name.
    pub key: u32,
    /// What of the folded text it stands for; empty where that is nothing in particular.
    pub span: Range<usize>,
    pub amount: f32,
    /// Whether it is a reading of the rules, and no piece of the text that counts by its rarity.
    pub reading: bool,
}

/// The pieces of a text, each once.
struct Pieces {
    seen: HashSet<u32>,
    found: Vec<Feature>,
}

impl Pieces {
    fn add(&mut self, name: &[&str], span: Range<usize>) {
        self.add_as(name, span, 1.0);
    }

    fn add_as(&mut self, name: &[&str], span: Range<usize>, amount: f32) {
        let key = hash(name);
        if self.seen.insert(key) {
            self.found.push(Feature { key, span, amount, reading: false });
        }
    }
}

/// The features of a folded text.
pub(super) fn of(text: &str, reading: &Reading, verdict: &Verdict) -> Vec<Feature> {
    let layout = Layout::new(text);
    let mut pieces = Pieces { seen: HashSet::new(), found: Vec::with_capacity(text.len() * 2) };
    words(text, &layout, &mut pieces);
    characters(text, &mut pieces);
    for clause in layout.clauses() {
        clause_ends(text, clause, &mut pieces);
    }
    let mut features = pieces.found;
    readings(text, &layout, reading, verdict, &mut features);
    features
}

/// Words and the characters they end with, neighbours within a clause, and the words that open and close a text.
fn words(text: &str, layout: &Layout, pieces: &mut Pieces) {
    let last = layout.last_clause();
    let mut before: Option<Range<usize>> = None;
    let mut opening = 0;
    for span in segment::spans(text) {
        let word = text.get(span.clone()).unwrap_or_default();
        if !word.chars().any(char::is_alphanumeric) {
            if word.contains(['?', '!', '~', '"', '…', '(']) {
                pieces.add(&["m", word], span);
            }
            before = None;
            continue;
        }
        // Which number it is tells nothing.
        let name = if word.bytes().all(|byte| byte.is_ascii_digit()) { "0" } else { word };
        pieces.add(&["w", name], span.clone());
        if let Some(end) = name.chars().next_back().filter(|c| !c.is_ascii()) {
            pieces.add(&["s", end.encode_utf8(&mut [0; 4])], span.clone());
        }
        if opening < 2 {
            pieces.add(&["o", name], span.clone());
            opening += 1;
        }
        if last.contains(&span.start) {
            pieces.add(&["l", name], span.clone());
        }
        if let Some(before) = before {
            let former = text.get(before.clone()).unwrap_or_default();
            pieces.add_as(&["b", former, " ", name], before.start..span.end, NEIGHBOURS);
        }
        before = Some(span);
    }
}

/// Single characters and two in a row, with no mark among them.
fn characters(text: &str, pieces: &mut Pieces) {
    let mut before: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        if !c.is_alphanumeric() {
            before = None;
            continue;
        }
        let end = at + c.len_utf8();
        if !c.is_ascii() {
            pieces.add(&["1", text.get(at..end).unwrap_or_default()], at..end);
        }
        if let Some((start, _)) = before.filter(|(_, former)| !(former.is_ascii() && c.is_ascii())) {
            pieces.add(&["2", text.get(start..end).unwrap_or_default()], start..end);
        }
        before = Some((at, c));
    }
}

/// The one and the two characters that a clause begins with and ends with.
fn clause_ends(text: &str, clause: &Range<usize>, pieces: &mut Pieces) {
    let words = text.get(clause.clone()).unwrap_or_default();
    for count in [1, 2] {
        let head = words.char_indices().nth(count).map_or(words.len(), |(at, _)| at);
        let tail = words.char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at);
        pieces.add(&["<", words.get(..head).unwrap_or_default()], clause.start..clause.start + head);
        pieces.add(&[">", words.get(tail..).unwrap_or_default()], clause.start + tail..clause.end);
    }
}

/// What the rules have read: cues with their weights, cues of the last sentence and clause, cues and forms that meet,
/// the verdict.
fn readings(text: &str, layout: &Layout, reading: &Reading, verdict: &Verdict, features: &mut Vec<Feature>) {
    let sentence = layout.sentences.last().map_or(0, |sentence| sentence.start);
    let clause = layout.last_clause().start;
    let mut present: Vec<String> = forms(text, reading).into_iter().map(str::to_owned).collect();
    let mut add = |name: &[&str], span: &Range<usize>, amount: f32| {
        features.push(Feature { key: hash(name), span: span.clone(), amount, reading: true });
    };
    for hit in reading.hits.iter().filter(|hit| hit.cue != Cue::Nothing) {
        let name = format!("{:?}", hit.cue);
        let weight = hit.weight as f32;
        add(&["cue", &name], &hit.span, CUE * weight);
        if hit.span.start >= sentence {
            add(&["last cue", &name], &hit.span, CLOSING_CUE * weight);
        }
        if hit.span.start >= clause {
            add(&["tail cue", &name], &hit.span, CLOSING_CUE * weight);
        }
        if hit.weight >= 0.5 && !present.contains(&name) {
            present.push(name);
        }
    }
    present.sort_unstable();
    for (index, one) in present.iter().enumerate() {
        add(&["has", one], &(0..0), FORM);
        for other in present.iter().skip(index + 1) {
            add(&["meet", one, " ", other], &(0..0), FORM);
        }
    }
    let Verdict { kind, subtype, priority, mood, .. } = verdict;
    add(&["says", subtype.as_str()], &(0..0), VERDICT);
    add(&["says", priority.as_str()], &(0..0), VERDICT);
    add(&["says", mood.as_str()], &(0..0), VERDICT);
    add(&["says", subtype.as_str(), " ", mood.as_str()], &(0..0), VERDICT);
    add(&["says", kind.as_str(), " ", priority.as_str()], &(0..0), VERDICT);
}

/// Marks of the whole text.
fn forms(text: &str, reading: &Reading) -> Vec<&'static str> {
    const SHORT: usize = 14;
    const LONG: usize = 60;
    let trimmed = text.trim_end();
    let mut forms = Vec::new();
    let mut note = |applies: bool, name: &'static str| {
        if applies {
            forms.push(name);
        }
    };
    note(reading.states, "states");
    note(trimmed.ends_with('?'), "asks");
    note(trimmed.ends_with('!'), "exclaims");
    note(text.contains('"'), "quotes");
    note(reading.note, "note");
    // Of distinct characters, so that a text said twice is no longer.
    let length = text.chars().collect::<HashSet<_>>().len();
    note(length <= SHORT, "short");
    note(length >= LONG, "long");
    forms
}

/// The parts, each closed by a zero.
pub(super) fn hash(parts: &[&str]) -> u32 {
    hash_of(parts.iter().flat_map(|part| part.bytes().chain([0])))
}

pub(super) fn hash_bytes(bytes: &[u8]) -> u32 {
    hash_of(bytes.iter().copied())
}

/// FNV-1a, folded to 32 bits: the same on every machine and in every release, which the hashers of the library do not
/// promise. The model file is written in it.
fn hash_of(bytes: impl Iterator<Item = u8>) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325, step);
    (hash >> 32) as u32 ^ hash as u32
}
