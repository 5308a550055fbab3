//! What a customer answered, held against the questions.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{AskIf, Content, QuestionKind};
use crate::fault::{Code, Fault};

/// An answer's value: a number for ratings and scores, an option or several for choices, a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Given {
    Number(i64),
    Text(String),
    Choices(Vec<String>),
}

/// The answer to one question. A question that was skipped has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The key of the question.
    pub key: String,
    pub value: Given,
}

/// Everything that is wrong with answers, at pointers below `/answers`: to an unknown question, given twice, to one that is
/// not asked after what was answered before, not as the question wants it, and missing ones. What depends on a wrong
/// answer is not judged.
pub fn check_answers(content: &Content, answers: &[Answer]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut given: HashMap<&str, (usize, &Given)> = HashMap::new();
    for (i, answer) in answers.iter().enumerate() {
        let fault = |code| Fault::new(code).at(format!("/answers/{i}/key")).with("key", &answer.key);
        if content.question(&answer.key).is_none() {
            faults.push(fault(Code::AnswerUnknown));
        } else if given.contains_key(answer.key.as_str()) {
            faults.push(fault(Code::AnswerRepeated));
        } else {
            given.insert(&answer.key, (i, &answer.value));
        }
    }
    let mut heard: HashMap<&str, &Given> = HashMap::new();
    let mut unclear: HashSet<&str> = HashSet::new();
    for question in &content.questions {
        let key = question.key.as_str();
        if question.ask_if.as_ref().is_some_and(|ask_if| unclear.contains(ask_if.question.as_str())) {
            unclear.insert(key);
            continue;
        }
        let asked = question.ask_if.as_ref().is_none_or(|ask_if| is_met(ask_if, &heard));
        match given.get(key) {
            Some((i, _)) if !asked => {
                faults.push(Fault::new(Code::AnswerNotAsked).at(format!("/answers/{i}/key")).with("key", key));
            }
            Some((i, value)) => match wanted(&question.kind, value) {
                None => {
                    heard.insert(key, value);
                }
                Some(expected) => {
                    unclear.insert(key);
                    let fault = Fault::new(Code::AnswerInvalid).at(format!("/answers/{i}/value"));
                    faults.push(fault.with("key", key).with("expected", expected));
                }
            },
            None if asked && question.required => {
                unclear.insert(key);
                faults.push(Fault::new(Code::AnswerMissing).at("/answers").with("key", key));
            }
            None => {}
        }
    }
    faults
}

fn is_met(ask_if: &AskIf, heard: &HashMap<&str, &Given>) -> bool {
    let chosen = |option: &String| ask_if.any_of.contains(option);
    match heard.get(ask_if.question.as_str()) {
        None => false,
        Some(Given::Number(number)) => {
            ask_if.at_least.is_none_or(|least| *number >= least) && ask_if.at_most.is_none_or(|most| *number <= most)
        }
        Some(Given::Text(option)) => chosen(option),
        Some(Given::Choices(options)) => options.iter().any(chosen),
    }
}

/// What the question wants where the answer is not that.
fn wanted(kind: &QuestionKind, value: &Given) -> Option<String> {
    let (fits, expected) = match kind {
        QuestionKind::Rating { .. } | QuestionKind::Score { .. } => {
            let (least, most) = kind.range().unwrap_or_default();
            (matches!(value, Given::Number(n) if (least..=most).contains(n)), format!("{least}–{most}"))
        }
        QuestionKind::Choice { options, multiple } => {
            let chosen: &[String] = match value {
                Given::Number(_) => &[],
                Given::Text(option) => std::slice::from_ref(option),
                Given::Choices(chosen) => chosen.as_slice(),
            };
            let once = chosen.iter().enumerate().all(|(i, option)| !chosen[..i].contains(option));
            let some = if *multiple { !chosen.is_empty() } else { chosen.len() == 1 };
            (some && once && chosen.iter().all(|option| options.contains(option)), options.join(" / "))
        }
        QuestionKind::Text { max_length } => {
            let fits = |text: &String| {
                !text.trim().is_empty() && u32::try_from(text.chars().count()).is_ok_and(|length| length <= *max_length)
            };
            (matches!(value, Given::Text(text) if fits(text)), format!("1–{max_length}"))
        }
    };
    (!fits).then_some(expected)
}

/// The CSAT (1–5) and the NPS (0–10) among answers that have been checked.
pub fn scores(content: &Content, answers: &[Answer]) -> (Option<i16>, Option<i16>) {
    let number = |wanted: fn(&QuestionKind) -> bool| {
        let question = content.questions.iter().find(|question| wanted(&question.kind))?;
        match answers.iter().find(|answer| answer.key == question.key)?.value {
            Given::Number(number) => i16::try_from(number).ok(),
            _ => None,
        }
    };
    (
        number(|kind| matches!(kind, QuestionKind::Rating { csat: true })),
        number(|kind| matches!(kind, QuestionKind::Score { nps: true })),
    )
}
