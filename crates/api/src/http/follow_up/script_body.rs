//! A script as it is sent and shown.

use huiyin_domain::fault::Fault;
use huiyin_domain::follow_up::script::{
    AnswerKind, AskIf, Content, HardMoment, KindParts, Question, QuestionKind, Topic,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::http::support::enums::{AnswerKindSchema, ScriptTopicSchema};
use crate::usecases::follow_up::scripts::checked;

/// Something to choose.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 100, pattern = "@line", example = "送货慢")]
pub struct ScriptOption(pub String);

/// Asked only where an earlier question was answered so: a rating or score within bounds, or a choice of one of the options.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ScriptAskIf {
    /// The key of the earlier question.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]{0,49}$", example = "delivery")]
    question: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 10)]
    at_least: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 10, example = 3)]
    at_most: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 20)]
    any_of: Option<Vec<ScriptOption>>,
}

/// A question with how it is answered: `rating` by 1 to 5, `score` by 0 to 10, `choice` by one of the options or any of
/// them, `text` in words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ScriptQuestion {
    /// By which answers name it.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]{0,49}$", example = "delivery")]
    key: String,
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = "@prose",
        example = "{{product_name}}的送货和交付，您打几分？"
    )]
    text: String,
    /// Closed questions go from service over product to improvement.
    #[schema(value_type = ScriptTopicSchema)]
    topic: Topic,
    #[schema(value_type = AnswerKindSchema)]
    kind: AnswerKind,
    /// Of a rating: it is the customer's satisfaction (CSAT); of one question at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    csat: Option<bool>,
    /// Of a score: it is the likelihood of a recommendation (NPS); of one question at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nps: Option<bool>,
    /// Of a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 2, max_items = 20)]
    options: Option<Vec<ScriptOption>>,
    /// Of a choice: any number of options may be chosen; one unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    multiple: Option<bool>,
    /// Of a text, in characters; 500 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 2000, example = 500)]
    max_length: Option<u32>,
    /// Whether it must be answered where it is asked; not unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ask_if: Option<ScriptAskIf>,
}

/// What to say when it gets hard.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ScriptMoment {
    #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "客户说现在不方便")]
    situation: String,
    #[schema(min_length = 1, max_length = 2000, pattern = "@prose", example = "没关系，请问您什么时间方便？")]
    answer: String,
}

/// What is said. Texts may hold variables of `GET /scripts/variables`, as in `{{customer_name}}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ScriptContent {
    #[schema(
        min_length = 1,
        max_length = 2000,
        pattern = "@prose",
        example = "{{contact_name}}，您好，我是{{agent_name}}。"
    )]
    opening: String,
    #[schema(max_items = 50)]
    questions: Vec<ScriptQuestion>,
    #[schema(min_length = 1, max_length = 2000, pattern = "@prose", example = "感谢您的时间，再见。")]
    closing: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    hard_moments: Vec<ScriptMoment>,
}

impl ScriptContent {
    /// The content, where nothing is wrong with it; it stands at `/content`.
    pub fn checked(self) -> Result<Content, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut questions = Vec::with_capacity(self.questions.len());
        for (i, question) in self.questions.into_iter().enumerate() {
            match question.kind() {
                Ok(kind) => questions.push(question.into_question(kind)),
                Err(wrong) => faults.extend(wrong.into_iter().map(|fault| {
                    let at = format!("/content/questions/{i}{}", fault.pointer.clone().unwrap_or_default());
                    fault.at(at)
                })),
            }
        }
        let moments = self.hard_moments.into_iter();
        let moments = moments.map(|ScriptMoment { situation, answer }| HardMoment { situation, answer });
        let content =
            Content { opening: self.opening, questions, closing: self.closing, hard_moments: moments.collect() };
        // Questions left out would move the places of the others.
        if faults.is_empty() {
            checked(&content)?;
            Ok(content)
        } else {
            Err(faults)
        }
    }
}

impl ScriptQuestion {
    fn kind(&self) -> Result<QuestionKind, Vec<Fault>> {
        let parts = KindParts {
            csat: self.csat,
            nps: self.nps,
            options: self.options.clone().map(texts),
            multiple: self.multiple,
            max_length: self.max_length,
        };
        QuestionKind::of(self.kind, parts)
    }

    fn into_question(self, kind: QuestionKind) -> Question {
        let ask_if = self.ask_if.map(|ask_if| AskIf {
            question: ask_if.question,
            at_least: ask_if.at_least,
            at_most: ask_if.at_most,
            any_of: ask_if.any_of.map(texts).unwrap_or_default(),
        });
        let required = self.required.unwrap_or_default();
        Question { key: self.key, text: self.text, topic: self.topic, kind, required, ask_if }
    }
}

fn texts(options: Vec<ScriptOption>) -> Vec<String> {
    options.into_iter().map(|option| option.0).collect()
}

fn options(texts: Vec<String>) -> Vec<ScriptOption> {
    texts.into_iter().map(ScriptOption).collect()
}

impl From<AskIf> for ScriptAskIf {
    fn from(ask_if: AskIf) -> Self {
        let AskIf { question, at_least, at_most, any_of } = ask_if;
        ScriptAskIf { question, at_least, at_most, any_of: Some(options(any_of)).filter(|options| !options.is_empty()) }
    }
}

impl From<Question> for ScriptQuestion {
    fn from(question: Question) -> Self {
        let kind = question.kind.answer();
        let KindParts { csat, nps, options: given, multiple, max_length } = question.kind.parts();
        ScriptQuestion {
            key: question.key,
            text: question.text,
            topic: question.topic,
            kind,
            csat,
            nps,
            options: given.map(options),
            multiple,
            max_length,
            required: Some(question.required),
            ask_if: question.ask_if.map(ScriptAskIf::from),
        }
    }
}

impl From<Content> for ScriptContent {
    fn from(content: Content) -> Self {
        let moment = |HardMoment { situation, answer }| ScriptMoment { situation, answer };
        ScriptContent {
            opening: content.opening,
            questions: content.questions.into_iter().map(ScriptQuestion::from).collect(),
            closing: content.closing,
            hard_moments: content.hard_moments.into_iter().map(moment).collect(),
        }
    }
}
