//! What is said in a follow-up (话术): an opening, questions with typed answers, a closing, and words for hard moments.

mod answer;
pub mod templates;
#[cfg(test)]
mod tests;
mod variable;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Given, check_answers, scores};
pub use variable::{Values, Variable, fill};

use crate::fault::{Code, Fault};
use crate::text_enum;

text_enum! {
    /// Whether a script can be chosen.
    ScriptStatus {
        Active = "active",
        /// Stays with what was done by it.
        Archived = "archived",
    }
}

text_enum! {
    /// What a question is about, in the order in which customers are asked.
    Topic {
        Service = "service",
        Product = "product",
        Improvement = "improvement",
        /// Anything else, in whatever place.
        Other = "other",
    }
}

text_enum! {
    /// How a question is answered.
    AnswerKind {
        /// 1 to 5.
        Rating = "rating",
        /// 0 to 10.
        Score = "score",
        Choice = "choice",
        Text = "text",
    }
}

/// How a question is answered, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum QuestionKind {
    /// 1 to 5; `csat`: it is the customer's satisfaction.
    Rating {
        #[serde(default)]
        csat: bool,
    },
    /// 0 to 10; `nps`: it is the likelihood of a recommendation.
    Score {
        #[serde(default)]
        nps: bool,
    },
    /// One of the options, or any of them.
    Choice {
        options: Vec<String>,
        #[serde(default)]
        multiple: bool,
    },
    /// In the customer's words.
    Text { max_length: u32 },
}

impl QuestionKind {
    pub fn answer(&self) -> AnswerKind {
        match self {
            QuestionKind::Rating { .. } => AnswerKind::Rating,
            QuestionKind::Score { .. } => AnswerKind::Score,
            QuestionKind::Choice { .. } => AnswerKind::Choice,
            QuestionKind::Text { .. } => AnswerKind::Text,
        }
    }

    /// The least and the greatest number that answers it.
    pub fn range(&self) -> Option<(i64, i64)> {
        match self {
            QuestionKind::Rating { .. } => Some((1, 5)),
            QuestionKind::Score { .. } => Some((0, 10)),
            QuestionKind::Choice { .. } | QuestionKind::Text { .. } => None,
        }
    }
}

/// What of a question goes with its kind, as far as it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindParts {
    pub csat: Option<bool>,
    pub nps: Option<bool>,
    pub options: Option<Vec<String>>,
    pub multiple: Option<bool>,
    pub max_length: Option<u32>,
}

/// Characters of a text unless said otherwise.
pub const TEXT_LENGTH: u32 = 500;

impl QuestionKind {
    /// # Errors
    ///
    /// `script_field` for each part that belongs to another kind, and for options that a choice lacks, at pointers below
    /// the question.
    pub fn of(kind: AnswerKind, parts: KindParts) -> Result<QuestionKind, Vec<Fault>> {
        let KindParts { csat, nps, options, multiple, max_length } = parts;
        let given = [
            ("csat", AnswerKind::Rating, csat.is_some()),
            ("nps", AnswerKind::Score, nps.is_some()),
            ("options", AnswerKind::Choice, options.is_some()),
            ("multiple", AnswerKind::Choice, multiple.is_some()),
            ("max_length", AnswerKind::Text, max_length.is_some()),
        ];
        let wrong =
            |field: &str| Fault::new(Code::ScriptField).at(format!("/{field}")).with("field", field).with("kind", kind);
        let misplaced = given.iter().filter(|(_, of, given)| *given && *of != kind);
        let mut faults: Vec<Fault> = misplaced.map(|(field, ..)| wrong(field)).collect();
        if kind == AnswerKind::Choice && options.is_none() {
            faults.push(wrong("options"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(match kind {
            AnswerKind::Rating => QuestionKind::Rating { csat: csat.unwrap_or_default() },
            AnswerKind::Score => QuestionKind::Score { nps: nps.unwrap_or_default() },
            AnswerKind::Choice => {
                QuestionKind::Choice { options: options.unwrap_or_default(), multiple: multiple.unwrap_or_default() }
            }
            AnswerKind::Text => QuestionKind::Text { max_length: max_length.unwrap_or(TEXT_LENGTH) },
        })
    }

    /// The parts that it was made of.
    pub fn parts(self) -> KindParts {
        match self {
            QuestionKind::Rating { csat } => KindParts { csat: Some(csat), ..KindParts::default() },
            QuestionKind::Score { nps } => KindParts { nps: Some(nps), ..KindParts::default() },
            QuestionKind::Choice { options, multiple } => {
                KindParts { options: Some(options), multiple: Some(multiple), ..KindParts::default() }
            }
            QuestionKind::Text { max_length } => KindParts { max_length: Some(max_length), ..KindParts::default() },
        }
    }
}

/// Asked only where an earlier question was answered so: a number within the bounds, or one of the options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskIf {
    /// The key of the earlier question.
    pub question: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// By which answers name it; of the script, and the same in all its versions where it means the same.
    pub key: String,
    pub text: String,
    pub topic: Topic,
    #[serde(flatten)]
    pub kind: QuestionKind,
    #[serde(default)]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_if: Option<AskIf>,
}

/// What to say when it gets hard: the customer has no time, complains, asks for a discount …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardMoment {
    pub situation: String,
    pub answer: String,
}

/// One version of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub opening: String,
    pub questions: Vec<Question>,
    pub closing: String,
    #[serde(default)]
    pub hard_moments: Vec<HardMoment>,
}

impl Content {
    pub fn question(&self, key: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.key == key)
    }

    /// The same with every text filled in.
    pub fn filled(&self, values: &Values) -> Content {
        let mut filled = self.clone();
        filled.texts_mut().for_each(|text| *text = fill(text, values));
        filled
    }

    fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let questions = self.questions.iter_mut().map(|question| &mut question.text);
        let moments = self.hard_moments.iter_mut().map(|moment| &mut moment.answer);
        [&mut self.opening, &mut self.closing].into_iter().chain(questions).chain(moments)
    }

    /// Every text that may hold variables, with its pointer.
    fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let questions =
            self.questions.iter().enumerate().map(|(i, q)| (format!("/questions/{i}/text"), q.text.as_str()));
        let moments =
            self.hard_moments.iter().enumerate().map(|(i, m)| (format!("/hard_moments/{i}/answer"), m.answer.as_str()));
        let ends = [("/opening".to_owned(), self.opening.as_str()), ("/closing".to_owned(), self.closing.as_str())];
        ends.into_iter().chain(questions).chain(moments)
    }
}

/// Everything that is wrong with a script, at pointers into it: unknown variables and broken braces, a key twice, closed
/// questions that go back from improvement to product or from product to service, more than one of CSAT or NPS, options
/// twice, and a question that depends on what is not asked before it, or on an answer that it cannot have.
pub fn check_content(content: &Content) -> Vec<Fault> {
    let mut faults: Vec<Fault> = content.texts().flat_map(|(at, text)| variable::faults(text, &at)).collect();
    let mut earlier: HashMap<&str, &Question> = HashMap::new();
    let (mut furthest, mut csat, mut nps) = (Topic::Service, false, false);
    for (i, question) in content.questions.iter().enumerate() {
        let at = |field: &str| format!("/questions/{i}/{field}");
        let closed = question.kind.answer() != AnswerKind::Text;
        if closed && question.topic != Topic::Other {
            if question.topic < furthest {
                faults.push(Fault::new(Code::ScriptTopicOrder).at(at("topic")).with("topic", furthest));
            }
            furthest = furthest.max(question.topic);
        }
        match &question.kind {
            QuestionKind::Rating { csat: true } if std::mem::replace(&mut csat, true) => {
                faults.push(Fault::new(Code::ScriptScoreTwice).at(at("csat")).with("score", "csat"));
            }
            QuestionKind::Score { nps: true } if std::mem::replace(&mut nps, true) => {
                faults.push(Fault::new(Code::ScriptScoreTwice).at(at("nps")).with("score", "nps"));
            }
            QuestionKind::Choice { options, .. } if !distinct(options) || options.len() < 2 => {
                faults.push(Fault::new(Code::ScriptOptions).at(at("options")));
            }
            _ => {}
        }
        if let Some(ask_if) = &question.ask_if
            && !earlier.get(ask_if.question.as_str()).is_some_and(|asked| can_be(asked, ask_if))
        {
            faults.push(Fault::new(Code::ScriptAskIf).at(at("ask_if")).with("question", &ask_if.question));
        }
        if earlier.insert(&question.key, question).is_some() {
            faults.push(Fault::new(Code::ScriptKeyRepeated).at(at("key")).with("key", &question.key));
        }
    }
    faults
}

fn distinct(options: &[String]) -> bool {
    options.iter().enumerate().all(|(i, option)| !options[..i].contains(option))
}

/// Whether an answer to `asked` can satisfy the condition, and another one fail it by its own kind.
fn can_be(asked: &Question, ask_if: &AskIf) -> bool {
    let AskIf { at_least, at_most, any_of, .. } = ask_if;
    match (&asked.kind, asked.kind.range()) {
        (_, Some((least, most))) => {
            let bounds = [*at_least, *at_most];
            let within = bounds.iter().flatten().all(|bound| (least..=most).contains(bound));
            let (from, to) = (at_least.unwrap_or(least), at_most.unwrap_or(most));
            any_of.is_empty() && bounds.iter().any(Option::is_some) && within && from <= to
        }
        (QuestionKind::Choice { options, .. }, None) => {
            at_least.is_none()
                && at_most.is_none()
                && !any_of.is_empty()
                && any_of.iter().all(|option| options.contains(option))
        }
        _ => false,
    }
}
