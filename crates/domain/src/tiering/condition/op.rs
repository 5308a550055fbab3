//! The operators, and what stands in `value` with each.

use crate::text_enum;

text_enum! {
    /// How a field is compared. Each of `ne`, `not_in`, `not_contains`, `has_none`, `not_within_last`,
    /// `not_within_next` and `is_not_empty` is the exact opposite of its counterpart: a customer without a value
    /// satisfies it where the counterpart is not satisfied. All others need a value.
    Op {
        Eq = "eq",
        Ne = "ne",
        In = "in",
        NotIn = "not_in",
        Lt = "lt",
        Lte = "lte",
        Gt = "gt",
        Gte = "gte",
        /// Both ends included.
        Between = "between",
        Contains = "contains",
        NotContains = "not_contains",
        StartsWith = "starts_with",
        IsEmpty = "is_empty",
        IsNotEmpty = "is_not_empty",
        HasAny = "has_any",
        HasAll = "has_all",
        HasNone = "has_none",
        /// Between so long ago and now.
        WithinLast = "within_last",
        NotWithinLast = "not_within_last",
        /// Between now and so much later.
        WithinNext = "within_next",
        NotWithinNext = "not_within_next",
        /// Longer ago than that.
        OlderThan = "older_than",
        /// The day comes round again today or within so many days; 0 is today.
        AnniversaryWithin = "anniversary_within",
    }
}

/// What stands in `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// There is no `value`.
    None,
    One,
    /// 1 to [`super::LIST_LIMIT`].
    Many,
    /// The two ends.
    Pair,
    /// `{"days": 30}`
    Span,
    /// `{"days": 30}`, days only.
    Days,
}

text_enum! {
    /// The unit of a span. Days, weeks and months go by the calendar of the deployment's zone, hours elapse.
    SpanUnit {
        Hours = "hours",
        Days = "days",
        Weeks = "weeks",
        Months = "months",
    }
}

impl SpanUnit {
    /// The longest span in this unit: about a hundred years.
    pub fn limit(self) -> u32 {
        match self {
            SpanUnit::Hours => 876_000,
            SpanUnit::Days => 36_500,
            SpanUnit::Weeks => 5_200,
            SpanUnit::Months => 1_200,
        }
    }
}

impl Op {
    pub fn shape(self) -> Shape {
        match self {
            Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => Shape::One,
            Op::Contains | Op::NotContains | Op::StartsWith => Shape::One,
            Op::In | Op::NotIn | Op::HasAny | Op::HasAll | Op::HasNone => Shape::Many,
            Op::Between => Shape::Pair,
            Op::IsEmpty | Op::IsNotEmpty => Shape::None,
            Op::WithinLast | Op::NotWithinLast | Op::WithinNext | Op::NotWithinNext | Op::OlderThan => Shape::Span,
            Op::AnniversaryWithin => Shape::Days,
        }
    }
}
