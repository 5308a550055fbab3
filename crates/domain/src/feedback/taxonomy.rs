//! The default taxonomy of feedback (反馈分类): three types with two subtypes each, a priority and a mood.

use crate::text_enum;

text_enum! {
    /// What a customer wants with a feedback (反馈类型).
    FeedbackType {
        /// Something went wrong (投诉).
        Complaint = "complaint",
        /// Something could be better (建议).
        Suggestion = "suggestion",
        /// Something is not known (咨询).
        Inquiry = "inquiry",
    }
}

text_enum! {
    /// What a feedback is about, within its type (反馈子类).
    Subtype {
        /// Slow, rude or cumbersome service (服务质量).
        ServiceQuality = "service_quality",
        /// A defect, a missed specification or a missing function (产品功能).
        ProductFunction = "product_function",
        /// A new function or a better interface (功能改进).
        FeatureImprovement = "feature_improvement",
        /// Better care: a named contact, training, reminders (服务体验).
        ServiceExperience = "service_experience",
        /// How to operate it, what its parameters are (产品使用).
        ProductUsage = "product_usage",
        /// Prices, discounts, contracts, invoices (合作政策).
        CooperationPolicy = "cooperation_policy",
    }
}

impl Subtype {
    /// The type this subtype belongs to.
    pub const fn feedback_type(self) -> FeedbackType {
        match self {
            Self::ServiceQuality | Self::ProductFunction => FeedbackType::Complaint,
            Self::FeatureImprovement | Self::ServiceExperience => FeedbackType::Suggestion,
            Self::ProductUsage | Self::CooperationPolicy => FeedbackType::Inquiry,
        }
    }
}

text_enum! {
    /// How fast somebody must act (优先级). Ordered: `Urgent` is the greatest.
    Priority {
        /// A question or a suggestion that hurts nobody (一般).
        Normal = "normal",
        /// Experience or willingness to cooperate is hurt (重要).
        Important = "important",
        /// Core business stopped, safety, a major complaint (紧急).
        Urgent = "urgent",
    }
}

text_enum! {
    /// How the customer feels (情绪). Ordered from bad to good.
    Mood {
        /// 不满意
        Dissatisfied = "dissatisfied",
        /// 一般
        Neutral = "neutral",
        /// 满意
        Satisfied = "satisfied",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_two_subtypes() {
        for kind in FeedbackType::ALL {
            let own = Subtype::ALL.iter().filter(|subtype| subtype.feedback_type() == *kind);
            assert_eq!(own.count(), 2, "{kind}");
        }
    }

    #[test]
    fn text_json_and_order_agree() {
        assert_eq!("cooperation_policy".parse(), Ok(Subtype::CooperationPolicy));
        assert!("Complaint".parse::<FeedbackType>().is_err());
        assert_eq!(serde_json::to_string(&Mood::Dissatisfied).ok().as_deref(), Some("\"dissatisfied\""));
        assert_eq!(Priority::ALL.iter().max(), Some(&Priority::Urgent));
    }
}
