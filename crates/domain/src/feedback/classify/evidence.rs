//! Which words decided. The model adds up weights, so each label's lead over its rivals is shared out among the pieces of
//! the text without remainder, but for what stands for no place in it.

use super::cue::Label;
use super::features::Feature;
use super::learnt::Learnt;
use super::model::{CLASSES, HEADS, Model, Scores};
use super::structure::Reading;
use super::{Classification, Evidence};
use crate::feedback::taxonomy::{Mood, Priority, Subtype};
use crate::text::{Folded, segment};
use std::ops::Range;

/// The most evidence that is told.
const MOST: usize = 16;
/// What a word must add to be told.
const LEAST: f64 = 0.05;

/// What spoke for the labels that won, one entry for each word and label, the heaviest first.
pub(super) fn of(
    text: &str,
    folded: &Folded,
    reading: &Reading,
    features: &[Feature],
    scores: &Scores,
    (model, learnt): (&Model, &Learnt),
    won: &Classification,
) -> Vec<Evidence> {
    let units = units(&folded.text, reading);
    let probabilities = model.probabilities(&scores.sums);
    let mut told: Vec<(f64, Label, &Range<usize>)> = Vec::new();
    for (label, chosen, head) in decisions(won) {
        let leads = leads(&probabilities, &chosen, head);
        let mut shares = vec![0.0; units.len()];
        for ((feature, row), value) in features.iter().zip(&scores.rows).zip(&scores.values) {
            if feature.span.is_empty() {
                continue;
            }
            let added: f64 = leads
                .iter()
                .map(|(class, lead)| lead * (model.weight(*row, *class) + learnt.weight(feature.key, *class)))
                .sum::<f64>()
                * f64::from(*value);
            share_out(added, &feature.span, &units, &mut shares);
        }
        told.extend(
            shares.iter().zip(&units).filter(|(share, _)| **share >= LEAST).map(|(share, unit)| (*share, label, unit)),
        );
    }
    told.sort_by(|(a, _, one), (b, _, other)| b.total_cmp(a).then(one.start.cmp(&other.start)));
    told.truncate(MOST);
    let evidence = |(weight, label, unit): (f64, Label, &Range<usize>)| Evidence {
        text: folded.source(text, unit).to_owned(),
        label,
        weight: (weight * 1000.0).round() / 1000.0,
    };
    told.into_iter().map(evidence).collect()
}

/// The decisions: what won, the classes that are for it, and all it competed with.
fn decisions(won: &Classification) -> [(Label, Vec<usize>, Range<usize>); 4] {
    let [subtypes, priorities, moods] = HEADS;
    let of_kind = |subtype: &Subtype| subtype.feedback_type() == won.kind;
    let kind = Subtype::ALL.iter().enumerate().filter(|(_, s)| of_kind(s)).map(|(class, _)| class).collect();
    let subtype = Subtype::ALL.iter().position(|s| *s == won.subtype).into_iter().collect();
    let priority = Priority::ALL.iter().position(|p| *p == won.priority).map(|at| at + priorities.start);
    let mood = Mood::ALL.iter().position(|m| *m == won.mood).map(|at| at + moods.start);
    [
        (won.kind.into(), kind, subtypes.clone()),
        (won.subtype.into(), subtype, subtypes),
        (won.priority.into(), priority.into_iter().collect(), priorities),
        (won.mood.into(), mood.into_iter().collect(), moods),
    ]
}

/// How each class's sum counts for the chosen ones: each side adds up to 1, the likeliest rival counting most.
fn leads(probabilities: &[f64; CLASSES], chosen: &[usize], head: Range<usize>) -> Vec<(usize, f64)> {
    let of = |class: usize| probabilities.get(class).copied().unwrap_or_default().max(1e-9);
    let side = |on: bool| head.clone().filter(move |class| chosen.contains(class) == on);
    let (all, rivals) = (side(true).map(of).sum::<f64>(), side(false).map(of).sum::<f64>());
    side(true)
        .map(|class| (class, of(class) / all))
        .chain(side(false).map(|class| (class, -of(class) / rivals)))
        .collect()
}

/// The words to be told: those that the rules know, whole, and between them those of the dictionary.
fn units(text: &str, reading: &Reading) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> =
        reading.hits.iter().map(|hit| hit.span.clone()).filter(|span| !span.is_empty()).collect();
    units.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut free_from = 0;
    units.retain(|span| {
        let free = span.start >= free_from;
        if free {
            free_from = span.end;
        }
        free
    });
    let known = units.clone();
    let told = |span: &Range<usize>| {
        let word = text.get(span.clone()).unwrap_or_default();
        let next = known.partition_point(|unit| unit.end <= span.start);
        word.chars().any(char::is_alphanumeric) && known.get(next).is_none_or(|unit| unit.start >= span.end)
    };
    units.extend(segment::spans(text).into_iter().filter(told));
    units.sort_by_key(|span| span.start);
    units
}

/// Gives each word its part of what a piece added, by how much of the piece lies in it.
fn share_out(added: f64, piece: &Range<usize>, units: &[Range<usize>], shares: &mut [f64]) {
    let first = units.partition_point(|unit| unit.end <= piece.start);
    let within = units.iter().zip(shares).skip(first).take_while(|(unit, _)| unit.start < piece.end);
    for (unit, share) in within {
        let common = unit.end.min(piece.end) - unit.start.max(piece.start);
        *share += added * common as f64 / piece.len() as f64;
    }
}
