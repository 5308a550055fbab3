//! Sorts a customer's Chinese words into the taxonomy by rules that can be read, and says which words decided.
//!
//! The model is a sum. A text is folded to one spelling (`crate::text`), known words are found in one pass (`lexicon`), what they
//! mean where they stand is settled (`structure`), and each then adds its weight to the labels its cue speaks for (`cue`).
//! The type is the greatest of three sums and the subtype the greater of its two; a softmax over each makes probabilities,
//! and their product is the confidence. Priority and mood are steps on sums of their own. A text that holds nothing known
//! is a complaint if it is a sentence that tells something, else an inquiry about usage; either way it waits for a person.
//!
//! The first call builds the automaton (about 20,000 words, 0.1 s); a program calls it once while it starts.

mod cue;
mod layout;
mod lexicon;
#[cfg(test)]
mod samples;
mod sentence;
mod structure;
#[cfg(test)]
mod tests;

pub use cue::Label;

use super::taxonomy::{FeedbackType, Mood, Priority, Subtype};
use crate::text::Folded;
use cue::Cue;
use lexicon::Hit;
use serde::{Deserialize, Serialize};
use structure::Reading;

/// Below this confidence a person decides.
pub const REVIEW_BELOW: f64 = 0.6;

/// How steep the softmax is: one point of weight more makes a label e^1.3 ≈ 3.7 times as likely.
const STEEPNESS: f64 = 1.3;
/// What a plain statement adds to the complaint: enough to lead, not enough to be sure.
const STATEMENT: f64 = 1.2;
/// What a complaint as such adds to dissatisfaction.
const COMPLAINT: f64 = 0.5;
/// Sums from which a priority is given. A single hint of haste is not enough, one clear danger is.
const URGENT_FROM: f64 = 2.0;
const IMPORTANT_FROM: f64 = 1.0;
/// How far the sums for a mood must stand apart.
const DISSATISFIED_FROM: f64 = 0.9;
const SATISFIED_FROM: f64 = 0.4;
/// The most evidence that is told.
const MOST_EVIDENCE: usize = 16;

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
    /// What they added to the label's sum.
    pub weight: f64,
}

/// Classifies a text. Deterministic, in time that grows with its length (times a logarithm), and total: any text has an
/// answer.
pub fn classify(text: &str) -> Classification {
    let folded = Folded::new(text);
    let Reading { hits, states } = structure::read(&folded.text, lexicon::find(&folded.text));
    let sums = Sums::of(&hits, states);

    let (kind, kind_probability) = sums.kind();
    let (subtype, subtype_probability) = sums.subtype(kind);
    let mood = sums.mood(kind);
    let priority = sums.priority(kind, mood);
    let confidence = kind_probability * subtype_probability * consistency(&hits);
    Classification {
        kind,
        subtype,
        priority,
        mood,
        confidence,
        needs_review: confidence < REVIEW_BELOW,
        evidence: evidence(text, &folded, &hits, &[kind.into(), subtype.into(), priority.into(), mood.into()]),
    }
}

/// The sum of every label.
struct Sums([f64; Label::ALL.len()]);

impl Sums {
    fn of(hits: &[Hit], states: bool) -> Self {
        let mut sums = Self([0.0; Label::ALL.len()]);
        // Most that is asked is how to use a thing, most that is wished is a function.
        sums.add(Label::ProductUsage, 0.5);
        sums.add(Label::FeatureImprovement, 0.2);
        if states {
            sums.add(Label::Complaint, STATEMENT);
            sums.add(Label::Dissatisfied, DISSATISFIED_FROM - COMPLAINT);
        }
        for hit in hits {
            for (label, share) in hit.cue.speaks_for() {
                sums.add(*label, share * hit.weight);
            }
        }
        sums
    }

    fn add(&mut self, label: Label, weight: f64) {
        if let Some(sum) = self.0.get_mut(label as usize) {
            *sum += weight;
        }
    }

    fn get(&self, label: Label) -> f64 {
        self.0.get(label as usize).copied().unwrap_or_default()
    }

    /// The likeliest of `choices` and its probability; of equals the first.
    fn likeliest<T: Copy + Into<Label>>(&self, first: T, others: &[T]) -> (T, f64) {
        let score = |choice: T| self.get(choice.into());
        let best = others.iter().fold(first, |best, other| if score(*other) > score(best) { *other } else { best });
        let odds = |choice: T| (STEEPNESS * (score(choice) - score(best))).exp();
        let all = odds(first) + others.iter().map(|other| odds(*other)).sum::<f64>();
        (best, 1.0 / all)
    }

    fn kind(&self) -> (FeedbackType, f64) {
        self.likeliest(FeedbackType::Inquiry, &[FeedbackType::Suggestion, FeedbackType::Complaint])
    }

    fn subtype(&self, kind: FeedbackType) -> (Subtype, f64) {
        match kind {
            FeedbackType::Complaint => self.likeliest(Subtype::ServiceQuality, &[Subtype::ProductFunction]),
            FeedbackType::Suggestion => self.likeliest(Subtype::FeatureImprovement, &[Subtype::ServiceExperience]),
            FeedbackType::Inquiry => self.likeliest(Subtype::ProductUsage, &[Subtype::CooperationPolicy]),
        }
    }

    /// Whoever complains is not content, unless the words play it down; praise outweighs that.
    fn mood(&self, kind: FeedbackType) -> Mood {
        let complains = if kind == FeedbackType::Complaint { COMPLAINT } else { 0.0 };
        let bad = (self.get(Label::Dissatisfied) + complains - self.get(Label::Neutral)).max(0.0);
        let good = self.get(Label::Satisfied);
        if bad - good >= DISSATISFIED_FROM {
            Mood::Dissatisfied
        } else if good - bad >= SATISFIED_FROM {
            Mood::Satisfied
        } else {
            Mood::Neutral
        }
    }

    /// A complaint hurts the relation as far as the customer minds.
    fn priority(&self, kind: FeedbackType, mood: Mood) -> Priority {
        let minds = match (kind, mood) {
            (FeedbackType::Complaint, Mood::Dissatisfied) => 1.0,
            (FeedbackType::Complaint, Mood::Neutral) | (_, Mood::Dissatisfied) => 0.4,
            _ => 0.0,
        };
        if self.get(Label::Urgent) >= URGENT_FROM {
            Priority::Urgent
        } else if minds + self.get(Label::Important) - self.get(Label::Normal) >= IMPORTANT_FROM {
            Priority::Important
        } else {
            Priority::Normal
        }
    }
}

/// Less than 1 where strong praise and strong anger stand side by side with no word to join them.
fn consistency(hits: &[Hit]) -> f64 {
    let of = |cue: Cue| hits.iter().filter(|hit| hit.cue == cue).map(|hit| hit.weight).sum::<f64>();
    let joined = hits.iter().any(|hit| hit.cue == Cue::Contrast);
    if !joined && of(Cue::Praise) >= 1.0 && of(Cue::Grievance) >= 1.0 { 0.5 } else { 1.0 }
}

/// What spoke for the labels that won, one entry for each word and label.
fn evidence(text: &str, folded: &Folded, hits: &[Hit], won: &[Label]) -> Vec<Evidence> {
    let mut told: Vec<_> = hits
        .iter()
        .flat_map(|hit| hit.cue.speaks_for().iter().map(move |(label, share)| (hit, *label, share * hit.weight)))
        .filter(|(_, label, weight)| won.contains(label) && *weight > 0.0)
        .collect();
    told.sort_by(|(a, _, x), (b, _, y)| y.total_cmp(x).then(a.span.start.cmp(&b.span.start)));
    told.truncate(MOST_EVIDENCE);
    told.into_iter()
        .map(|(hit, label, weight)| Evidence { text: folded.source(text, &hit.span).to_owned(), label, weight })
        .collect()
}
