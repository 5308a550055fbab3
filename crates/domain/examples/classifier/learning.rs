//! From labelled lines to a model: which features are kept, the three regressions, temperatures and threshold.

use crate::corpus::Line;
use crate::evaluation::{Judged, Report};
use crate::regression::{self, Row, Weights};
use huiyin_domain::feedback::classify::features::Feature;
use huiyin_domain::feedback::classify::features_of;
use huiyin_domain::feedback::classify::model::{CLASSES, HEADS, Model, RARITY_STEP};
use huiyin_domain::feedback::{Mood, Priority, Subtype};
use std::collections::HashMap;

/// Features of fewer lines than this are as good as unknown.
const LEAST_LINES: u32 = 2;
const FOLDS: u32 = 5;
/// How many of those above the threshold are to be of the right type.
const RIGHT: f64 = 0.96;

/// A line and its features.
pub struct Sample {
    line: Line,
    features: Vec<Feature>,
    /// Class within each decision.
    wanted: [usize; 3],
    /// By the text alone, so that a line stays in its fold whatever is added to the corpus.
    bucket: u32,
}

pub fn samples(lines: &[Line]) -> Vec<Sample> {
    fn place<T: PartialEq>(all: &[T], one: T) -> usize {
        all.iter().position(|other| *other == one).unwrap_or_default()
    }
    let sample = |line: &Line| Sample {
        features: features_of(&line.text),
        wanted: [place(Subtype::ALL, line.subtype), place(Priority::ALL, line.priority), place(Mood::ALL, line.mood)],
        bucket: line
            .text
            .bytes()
            .fold(2_166_136_261, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
            >> 7,
        line: line.clone(),
    };
    lines.iter().map(sample).collect()
}

/// Weights before they are rounded.
pub struct Fitted {
    model: Model,
    weights: Weights,
}

/// Fits the three decisions.
pub fn fit<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Fitted {
    let samples: Vec<&Sample> = samples.into_iter().collect();
    let (model, share) = vocabulary(&samples);
    let rows: Vec<Row> = samples.iter().map(|sample| row(&model, &sample.features)).collect();
    let wanted: Vec<[usize; 3]> = samples.iter().map(|sample| sample.wanted).collect();
    let weights = regression::fit(&rows, &wanted, &share);
    Fitted { model, weights }
}

/// A model that knows the features and how rare they are, and nothing else yet; and the share of lines that have each.
fn vocabulary(samples: &[&Sample]) -> (Model, Vec<f32>) {
    let mut lines: HashMap<u32, (u32, bool)> = HashMap::new();
    for sample in samples {
        let mut keys: Vec<(u32, bool)> = sample.features.iter().map(|feature| (feature.key, feature.reading)).collect();
        keys.sort_unstable();
        keys.dedup();
        for (key, reading) in keys {
            lines.entry(key).or_insert((0, reading)).0 += 1;
        }
    }
    lines.retain(|_, (count, _)| *count >= LEAST_LINES);
    let mut kept: Vec<(u32, f32, bool)> =
        lines.into_iter().map(|(key, (count, reading))| (key, count as f32 / samples.len() as f32, reading)).collect();
    kept.sort_unstable_by_key(|(key, ..)| *key);
    // In the steps in which the file keeps it.
    let rarity = |share: f32| (-share.ln() * RARITY_STEP).round() / RARITY_STEP;
    let model = Model {
        keys: kept.iter().map(|(key, ..)| *key).collect(),
        rarity: kept.iter().map(|(_, share, reading)| if *reading { 0.0 } else { rarity(*share) }).collect(),
        unknown: (samples.len() as f32).ln(),
        ..Model::default()
    };
    (model, kept.into_iter().map(|(_, share, _)| share).collect())
}

fn row(model: &Model, features: &[Feature]) -> Row {
    let (rows, values) = model.values(features);
    rows.iter().zip(values).filter_map(|(row, value)| Some(((*row)? as u32, value))).collect()
}

impl Fitted {
    fn sums(&self, features: &[Feature]) -> [f64; CLASSES] {
        self.weights.sums(&row(&self.model, features)).map(f64::from)
    }

    /// Rounds the weights to a byte each and adds what cross-validation has found.
    pub fn into_model(self, folds: &Folds) -> Model {
        let Fitted { model, weights } = self;
        let mut scale = [0.0; CLASSES];
        for (class, scale) in scale.iter_mut().enumerate() {
            let greatest = weights.of.iter().map(|row| row[class].abs()).fold(f32::MIN_POSITIVE, f32::max);
            *scale = greatest / 127.0;
        }
        let step = |row: &[f32; CLASSES]| std::array::from_fn(|class| (row[class] / scale[class]).round() as i8);
        Model {
            weights: weights.of.iter().map(step).collect(),
            scale,
            bias: weights.bias,
            temperature: folds.temperature,
            review_below: folds.review_below,
            ..model
        }
    }
}

/// What was foretold of lines by models that had not seen them.
pub struct Folds {
    judged: Vec<Judged>,
    temperature: [f32; 3],
    review_below: f32,
}

impl Folds {
    pub fn print(&self, title: &str) {
        Report::from_judged(self.judged.clone()).print(title);
        println!("temperatures {:?}, a person decides below {:.3}\n", self.temperature, self.review_below);
    }
}

pub fn cross_validate(samples: &[Sample]) -> Folds {
    let mut unseen = Vec::new();
    for fold in 0..FOLDS {
        let (tried, learnt): (Vec<&Sample>, Vec<&Sample>) =
            samples.iter().partition(|sample| sample.bucket % FOLDS == fold);
        let fitted = fit(learnt);
        unseen.extend(tried.into_iter().map(|sample| (sample, fitted.sums(&sample.features))));
    }
    judge(&unseen)
}

/// Learns from 85 % of the lines and tries the rest.
pub fn development(samples: &[Sample]) -> Folds {
    let (tried, learnt): (Vec<&Sample>, Vec<&Sample>) = samples.iter().partition(|sample| sample.bucket % 20 < 3);
    let fitted = fit(learnt);
    let unseen: Vec<_> = tried.into_iter().map(|sample| (sample, fitted.sums(&sample.features))).collect();
    judge(&unseen)
}

fn judge(unseen: &[(&Sample, [f64; CLASSES])]) -> Folds {
    let mut model = Model::default();
    for (decision, head) in HEADS.into_iter().enumerate() {
        let cases: Vec<(&[f64], usize)> =
            unseen.iter().map(|(sample, sums)| (&sums[head.clone()], sample.wanted[decision])).collect();
        model.temperature[decision] = temperature(&cases);
    }
    let mut judged: Vec<Judged> =
        unseen.iter().map(|(sample, sums)| Judged::by(&sample.line, &model.probabilities(sums))).collect();
    let review_below = threshold(&judged);
    for one in &mut judged {
        one.sure = one.confidence >= review_below;
    }
    Folds { judged, temperature: model.temperature, review_below: review_below as f32 }
}

/// What the sums must be divided by so that the probabilities of what was right are as great as can be.
fn temperature(cases: &[(&[f64], usize)]) -> f32 {
    let loss = |temperature: f64| {
        let one = |(sums, wanted): &(&[f64], usize)| {
            let scaled = sums.iter().map(|sum| sum / temperature);
            let all: f64 = scaled.clone().map(f64::exp).sum();
            all.ln() - sums[*wanted] / temperature
        };
        cases.iter().map(one).sum::<f64>()
    };
    let candidates = (20..400).map(|hundredths| f64::from(hundredths) / 100.0);
    candidates.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0) as f32
}

/// The least confidence above which enough are of the right type.
fn threshold(judged: &[Judged]) -> f64 {
    let mut sorted: Vec<&Judged> = judged.iter().collect();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut right, mut found) = (0, 1.0);
    for (index, one) in sorted.iter().enumerate() {
        right += usize::from(one.subtype.0.feedback_type() == one.subtype.1.feedback_type());
        if index >= 50 && right as f64 >= RIGHT * (index + 1) as f64 {
            found = one.confidence;
        }
    }
    (found * 100.0).ceil() / 100.0
}
