//! A follow-up record as it is sent.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::PreferredChannel;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::{Mood, Priority, Subtype, VerificationOutcome};
use huiyin_domain::follow_up::record::Scores;
use huiyin_domain::follow_up::script::{Answer, Given};
use huiyin_domain::follow_up::{FollowUpMethod, RecordOutcome};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::http::customers::CreateTodo;
use crate::http::support::enums::{
    FollowUpMethodSchema, MoodSchema, PreferredChannelSchema, PrioritySchema, RecordOutcomeSchema,
    ResolutionVerdictSchema, SubtypeSchema,
};
use crate::http::support::money::Price;
use crate::http::support::patch::given;
use crate::usecases::customers::contacts::Person;
use crate::usecases::customers::draft::Profile;
use crate::usecases::follow_up::leads::NewLead;
use crate::usecases::follow_up::recording::{NewRecord, Next, Voice, Words};

/// What a question was answered with: a number for ratings and scores, an option or several for choices, a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnswerValue(Value);

impl PartialSchema for AnswerValue {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(10));
        let text = || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(2_000));
        let options = ArrayBuilder::new().items(RefOr::from(text())).max_items(Some(20));
        OneOfBuilder::new()
            .item(number)
            .item(text())
            .item(options)
            .description(Some("A number for ratings and scores, an option or several for choices, a text."))
            .examples([json!(5)])
            .into()
    }
}

impl ToSchema for AnswerValue {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AnswerValue")
    }
}

/// The answer to one question of the script.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ScriptAnswer {
    /// The key of the question.
    #[schema(min_length = 1, max_length = 50, pattern = "^[a-z][a-z0-9_]{0,49}$", example = "delivery")]
    key: String,
    value: AnswerValue,
}

impl ScriptAnswer {
    pub fn read(self) -> Result<Answer, Fault> {
        let ScriptAnswer { key, value } = self;
        let value: Given =
            serde_json::from_value(value.0).map_err(|_| Fault::new(Code::InvalidValue).at("/answers"))?;
        Ok(Answer { key, value })
    }
}

/// What is right of the customer instead; fields that are absent stay, null clears.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CustomerCorrection {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50, pattern = "@phone", example = "139 0013 9000")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = "@email", example = "zhang.wei@example.com")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500, example = "上海市浦东新区世纪大道 1 号")]
    address: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<PreferredChannelSchema>)]
    preferred_channel: Option<Option<PreferredChannel>>,
}

/// What is right of the contact instead; fields that are absent stay, null clears.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ContactCorrection {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 50, pattern = "@phone", example = "139 0013 9000")]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = "@email", example = "wang.fang@example.com")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 500, example = "采购总监")]
    position: Option<Option<String>>,
}

/// Whether the customer's contact data was found right (核对联系方式).
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ContactData {
    confirmed: bool,
    /// Of the customer. Protected fields wait for whoever decides on them, as in any other edit.
    #[schema(nullable = false)]
    changes: Option<CustomerCorrection>,
    /// Of the contact who was spoken with, `contact_id`; the same holds for them.
    #[schema(nullable = false)]
    contact_changes: Option<ContactCorrection>,
}

/// Something that becomes a feedback of its own, with the channel `follow_up` and yourself as reporter.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RaisedFeedback {
    #[schema(min_length = 1, max_length = 10000, pattern = "@prose", example = "系统登录不上，一直报错，影响我们开单")]
    content: String,
    /// Where it is decided already; classified otherwise.
    #[schema(nullable = false, value_type = Option<SubtypeSchema>)]
    subtype: Option<Subtype>,
    /// Where it is decided already.
    #[schema(nullable = false, value_type = Option<PrioritySchema>)]
    priority: Option<Priority>,
}

/// What the customer might buy.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FoundLead {
    #[schema(min_length = 1, max_length = 500, pattern = "@line", example = "计划增购 20 台打印机")]
    title: String,
    #[schema(nullable = false, max_length = 10000)]
    note: Option<String>,
    #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "办公设备")]
    product_line: Option<String>,
    #[schema(nullable = false)]
    expected_amount: Option<Price>,
    #[schema(nullable = false, example = "2026-12-31")]
    expected_on: Option<NaiveDate>,
    /// The customer's owner unless given; yourself where there is none.
    #[schema(nullable = false)]
    owner_id: Option<Uuid>,
}

impl FoundLead {
    fn read(self, index: usize) -> Result<NewLead, Fault> {
        let amount = self.expected_amount.map(|amount| amount.money()).transpose();
        Ok(NewLead {
            title: self.title,
            note: self.note,
            product_line: self.product_line,
            expected_amount: amount.map_err(|fault| fault.at(format!("/leads/{index}/expected_amount")))?,
            expected_on: self.expected_on,
            owner_id: self.owner_id,
        })
    }
}

/// When the customer is contacted next (下次回访).
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NextFollowUp {
    /// A day from today on, within three years, in the deployment's zone.
    #[schema(example = "2026-11-20")]
    due_on: NaiveDate,
    /// As this time unless given.
    #[schema(nullable = false, value_type = Option<FollowUpMethodSchema>)]
    method: Option<FollowUpMethod>,
    #[schema(nullable = false, max_length = 10000, example = "确认新版本使用情况")]
    note: Option<String>,
    /// Whoever was to make this contact unless given.
    #[schema(nullable = false)]
    assignee_id: Option<Uuid>,
}

/// A body with its own fields and those that every record has. utoipa cannot flatten one struct into another and keep the
/// schema closed.
macro_rules! record_body {
    ($(#[$about:meta])* $body:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Deserialize, ToSchema, Validate)]
        #[serde(deny_unknown_fields)]
        pub struct $body {
            $($own)*
            #[schema(value_type = RecordOutcomeSchema)]
            outcome: RecordOutcome,
            /// The task's unless given.
            #[schema(nullable = false, value_type = Option<FollowUpMethodSchema>)]
            method: Option<FollowUpMethod>,
            /// Now unless given; not in the future.
            #[schema(nullable = false)]
            happened_at: Option<DateTime<Utc>>,
            /// Whether it was made sure who one speaks with; not unless given.
            #[schema(nullable = false)]
            identity_confirmed: Option<bool>,
            /// The contact of the customer who was spoken with.
            #[schema(nullable = false)]
            contact_id: Option<Uuid>,
            /// The task's unless given.
            #[schema(nullable = false)]
            script_id: Option<Uuid>,
            /// The version that was asked; the latest unless given.
            #[schema(nullable = false, minimum = 1, maximum = 1000000)]
            script_version: Option<i32>,
            /// Answers to the script's questions; those that must be answered, must be here where the customer was reached.
            #[schema(nullable = false, max_items = 50)]
            answers: Option<Vec<ScriptAnswer>>,
            /// Satisfaction (满意度) from 1 to 5; what the script's question was answered with unless given.
            #[schema(nullable = false, minimum = 1, maximum = 5, example = 4)]
            csat: Option<i16>,
            /// Willingness to recommend (净推荐值) from 0 to 10; what the script's question was answered with unless given.
            #[schema(nullable = false, minimum = 0, maximum = 10, example = 9)]
            nps: Option<i16>,
            #[schema(nullable = false, value_type = Option<MoodSchema>)]
            mood: Option<Mood>,
            /// What the customer praised (表扬).
            #[schema(nullable = false, max_length = 10000)]
            praise: Option<String>,
            /// What the customer complained about (抱怨).
            #[schema(nullable = false, max_length = 10000)]
            complaints: Option<String>,
            /// What the customer wants (诉求).
            #[schema(nullable = false, max_length = 10000)]
            wishes: Option<String>,
            /// What was promised (承诺); what is to be done by a day stands in `to_dos`.
            #[schema(nullable = false, max_length = 10000)]
            commitments: Option<String>,
            #[schema(nullable = false, max_length = 10000, example = "客户整体满意，关注交付周期")]
            summary: Option<String>,
            /// Whether the summary was read back to the customer; not unless given.
            #[schema(nullable = false)]
            read_back: Option<bool>,
            /// What the customer says of a resolution: for a verification follow-up, where the customer was reached, and no other.
            #[schema(nullable = false, value_type = Option<ResolutionVerdictSchema>)]
            verification: Option<VerificationOutcome>,
            /// What is to be done because of it.
            #[schema(nullable = false, max_items = 50)]
            to_dos: Option<Vec<CreateTodo>>,
            #[schema(nullable = false)]
            contact_data: Option<ContactData>,
            #[schema(nullable = false, max_items = 20)]
            feedback: Option<Vec<RaisedFeedback>>,
            #[schema(nullable = false, max_items = 20)]
            leads: Option<Vec<FoundLead>>,
            #[schema(nullable = false)]
            next_follow_up: Option<NextFollowUp>,
        }

        impl TryFrom<$body> for NewRecord {
            type Error = Vec<Fault>;

            fn try_from(body: $body) -> Result<Self, Vec<Fault>> {
                let mut faults = Vec::new();
                let answers = all(body.answers.unwrap_or_default().into_iter().map(ScriptAnswer::read), &mut faults);
                let leads = body.leads.unwrap_or_default().into_iter().enumerate();
                let leads = all(leads.map(|(index, lead)| lead.read(index)), &mut faults);
                if !faults.is_empty() {
                    return Err(faults);
                }
                let (contact_confirmed, customer_changes, contact_changes) = match body.contact_data {
                    Some(data) => (Some(data.confirmed), data.changes.map(profile), data.contact_changes.map(person)),
                    None => (None, None, None),
                };
                let voice = |raised: RaisedFeedback| {
                    let RaisedFeedback { content, subtype, priority } = raised;
                    Voice { content, subtype, priority }
                };
                let next = |next: NextFollowUp| {
                    let NextFollowUp { due_on, method, note, assignee_id } = next;
                    Next { due_on, method, note, assignee_id }
                };
                Ok(NewRecord {
                    outcome: body.outcome,
                    method: body.method,
                    happened_at: body.happened_at,
                    identity_confirmed: body.identity_confirmed.unwrap_or_default(),
                    contact_id: body.contact_id,
                    script_id: body.script_id,
                    script_version: body.script_version,
                    answers,
                    scores: Scores { csat: body.csat, nps: body.nps },
                    mood: body.mood,
                    words: Words {
                        praise: body.praise,
                        complaints: body.complaints,
                        wishes: body.wishes,
                        commitments: body.commitments,
                        summary: body.summary,
                    },
                    read_back: body.read_back.unwrap_or_default(),
                    verification: body.verification,
                    to_dos: body.to_dos.unwrap_or_default().into_iter().map(Into::into).collect(),
                    contact_confirmed,
                    customer_changes,
                    contact_changes,
                    feedback: body.feedback.unwrap_or_default().into_iter().map(voice).collect(),
                    leads,
                    next: body.next_follow_up.map(next),
                })
            }
        }
    };
}

/// What could be read, and what is wrong with the rest.
pub fn all<T>(read: impl Iterator<Item = Result<T, Fault>>, faults: &mut Vec<Fault>) -> Vec<T> {
    read.filter_map(|one| one.map_err(|fault| faults.push(fault)).ok()).collect()
}

fn person(changes: ContactCorrection) -> Person {
    let ContactCorrection { phone, email, position } = changes;
    Person { phone, email, position, ..Person::default() }
}

fn profile(changes: CustomerCorrection) -> Profile {
    let CustomerCorrection { phone, email, address, preferred_channel } = changes;
    Profile { phone, email, address, preferred_channel, ..Profile::default() }
}

record_body! {
    /// What was said in a follow-up, and what is to come of it: kept in one piece, or not at all.
    RecordFollowUp {}
}

record_body! {
    /// A follow-up that nobody had planned, and what was said in it.
    CreateFollowUpRecord {
        /// Who was spoken with.
        pub customer_id: Uuid,
        /// What it was about.
        #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "客户来电后的回访")]
        pub title: Option<String>,
    }
}
