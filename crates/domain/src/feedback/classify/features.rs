//! What the model sees of a text: its words, pairs of neighbouring words and pieces of two or three characters, each
//! once, and what the rules read in it. A feature is known by the hash of its name, so that a new word needs no table.

use super::cue::Cue;
use super::layout::Layout;
use super::rules::Verdict;
use super::structure::Reading;
use crate::text::segment;
use std::collections::HashSet;
use std::ops::Range;

/// How much a reading counts beside the words, whose squares add up to 1.
const CUE: f32 = 0.5;
const LAST_CUE: f32 = 0.3;
const TAIL_CUE: f32 = 0.3;
const PAIR: f32 = 0.3;
const VERDICT: f32 = 0.6;

/// One feature of a text.
#[derive(Debug, Clone)]
pub struct Feature {
    /// The hash of its name.
    pub key: u32,
    /// What of the folded text it stands for; empty where that is nothing in particular.
    pub span: Range<usize>,
    /// `None`: a piece of the text, whose value is its rarity. Else a reading of the rules and its value.
    pub reading: Option<f32>,
}

/// The features of a folded text.
pub(super) fn of(text: &str, reading: &Reading, verdict: &Verdict) -> Vec<Feature> {
    let layout = Layout::new(text);
    let mut seen = HashSet::new();
    let mut features = Vec::with_capacity(text.len() * 2);
    let mut piece = |name: &[&str], span: Range<usize>| {
        let key = hash(name);
        if seen.insert(key) {
            features.push(Feature { key, span, reading: None });
        }
    };
    words(text, &layout, &mut piece);
    pieces(text, &mut piece);
    readings(text, &layout, reading, verdict, &mut features);
    features
}

/// Words, neighbours within a clause, and the words that open and close a text.
fn words(text: &str, layout: &Layout, piece: &mut impl FnMut(&[&str], Range<usize>)) {
    let last = layout.last_clause();
    let mut before: Option<Range<usize>> = None;
    let mut opening = 0;
    for span in segment::spans(text) {
        let word = text.get(span.clone()).unwrap_or_default();
        if !word.chars().any(char::is_alphanumeric) {
            if word.contains(['?', '!', '~', '"', '…', '(']) {
                piece(&["m", word], span.clone());
            }
            before = None;
            continue;
        }
        // Which number it is tells nothing.
        let name = if word.bytes().all(|byte| byte.is_ascii_digit()) { "0" } else { word };
        piece(&["w", name], span.clone());
        if let Some(end) = name.chars().next_back().filter(|c| !c.is_ascii()) {
            piece(&["s", end.encode_utf8(&mut [0; 4])], span.clone());
        }
        if opening < 2 {
            piece(&["o", name], span.clone());
            opening += 1;
        }
        if last.contains(&span.start) {
            piece(&["l", name], span.clone());
        }
        if let Some(before) = before {
            let former = text.get(before.clone()).unwrap_or_default();
            piece(&["b", former, " ", name], before.start..span.end);
        }
        before = Some(span);
    }
    if let Some((at, end)) = text.get(last.clone()).and_then(|clause| clause.char_indices().next_back()) {
        let start = last.start + at;
        piece(&["e", end.encode_utf8(&mut [0; 4])], start..start + end.len_utf8());
    }
}

/// Two and three characters in a row, with no mark among them.
fn pieces(text: &str, piece: &mut impl FnMut(&[&str], Range<usize>)) {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    for (length, name) in [(1, "1"), (2, "2"), (3, "3")] {
        for window in chars.windows(length) {
            let (Some((start, _)), Some((at, end))) = (window.first(), window.last()) else { continue };
            if window.iter().all(|(_, c)| c.is_alphanumeric()) && !window.iter().all(|(_, c)| c.is_ascii()) {
                let span = *start..at + end.len_utf8();
                piece(&[name, text.get(span.clone()).unwrap_or_default()], span);
            }
        }
    }
}

/// What the rules have read: cues with their weights, cues of the last sentence, cues and forms that meet, the verdict.
fn readings(text: &str, layout: &Layout, reading: &Reading, verdict: &Verdict, features: &mut Vec<Feature>) {
    let last = layout.sentences.last().map_or(0, |sentence| sentence.start);
    let tail = layout.last_clause().start;
    let mut present: Vec<String> = forms(text, reading).into_iter().map(str::to_owned).collect();
    for hit in reading.hits.iter().filter(|hit| hit.cue != Cue::Nothing) {
        let name = format!("{:?}", hit.cue);
        let value = hit.weight as f32;
        features.push(Feature { key: hash(&["cue", &name]), span: hit.span.clone(), reading: Some(CUE * value) });
        if hit.span.start >= last {
            let key = hash(&["last cue", &name]);
            features.push(Feature { key, span: hit.span.clone(), reading: Some(LAST_CUE * value) });
        }
        if hit.span.start >= tail {
            let key = hash(&["tail cue", &name]);
            features.push(Feature { key, span: hit.span.clone(), reading: Some(TAIL_CUE * value) });
        }
        if hit.weight >= 0.5 && !present.contains(&name) {
            present.push(name);
        }
    }
    present.sort_unstable();
    let mut add = |name: &[&str], value: f32| {
        features.push(Feature { key: hash(name), span: 0..0, reading: Some(value) });
    };
    for (index, one) in present.iter().enumerate() {
        add(&["has", one], PAIR);
        for other in present.iter().skip(index + 1) {
            add(&["meet", one, " ", other], PAIR);
        }
    }
    add(&["says", verdict.subtype.as_str()], VERDICT);
    add(&["says", verdict.priority.as_str()], VERDICT);
    add(&["says", verdict.mood.as_str()], VERDICT);
    add(&["says", verdict.subtype.as_str(), " ", verdict.mood.as_str()], VERDICT);
    add(&["says", verdict.kind.as_str(), " ", verdict.priority.as_str()], VERDICT);
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
