//! What a deployment has learnt from its people's corrections: weights on top of the shipped model.
//!
//! Corrections are gone through in their order, a few rounds. A text that the weights do not yet sort as the person did,
//! surely enough, moves the weights of its own pieces a step towards the person's label and away from the others
//! (gradient of the logistic loss); one that is sorted surely moves nothing. The rules' readings and what nearly every text
//! has are left alone, so that a text which shares nothing peculiar with the corrected ones stays where it was.

use super::cue::Label;
use super::features::Feature;
use super::model::{CLASSES, HEADS, Model, classes};
use crate::feedback::taxonomy::{Mood, Priority, Subtype};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// How far one correction moves the weights.
const RATE: f64 = 0.05;
const ROUNDS: usize = 12;
/// From this probability on a correction has been learnt.
const SURE: f64 = 0.9;
/// What more texts of the corpus have than one in e^4 ≈ 55 is no peculiarity.
const RARE_FROM: f32 = 4.0;
/// Weights smaller than this change nothing that one could see.
const SMALLEST: f32 = 0.005;
/// The most weights that are kept, the greatest first.
const MOST: usize = 40_000;

/// What a person has changed; `None` where the classifier's word stood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Correction {
    pub subtype: Option<Subtype>,
    pub priority: Option<Priority>,
    pub mood: Option<Mood>,
}

/// Weights by feature and label, on top of the shipped model's. None at all is the shipped model itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Learnt(HashMap<u32, [f32; CLASSES]>);

/// By label, so that what is kept can be read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored(BTreeMap<Label, Vec<(u32, f32)>>);

impl From<Stored> for Learnt {
    fn from(stored: Stored) -> Self {
        let mut weights: HashMap<u32, [f32; CLASSES]> = HashMap::new();
        for (class, label) in classes().enumerate() {
            for (key, weight) in stored.0.get(&label).into_iter().flatten() {
                if let Some(place) = weights.entry(*key).or_default().get_mut(class) {
                    *place = *weight;
                }
            }
        }
        Self(weights)
    }
}

impl From<Learnt> for Stored {
    fn from(learnt: Learnt) -> Self {
        let mut stored: BTreeMap<Label, Vec<(u32, f32)>> = BTreeMap::new();
        for (key, weights) in &learnt.0 {
            for (label, weight) in classes().zip(weights).filter(|(_, weight)| **weight != 0.0) {
                stored.entry(label).or_default().push((*key, *weight));
            }
        }
        stored.values_mut().for_each(|weights| weights.sort_unstable_by_key(|(key, _)| *key));
        Self(stored)
    }
}

/// A corrected text, ready to be learnt from.
#[derive(Debug)]
pub(super) struct Lesson {
    /// Peculiar pieces and how much of each the text has.
    pieces: Vec<(u32, f32)>,
    /// The shipped model's sums.
    sums: [f64; CLASSES],
    /// The class to be chosen in each decision that was corrected.
    wanted: [Option<usize>; 3],
}

impl Lesson {
    pub(super) fn new(model: &Model, features: &[Feature], correction: Correction) -> Self {
        let scores = model.score(features);
        let rarity = |row: &Option<usize>| row.and_then(|row| model.rarity.get(row)).copied().unwrap_or(model.unknown);
        let pieces = features.iter().zip(&scores.rows).zip(&scores.values);
        let pieces = pieces.filter(|((feature, row), _)| !feature.reading && rarity(row) >= RARE_FROM);
        let place = |label: Label| classes().position(|class| class == label);
        Self {
            pieces: pieces.map(|((feature, _), value)| (feature.key, *value)).collect(),
            sums: scores.sums,
            wanted: [
                correction.subtype.and_then(|subtype| place(subtype.into())),
                correction.priority.and_then(|priority| place(priority.into())),
                correction.mood.and_then(|mood| place(mood.into())),
            ],
        }
    }
}

impl Learnt {
    /// What this adds to the sums of a text.
    pub(super) fn add_to(&self, sums: &mut [f64; CLASSES], pieces: impl Iterator<Item = (u32, f32)>) {
        if self.0.is_empty() {
            return;
        }
        for (key, value) in pieces {
            let Some(weights) = self.0.get(&key) else { continue };
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += f64::from(weight * value);
            }
        }
    }

    /// What one feature adds to a label.
    pub(super) fn weight(&self, key: u32, class: usize) -> f64 {
        self.0.get(&key).and_then(|weights| weights.get(class)).copied().map(f64::from).unwrap_or_default()
    }

    /// How many weights there are.
    pub fn len(&self) -> usize {
        self.0.values().flatten().filter(|weight| **weight != 0.0).count()
    }

    /// Whether nothing has been learnt.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn from_lessons(model: &Model, lessons: &[Lesson]) -> Self {
        let mut learnt = Self::default();
        for _ in 0..ROUNDS {
            let moved = lessons.iter().filter(|lesson| learnt.take(model, lesson)).count();
            if moved == 0 {
                break;
            }
        }
        learnt.prune();
        learnt
    }

    /// One step towards a person's word; `false` where it is not needed.
    fn take(&mut self, model: &Model, lesson: &Lesson) -> bool {
        let mut sums = lesson.sums;
        self.add_to(&mut sums, lesson.pieces.iter().copied());
        let probabilities = model.probabilities(&sums);
        let mut moved = false;
        for (head, wanted) in HEADS.into_iter().zip(lesson.wanted) {
            let Some(wanted) = wanted else { continue };
            if probabilities.get(wanted).is_some_and(|probability| *probability >= SURE) {
                continue;
            }
            moved = true;
            for (key, value) in &lesson.pieces {
                let weights = self.0.entry(*key).or_default();
                for class in head.clone() {
                    let target = if class == wanted { 1.0 } else { 0.0 };
                    let error = target - probabilities.get(class).copied().unwrap_or_default();
                    if let Some(weight) = weights.get_mut(class) {
                        *weight += (RATE * error) as f32 * value;
                    }
                }
            }
        }
        moved
    }

    /// Drops what is too small to matter, and the smallest where there are too many. Rounds the rest.
    fn prune(&mut self) {
        let mut sizes: Vec<f32> = self.0.values().flatten().map(|weight| weight.abs()).collect();
        sizes.sort_unstable_by(|a, b| b.total_cmp(a));
        let from = sizes.get(MOST).copied().unwrap_or_default().max(SMALLEST);
        for weight in self.0.values_mut().flatten() {
            *weight = if weight.abs() > from { (*weight * 1e4).round() / 1e4 } else { 0.0 };
        }
        self.0.retain(|_, weights| weights.iter().any(|weight| *weight != 0.0));
    }
}
