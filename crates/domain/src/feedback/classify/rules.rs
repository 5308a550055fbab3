//! What the rules alone say of a text. The model takes it as a hint; where nothing is known, it is the answer.

use super::cue::{Cue, Label};
use super::lexicon::{self, Hit};
use super::structure::{self, Reading};
use crate::feedback::taxonomy::{FeedbackType, Mood, Priority, Subtype};

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

/// What the rules say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) kind: FeedbackType,
    pub(super) subtype: Subtype,
    pub(super) priority: Priority,
    pub(super) mood: Mood,
    /// Of type and subtype together.
    pub(super) probability: f64,
}

/// Finds the known words of a folded text and settles what they mean where they stand.
pub(super) fn read(folded: &str) -> Reading {
    structure::read(folded, lexicon::find(folded))
}

/// Adds up what the words speak for.
pub(super) fn judge(reading: &Reading) -> Verdict {
    let sums = Sums::of(&reading.hits, reading.states);
    let (kind, kind_probability) = sums.kind();
    let (subtype, subtype_probability) = sums.subtype(kind);
    let mood = sums.mood(kind);
    let priority = sums.priority(kind, mood);
    Verdict { kind, subtype, priority, mood, probability: kind_probability * subtype_probability }
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
pub(super) fn consistency(hits: &[Hit]) -> f64 {
    let of = |cue: Cue| hits.iter().filter(|hit| hit.cue == cue).map(|hit| hit.weight).sum::<f64>();
    let joined = hits.iter().any(|hit| hit.cue == Cue::Contrast);
    if !joined && of(Cue::Praise) >= 1.0 && of(Cue::Grievance) >= 1.0 { 0.4 } else { 1.0 }
}
