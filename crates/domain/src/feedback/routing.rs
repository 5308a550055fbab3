//! Which rule a feedback meets (分派规则): ordered rules, the first one met says where it goes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Channel, FeedbackType, Mood, Priority, Subtype};
use crate::customers::normalise_name;
use crate::text_enum;
use crate::tiering::condition::{Condition, Facts, Moment};

text_enum! {
    /// Who leads a feedback that meets a rule (牵头部门).
    Lead {
        /// The department that the rule names.
        Department = "department",
        /// A supervisor names one; until then it waits, with departments proposed.
        BySupervisor = "by_supervisor",
    }
}

text_enum! {
    /// What a rule asks; also the answer to why one is not met.
    Criterion {
        Types = "types",
        Subtypes = "subtypes",
        Priorities = "priorities",
        Channels = "channels",
        Moods = "moods",
        Words = "words",
        Products = "products",
        Customer = "customer",
    }
}

/// What a rule asks of a feedback: each of the lists that is not empty, and the condition on the customer if there is
/// one. What is empty asks nothing; a rule without criteria is met by everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Criteria {
    pub types: Vec<FeedbackType>,
    pub subtypes: Vec<Subtype>,
    pub priorities: Vec<Priority>,
    pub channels: Vec<Channel>,
    pub moods: Vec<Mood>,
    /// The text has one of these, whatever their case and width.
    pub words: Vec<String>,
    /// The text names one of these products.
    pub products: Vec<String>,
    /// The customer satisfies this; nobody known satisfies nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Value>,
}

/// What is known of a feedback when its rule is looked for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub subtype: Subtype,
    pub priority: Priority,
    pub channel: Channel,
    pub mood: Mood,
    /// As [`Asked::text`] makes it.
    pub text: &'a str,
    pub customer: Option<&'a Facts>,
}

impl Asked<'_> {
    /// A text as words are looked for in it: half-width, lower case, runs of space as one.
    pub fn text(content: &str) -> String {
        normalise_name(content)
    }
}

fn one_of<T: PartialEq>(wanted: &[T], value: T) -> bool {
    wanted.is_empty() || wanted.contains(&value)
}

fn has_one(wanted: &[String], text: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|word| text.contains(&normalise_name(word)))
}

impl Criteria {
    /// Those of the rule for one category.
    pub fn of_category(subtype: Subtype) -> Self {
        Criteria { subtypes: vec![subtype], ..Criteria::default() }
    }

    /// The first thing that it asks in vain; `None`: it is met.
    pub fn missed(&self, asked: &Asked, moment: Moment) -> Option<Criterion> {
        let checks = [
            (Criterion::Types, one_of(&self.types, asked.subtype.feedback_type())),
            (Criterion::Subtypes, one_of(&self.subtypes, asked.subtype)),
            (Criterion::Priorities, one_of(&self.priorities, asked.priority)),
            (Criterion::Channels, one_of(&self.channels, asked.channel)),
            (Criterion::Moods, one_of(&self.moods, asked.mood)),
            (Criterion::Words, has_one(&self.words, asked.text)),
            (Criterion::Products, has_one(&self.products, asked.text)),
        ];
        let missed = checks.into_iter().find(|(_, met)| !met).map(|(criterion, _)| criterion);
        // Last, since it costs most.
        missed.or_else(|| (!self.customer_meets(asked.customer, moment)).then_some(Criterion::Customer))
    }

    fn customer_meets(&self, customer: Option<&Facts>, moment: Moment) -> bool {
        let Some(written) = &self.customer else { return true };
        let Some(facts) = customer else { return false };
        // It was checked before it was stored; one that can be read no more is met by nobody.
        Condition::parse(written, "").is_ok_and(|condition| condition.bind(moment).holds(facts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn moment() -> Moment {
        Moment { now: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(), zone: chrono_tz::Asia::Shanghai }
    }

    fn asked(text: &str) -> Asked<'_> {
        Asked {
            subtype: Subtype::ProductFunction,
            priority: Priority::Urgent,
            channel: Channel::Hotline,
            mood: Mood::Dissatisfied,
            text,
            customer: None,
        }
    }

    #[test]
    fn all_that_is_asked_must_be_met_and_the_first_miss_is_told() {
        let text = Asked::text("ＰＯＳ 收银机  打不开");
        let rule = Criteria {
            priorities: vec![Priority::Urgent, Priority::Important],
            words: vec!["打不开".into(), "死机".into()],
            products: vec!["pos 收银机".into()],
            ..Criteria::default()
        };
        assert_eq!(rule.missed(&asked(&text), moment()), None);
        let elsewhere = Criteria { channels: vec![Channel::Shop], moods: vec![Mood::Satisfied], ..rule.clone() };
        assert_eq!(elsewhere.missed(&asked(&text), moment()), Some(Criterion::Channels));
        assert_eq!(rule.missed(&asked("登录不上"), moment()), Some(Criterion::Words));
        assert_eq!(Criteria::default().missed(&asked(""), moment()), None, "nothing asked");
    }

    #[test]
    fn a_condition_on_the_customer_is_met_by_customers_alone() {
        let vip = |condition| Criteria { customer: Some(condition), ..Criteria::default() };
        let complaints = json!({ "field": "complaints", "op": "gte", "value": 0 });
        assert_eq!(vip(complaints.clone()).missed(&asked(""), moment()), Some(Criterion::Customer), "nobody known");
        let facts = Facts::default();
        let known = Asked { customer: Some(&facts), ..asked("") };
        assert_eq!(vip(complaints.clone()).missed(&known, moment()), None);
        assert_eq!(vip(json!({ "not": complaints })).missed(&known, moment()), Some(Criterion::Customer));
        assert_eq!(vip(json!("no condition")).missed(&known, moment()), Some(Criterion::Customer));
    }

    fn some<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
        prop::collection::vec(prop::sample::select(all), 0..3)
    }

    fn criteria() -> impl Strategy<Value = Criteria> {
        let words = || prop::collection::vec(prop::sample::select(vec!["慢", "报错", "POS"]), 0..2);
        let lists = (some(Subtype::ALL), some(Priority::ALL), some(Channel::ALL), some(Mood::ALL), words());
        lists.prop_map(|(subtypes, priorities, channels, moods, words)| Criteria {
            subtypes,
            priorities,
            channels,
            moods,
            words: words.into_iter().map(str::to_owned).collect(),
            ..Criteria::default()
        })
    }

    proptest! {
        /// Asking more never meets more, what is stored is what was asked, and a rule asks each thing by itself.
        #[test]
        fn to_ask_more_is_to_meet_less(
            rule in criteria(),
            subtype in prop::sample::select(Subtype::ALL),
            priority in prop::sample::select(Priority::ALL),
            channel in prop::sample::select(Channel::ALL),
            text in prop::sample::select(vec!["系统很慢", "一直报错", "pos 坏了", "你好"]),
        ) {
            let asked = Asked { subtype, priority, channel, ..asked(text) };
            let stored: Criteria = serde_json::from_value(serde_json::to_value(&rule).unwrap()).unwrap();
            prop_assert_eq!(&stored, &rule);
            let met = rule.missed(&asked, moment()).is_none();
            let alone = [
                Criteria { subtypes: rule.subtypes.clone(), ..Criteria::default() },
                Criteria { priorities: rule.priorities.clone(), ..Criteria::default() },
                Criteria { channels: rule.channels.clone(), ..Criteria::default() },
                Criteria { moods: rule.moods.clone(), ..Criteria::default() },
                Criteria { words: rule.words.clone(), ..Criteria::default() },
            ];
            prop_assert_eq!(met, alone.iter().all(|one| one.missed(&asked, moment()).is_none()));
        }
    }
}
