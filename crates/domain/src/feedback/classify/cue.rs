//! What kind of thing a word tells, and for which decisions that counts.

use crate::feedback::taxonomy::{FeedbackType, Mood, Priority, Subtype};
use crate::text_enum;

text_enum! {
    /// A value that the classifier can decide for: every type, subtype, priority and mood.
    Label {
        Complaint = "complaint",
        Suggestion = "suggestion",
        Inquiry = "inquiry",
        ServiceQuality = "service_quality",
        ProductFunction = "product_function",
        FeatureImprovement = "feature_improvement",
        ServiceExperience = "service_experience",
        ProductUsage = "product_usage",
        CooperationPolicy = "cooperation_policy",
        Urgent = "urgent",
        Important = "important",
        Normal = "normal",
        Satisfied = "satisfied",
        Neutral = "neutral",
        Dissatisfied = "dissatisfied",
    }
}

impl From<FeedbackType> for Label {
    fn from(value: FeedbackType) -> Self {
        match value {
            FeedbackType::Complaint => Self::Complaint,
            FeedbackType::Suggestion => Self::Suggestion,
            FeedbackType::Inquiry => Self::Inquiry,
        }
    }
}

impl From<Subtype> for Label {
    fn from(value: Subtype) -> Self {
        match value {
            Subtype::ServiceQuality => Self::ServiceQuality,
            Subtype::ProductFunction => Self::ProductFunction,
            Subtype::FeatureImprovement => Self::FeatureImprovement,
            Subtype::ServiceExperience => Self::ServiceExperience,
            Subtype::ProductUsage => Self::ProductUsage,
            Subtype::CooperationPolicy => Self::CooperationPolicy,
        }
    }
}

impl From<Priority> for Label {
    fn from(value: Priority) -> Self {
        match value {
            Priority::Urgent => Self::Urgent,
            Priority::Important => Self::Important,
            Priority::Normal => Self::Normal,
        }
    }
}

impl From<Mood> for Label {
    fn from(value: Mood) -> Self {
        match value {
            Mood::Satisfied => Self::Satisfied,
            Mood::Neutral => Self::Neutral,
            Mood::Dissatisfied => Self::Dissatisfied,
        }
    }
}

/// The kind of a word or of a structure. One word has one cue; a cue may speak for several labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cue {
    /// People or procedures failed: slow, rude, passing the buck.
    ServiceFault,
    /// The thing itself failed: error, defect, missing function.
    ProductFault,
    /// Something went wrong, the word does not say where.
    Trouble,
    /// Anger without saying at what.
    Grievance,
    /// A question that wants no answer: 难道, 凭什么.
    Rhetorical,
    /// Praise that means its opposite.
    Sarcasm,
    /// The customer claims something: refund, explanation, a fix at once.
    Demand,
    /// A suggestion is announced or closed: 建议 … 就好了.
    Suggest,
    /// A condition that a suggestion may follow: 要是, 如果能.
    Condition,
    /// Adding or changing something.
    Change,
    /// A service one could offer: training, reminder, named contact.
    ServiceOffer,
    /// A question is announced: 请问.
    Ask,
    /// An interrogative word, weaker than an announcement since complaints use it too.
    Interrogative,
    /// Can or may one …: question or polite wish, what follows decides.
    Ability,
    /// How to operate.
    HowTo,
    /// Parameters, compatibility, ways of use.
    Spec,
    /// The product is what is talked of.
    ProductTopic,
    /// People and procedures are what is talked of.
    ServiceTopic,
    /// Prices, contracts, invoices, partnership.
    PolicyTopic,
    /// A product that endangers people.
    Hazard,
    /// Danger or harm, whatever its source.
    Safety,
    /// Core business has stopped.
    Stopped,
    /// All of the firm, every shop: urgent if something is wrong with them.
    Scope,
    /// Regulator, police, court, press.
    Escalation,
    /// Must happen now.
    Hurry,
    /// The relation is at stake.
    Stakes,
    /// Business or life is impaired, not stopped.
    Impact,
    /// The customer plays it down.
    Minor,
    /// A complaint that plays itself down: 有点慢.
    Gripe,
    Praise,
    /// Turns to the other side: 但是. Explains how praise and anger stand in one text.
    Contrast,
    /// Looks like a cue and is none; occupies its place.
    Nothing,
}

impl Cue {
    /// The labels this cue adds to, each with the share of the word's weight it gets.
    pub(super) const fn speaks_for(self) -> &'static [(Label, f64)] {
        use Label::*;
        match self {
            Self::ServiceFault => {
                &[(Complaint, 1.0), (ServiceQuality, 1.0), (ServiceExperience, 0.3), (Dissatisfied, 0.5)]
            }
            Self::ProductFault => &[
                (Complaint, 1.0),
                (ProductFunction, 1.0),
                (FeatureImprovement, 0.3),
                (ProductUsage, 0.3),
                (Dissatisfied, 0.4),
            ],
            Self::Trouble => &[(Complaint, 1.0), (Dissatisfied, 0.4)],
            Self::Grievance | Self::Sarcasm => &[(Complaint, 1.0), (Dissatisfied, 1.0)],
            Self::Rhetorical => &[(Complaint, 1.0), (Dissatisfied, 0.6)],
            Self::Demand => &[(Complaint, 1.0), (Dissatisfied, 0.3)],
            Self::Suggest => &[(Suggestion, 1.0)],
            Self::Change => &[(Suggestion, 0.6), (FeatureImprovement, 0.6)],
            Self::ServiceOffer => &[(Suggestion, 0.3), (ServiceExperience, 1.2), (ServiceQuality, 0.3)],
            Self::Ask | Self::Interrogative | Self::Ability => &[(Inquiry, 1.0)],
            Self::HowTo => &[(Inquiry, 1.0), (ProductUsage, 1.0)],
            Self::Spec => &[(Inquiry, 0.3), (ProductUsage, 1.0)],
            Self::ProductTopic => &[(ProductFunction, 0.5), (FeatureImprovement, 0.5), (ProductUsage, 0.5)],
            Self::ServiceTopic => &[(ServiceQuality, 0.5), (ServiceExperience, 0.5)],
            Self::PolicyTopic => &[(Inquiry, 0.3), (CooperationPolicy, 1.0)],
            Self::Hazard => &[(Urgent, 1.0), (Complaint, 0.5), (ProductFunction, 0.5), (Dissatisfied, 0.2)],
            Self::Safety => &[(Urgent, 1.0), (Complaint, 0.3), (Dissatisfied, 0.1)],
            Self::Stopped => &[(Urgent, 1.0), (Complaint, 0.5), (ProductFunction, 0.6), (Dissatisfied, 0.1)],
            Self::Scope => &[(Urgent, 1.0)],
            Self::Escalation => &[(Urgent, 1.0), (Complaint, 0.6), (Dissatisfied, 0.6)],
            Self::Hurry => &[(Urgent, 1.0), (Complaint, 0.2)],
            Self::Stakes => &[(Important, 1.0), (Complaint, 0.2), (Dissatisfied, 0.5)],
            Self::Impact => &[(Important, 1.0), (Complaint, 0.4), (Dissatisfied, 0.3)],
            Self::Minor => &[(Normal, 1.0), (Neutral, 1.0)],
            Self::Gripe => &[(Complaint, 1.0), (Normal, 1.0), (Neutral, 1.0)],
            Self::Praise => &[(Satisfied, 1.0)],
            Self::Condition | Self::Contrast | Self::Nothing => &[],
        }
    }

    /// Nouns that say what is talked of and nothing about it.
    pub(super) const fn is_topic(self) -> bool {
        matches!(self, Self::ProductTopic | Self::ServiceTopic | Self::PolicyTopic | Self::Spec)
    }

    /// Things that have gone wrong.
    pub(super) const fn is_fault(self) -> bool {
        matches!(self, Self::ServiceFault | Self::ProductFault | Self::Trouble | Self::Grievance)
    }
}
