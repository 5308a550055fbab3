//! What a routing rule asks, as it is sent and shown.

use huiyin_domain::feedback::{Channel, Criteria, FeedbackType, Mood, Priority, Subtype};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::http::support::condition::Condition;
use crate::http::support::enums::{ChannelSchema, FeedbackTypeSchema, MoodSchema, PrioritySchema, SubtypeSchema};

/// A word that is looked for in the text, whatever its case and width.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 100, pattern = "@line", example = "打不开")]
pub struct RuleWord(pub String);

/// What a rule asks of a feedback. All that is given must be met, of each list any one; an empty list asks nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RuleCriteria {
    #[serde(default)]
    #[schema(value_type = Vec<FeedbackTypeSchema>, max_items = 10, example = json!(["complaint"]))]
    types: Vec<FeedbackType>,
    #[serde(default)]
    #[schema(value_type = Vec<SubtypeSchema>, max_items = 20, example = json!(["product_function"]))]
    subtypes: Vec<Subtype>,
    #[serde(default)]
    #[schema(value_type = Vec<PrioritySchema>, max_items = 10, example = json!(["urgent"]))]
    priorities: Vec<Priority>,
    #[serde(default)]
    #[schema(value_type = Vec<ChannelSchema>, max_items = 20, example = json!(["hotline", "app"]))]
    channels: Vec<Channel>,
    #[serde(default)]
    #[schema(value_type = Vec<MoodSchema>, max_items = 10, example = json!(["dissatisfied"]))]
    moods: Vec<Mood>,
    /// The text has one of these words.
    #[serde(default)]
    #[schema(max_items = 50)]
    words: Vec<RuleWord>,
    /// The text names one of these products.
    #[serde(default)]
    #[schema(max_items = 50)]
    products: Vec<RuleWord>,
    /// The customer satisfies this condition; a feedback of nobody known does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer: Option<Condition>,
}

impl From<RuleCriteria> for Criteria {
    fn from(asked: RuleCriteria) -> Self {
        let texts = |words: Vec<RuleWord>| words.into_iter().map(|word| word.0).collect();
        Criteria {
            types: asked.types,
            subtypes: asked.subtypes,
            priorities: asked.priorities,
            channels: asked.channels,
            moods: asked.moods,
            words: texts(asked.words),
            products: texts(asked.products),
            customer: asked.customer.map(|condition| condition.0),
        }
    }
}

impl From<Criteria> for RuleCriteria {
    fn from(asked: Criteria) -> Self {
        let words = |texts: Vec<String>| texts.into_iter().map(RuleWord).collect();
        RuleCriteria {
            types: asked.types,
            subtypes: asked.subtypes,
            priorities: asked.priorities,
            channels: asked.channels,
            moods: asked.moods,
            words: words(asked.words),
            products: words(asked.products),
            customer: asked.customer.map(Condition),
        }
    }
}
