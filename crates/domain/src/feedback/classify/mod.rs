//! Sorts a customer's Chinese words into the taxonomy and says which words decided.
//!
//! A text is folded to one spelling (`crate::text`). Rules find known words in one pass (`lexicon`), settle what they mean
//! where they stand (`structure`) and add up what they speak for (`cue`, `rules`). A linear model learnt from the corpus
//! (`corpus/` beside the sources) then weighs words, neighbours, pieces of two and three characters and the rules' readings
//! (`features`, `model`): three decisions, for the subtype (the type follows: its subtypes' sum), the priority and the
//! mood. The sums of each are divided by a temperature, so that their softmax is as sure as it is right. What people have
//! corrected adds weights of its own on top (`learnt`). A text that holds nothing known waits for a person.
//!
//! The first call reads the dictionary and builds the automaton (0.3 s); a program calls `preload` while it starts.

mod cue;
mod evidence;
pub mod features;
#[cfg(test)]
mod heldout;
mod layout;
mod learnt;
mod lexicon;
pub mod model;
mod rules;
#[cfg(test)]
mod samples;
mod sentence;
mod structure;
#[cfg(test)]
mod tests;

pub use cue::Label;
pub use learnt::{Correction, Learnt};

use super::taxonomy::{FeedbackType, Mood, Priority, Subtype};
use crate::text::{Folded, segment};
use features::Feature;
use learnt::Lesson;
use lexicon::Hit;
use model::Model;
use rules::Verdict;
use serde::{Deserialize, Serialize};
use structure::Reading;

/// How many characters of a corrected text are learnt from.
const LESSON: usize = 1_000;

/// What a text is, how sure that is, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// Type (反馈类型).
    #[serde(rename = "type")]
    pub kind: FeedbackType,
    pub subtype: Subtype,
    pub priority: Priority,
    pub mood: Mood,
    /// Probability of type and subtype together, 0 to 1.
    pub confidence: f64,
    /// Whether a person must confirm it.
    pub needs_review: bool,
    /// What spoke for the labels that were given, the heaviest first.
    pub evidence: Vec<Evidence>,
}

/// Words that spoke for a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// As they stand in the text.
    pub text: String,
    pub label: Label,
    /// What they added to the label's lead over its rivals.
    pub weight: f64,
}

/// Reads dictionary, lexicon and model, so that the first text need not wait.
pub fn preload() {
    segment::preload();
    classify("");
}

/// Below this confidence a person decides.
pub fn review_below() -> f64 {
    f64::from(Model::shipped().review_below)
}

/// Classifies a text by the shipped model alone.
pub fn classify(text: &str) -> Classification {
    classify_with(text, &Learnt::default())
}

/// Classifies a text. Deterministic, in time that grows with its length (times a logarithm), and total: any text has an
/// answer.
pub fn classify_with(text: &str, learnt: &Learnt) -> Classification {
    let model = Model::shipped();
    let folded = Folded::new(text);
    let (reading, verdict, features) = see(&folded);
    let mut scores = model.score(&features);
    let shipped = scores.sums;
    let pieces = features.iter().zip(&scores.values).filter(|(feature, _)| !feature.reading);
    learnt.add_to(&mut scores.sums, pieces.map(|(feature, value)| (feature.key, *value)));
    let has_learnt = scores.sums != shipped;

    let word = |hit: &Hit| folded.text.get(hit.span.clone()).is_some_and(|word| word.contains(char::is_alphanumeric));
    if !reading.states && !has_learnt && !reading.hits.iter().any(word) {
        return unknown(&verdict);
    }
    let probabilities = model.probabilities(&scores.sums);
    let (kind, subtype, priority, mood, probability) = model::decide(&probabilities);
    let confidence = probability * rules::consistency(&reading.hits);
    let needs_review = confidence < review_below();
    let won = Classification { kind, subtype, priority, mood, confidence, needs_review, evidence: Vec::new() };
    let evidence = evidence::of(text, &folded, &reading, &features, &scores, (model, learnt), &won);
    Classification { evidence, ..won }
}

/// What the rules make of a text that holds nothing known, for a person to look at.
fn unknown(verdict: &Verdict) -> Classification {
    Classification {
        kind: verdict.kind,
        subtype: verdict.subtype,
        priority: verdict.priority,
        mood: verdict.mood,
        confidence: verdict.probability,
        needs_review: true,
        evidence: Vec::new(),
    }
}

fn see(folded: &Folded) -> (Reading, Verdict, Vec<Feature>) {
    let reading = rules::read(&folded.text);
    let verdict = rules::judge(&reading);
    let features = features::of(&folded.text, &reading, &verdict);
    (reading, verdict, features)
}

/// The features of a text, for the program that learns the model.
pub fn features_of(text: &str) -> Vec<Feature> {
    see(&Folded::new(text)).2
}

/// The part of a corrected text that is learnt from.
pub fn lesson(text: &str) -> &str {
    text.char_indices().nth(LESSON).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}

/// Learns from people's corrections, in their order: texts, and what each was changed to. Deterministic.
pub fn learn<'a>(corrections: impl Iterator<Item = (&'a str, Correction)>) -> Learnt {
    let model = Model::shipped();
    let lesson = |(text, correction)| Lesson::new(model, &features_of(lesson(text)), correction);
    let lessons: Vec<Lesson> = corrections.map(lesson).collect();
    Learnt::from_lessons(model, &lessons)
}
