//! The shipped model: a weight of every feature for every label, learnt from the corpus, and what follows from their sums.

use super::cue::Label;
use super::features::{Feature, hash_bytes};
use crate::feedback::taxonomy::{FeedbackType, Mood, Priority, Subtype};
use std::ops::Range;
use std::sync::LazyLock;

/// Labels that are decided on directly. The type follows from the subtypes.
pub const CLASSES: usize = 12;
/// Three decisions: the subtype, the priority, the mood.
pub const HEADS: [Range<usize>; 3] = [0..6, 6..9, 9..12];

const MAGIC: &[u8; 4] = b"HYC1";
/// Rarities are kept in sixteenths.
pub const RARITY_STEP: f32 = 16.0;
/// What the squares of a text's known pieces add up to is the square of this.
const LENGTH: f32 = 5.0;

static SHIPPED: &[u8] = include_bytes!("../../../data/classifier.bin");
static MODEL: LazyLock<Model> = LazyLock::new(|| Model::decode(SHIPPED).unwrap_or_default());

/// The place of every label among the classes.
pub(super) fn classes() -> impl Iterator<Item = Label> {
    let subtypes = Subtype::ALL.iter().map(|subtype| Label::from(*subtype));
    let priorities = Priority::ALL.iter().map(|priority| Label::from(*priority));
    subtypes.chain(priorities).chain(Mood::ALL.iter().map(|mood| Label::from(*mood)))
}

/// A linear model. Without weights it knows nothing, and every text waits for a person.
#[derive(Debug, Clone)]
pub struct Model {
    /// Hashes of the features, in order.
    pub keys: Vec<u32>,
    /// How rare each feature is: the logarithm of the share of texts that have it, turned positive.
    pub rarity: Vec<f32>,
    /// What each feature adds to each label, in steps of `scale`.
    pub weights: Vec<[i8; CLASSES]>,
    pub scale: [f32; CLASSES],
    pub bias: [f32; CLASSES],
    /// By what the sums of each decision are divided so that their softmax is as sure as it is right.
    pub temperature: [f32; 3],
    /// Below this confidence a person decides.
    pub review_below: f32,
    /// The rarity of what the corpus does not know.
    pub unknown: f32,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            rarity: Vec::new(),
            weights: Vec::new(),
            scale: [0.0; CLASSES],
            bias: [0.0; CLASSES],
            temperature: [1.0; 3],
            review_below: 1.0,
            unknown: 1.0,
        }
    }
}

/// What a model makes of a text.
pub(super) struct Scores {
    /// How much of each feature the text has.
    pub(super) values: Vec<f32>,
    /// Where the model keeps the feature.
    pub(super) rows: Vec<Option<usize>>,
    pub(super) sums: [f64; CLASSES],
}

impl Model {
    /// The model of this release.
    pub fn shipped() -> &'static Model {
        &MODEL
    }

    /// Where the model keeps each feature, and how much of it a text has: pieces by their rarity, relative to the text's
    /// known pieces; readings as they are.
    pub fn values(&self, features: &[Feature]) -> (Vec<Option<usize>>, Vec<f32>) {
        let rows: Vec<Option<usize>> =
            features.iter().map(|feature| self.keys.binary_search(&feature.key).ok()).collect();
        let rarity = |row: &Option<usize>| row.and_then(|row| self.rarity.get(row)).copied().unwrap_or(self.unknown);
        let known = features.iter().zip(&rows).filter(|(feature, row)| !feature.reading && row.is_some());
        let squares: f32 = known.map(|(feature, row)| (feature.amount * rarity(row)).powi(2)).sum();
        let share = LENGTH / squares.sqrt().max(1.0);
        let value = |(feature, row): (&Feature, &Option<usize>)| {
            if feature.reading { feature.amount } else { feature.amount * rarity(row) * share }
        };
        let values = features.iter().zip(&rows).map(value).collect();
        (rows, values)
    }

    pub(super) fn score(&self, features: &[Feature]) -> Scores {
        let (rows, values) = self.values(features);
        let mut sums = self.bias.map(f64::from);
        for (row, value) in rows.iter().zip(&values) {
            let Some(weights) = row.and_then(|row| self.weights.get(row)) else { continue };
            for ((sum, weight), scale) in sums.iter_mut().zip(weights).zip(&self.scale) {
                *sum += f64::from(f32::from(*weight) * scale * value);
            }
        }
        Scores { values, rows, sums }
    }

    /// What one feature adds to a label.
    pub(super) fn weight(&self, row: Option<usize>, class: usize) -> f64 {
        let weight = row.and_then(|row| self.weights.get(row)).and_then(|weights| weights.get(class)).copied();
        f64::from(f32::from(weight.unwrap_or_default()) * self.scale.get(class).copied().unwrap_or_default())
    }

    /// The probabilities of every label within its decision.
    pub fn probabilities(&self, sums: &[f64; CLASSES]) -> [f64; CLASSES] {
        let mut probabilities = [0.0; CLASSES];
        for (head, temperature) in HEADS.into_iter().zip(self.temperature) {
            let (Some(sums), Some(probabilities)) = (sums.get(head.clone()), probabilities.get_mut(head)) else {
                continue;
            };
            let greatest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (probability, sum) in probabilities.iter_mut().zip(sums) {
                *probability = ((sum - greatest) / f64::from(temperature)).exp();
            }
            let all: f64 = probabilities.iter().sum();
            probabilities.iter_mut().for_each(|probability| *probability /= all);
        }
        probabilities
    }

    /// A name that changes with the model of the release.
    pub fn name() -> &'static str {
        static NAME: LazyLock<String> = LazyLock::new(|| format!("{:08x}", hash_bytes(SHIPPED)));
        &NAME
    }

    /// The bytes of the model file: little-endian, features in order of their hashes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.keys.len() as u32).to_le_bytes());
        let figures = self.scale.iter().chain(&self.bias).chain(&self.temperature);
        for figure in figures.chain([&self.review_below, &self.unknown]) {
            bytes.extend(figure.to_le_bytes());
        }
        bytes.extend(self.keys.iter().flat_map(|key| key.to_le_bytes()));
        bytes.extend(self.rarity.iter().map(|rarity| (rarity * RARITY_STEP).round() as u8));
        bytes.extend(self.weights.iter().flatten().flat_map(|weight| weight.to_le_bytes()));
        bytes
    }

    /// Reads a model file; `None` where it is none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let count = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        let mut figures = [0.0; 2 * CLASSES + 5];
        for figure in &mut figures {
            *figure = f32::from_le_bytes(take(&mut rest)?);
        }
        let (scale, others) = figures.split_first_chunk::<CLASSES>()?;
        let (bias, others) = others.split_first_chunk::<CLASSES>()?;
        let (temperature, others) = others.split_first_chunk::<3>()?;
        let [review_below, unknown] = *others.first_chunk::<2>()?;
        let (keys, others) = rest.split_at_checked(count.checked_mul(4)?)?;
        let (rarity, weights) = others.split_at_checked(count)?;
        if weights.len() != count.checked_mul(CLASSES)? {
            return None;
        }
        let rows = weights.chunks_exact(CLASSES).filter_map(|row| row.first_chunk::<CLASSES>());
        Some(Self {
            keys: keys
                .chunks_exact(4)
                .filter_map(|key| key.first_chunk())
                .map(|key| u32::from_le_bytes(*key))
                .collect(),
            rarity: rarity.iter().map(|step| f32::from(*step) / RARITY_STEP).collect(),
            weights: rows.map(|row| row.map(|byte| i8::from_le_bytes([byte]))).collect(),
            scale: *scale,
            bias: *bias,
            temperature: *temperature,
            review_below,
            unknown,
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

/// The decisions that the probabilities come to, and the probability of the subtype.
pub fn decide(probabilities: &[f64; CLASSES]) -> (FeedbackType, Subtype, Priority, Mood, f64) {
    let of = |class: usize| probabilities.get(class).copied().unwrap_or_default();
    let kind_of = |kind: FeedbackType| {
        Subtype::ALL
            .iter()
            .enumerate()
            .filter(|(_, s)| s.feedback_type() == kind)
            .map(|(class, _)| of(class))
            .sum::<f64>()
    };
    let kind = likeliest(FeedbackType::ALL, FeedbackType::Inquiry, |_, kind| kind_of(*kind));
    let within = |class: usize, subtype: &Subtype| if subtype.feedback_type() == kind { of(class) } else { -1.0 };
    let subtype = likeliest(Subtype::ALL, Subtype::ProductUsage, within);
    let priority = likeliest(Priority::ALL, Priority::Normal, |index, _| of(HEADS[1].start + index));
    let mood = likeliest(Mood::ALL, Mood::Neutral, |index, _| of(HEADS[2].start + index));
    let sure = Subtype::ALL.iter().position(|other| *other == subtype).map(of).unwrap_or_default();
    (kind, subtype, priority, mood, sure)
}

fn likeliest<T: Copy>(all: &[T], default: T, score: impl Fn(usize, &T) -> f64) -> T {
    let scored = all.iter().enumerate().map(|(index, one)| (score(index, one), *one));
    scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(default, |(_, one)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_is_read_and_written_as_it_is() {
        let model = Model::decode(SHIPPED).expect("a model");
        assert!(model.keys.len() > 10_000 && model.keys.is_sorted());
        assert_eq!(model.encode(), SHIPPED);
        assert!(SHIPPED.len() <= 3 << 20, "{} bytes", SHIPPED.len());
    }

    #[test]
    fn what_is_no_model_is_none() {
        assert!(Model::decode(b"").is_none());
        assert!(Model::decode(&SHIPPED[..SHIPPED.len() - 1]).is_none());
        assert!(Model::decode(b"HYC1\xff\xff\xff\xff").is_none());
    }
}
