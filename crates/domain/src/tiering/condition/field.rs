//! The one table of what a condition may compare: name, type, where it is kept, whether it is personal data, label.

use super::op::Op;
use crate::customers::{CooperationStage, CustomerKind, PreferredChannel};
use crate::fault::Lang;
use crate::tiering::{ChurnRisk, LifecycleStage, RfmClass, Tier};

/// In which form a text is kept and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it was entered.
    Plain,
    /// Whatever its width, case and inner space.
    Name,
    Phone,
    Email,
}

/// The type of a field, which says by which operators it may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text(Form),
    /// One of these texts.
    Choice(Choices),
    /// A whole number.
    Number,
    /// Minor units inside, a decimal string outside.
    Money,
    /// A local date.
    Date,
    /// A moment.
    Time,
    Id,
    /// Any number of texts.
    Set,
    /// A day of the year in the solar or lunar calendar.
    Birthday,
    /// A number with a fraction; only custom fields.
    Real,
    /// Only custom fields.
    Boolean,
}

/// Where a field is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// A column of the customer.
    Customer(&'static str),
    /// A column of what orders, interactions and feedback add up to. A customer without that row has zero of
    /// everything that is counted, and none of everything else.
    Figures(&'static str),
    /// A column of the present tier.
    Tier(&'static str),
    /// A column of what the last churn model says.
    Churn(&'static str),
    Tags,
    /// Product lines of the orders.
    Bought,
    CoreProducts,
    Birthday,
}

/// The texts that a choice is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choices {
    CustomerKind,
    PreferredChannel,
    CooperationStage,
    LifecycleStage,
    ChurnRisk,
    Tier,
    RfmClass,
}

impl Choices {
    pub fn texts(self) -> Vec<&'static str> {
        macro_rules! all {
            ($kind:ident) => {
                $kind::ALL.iter().map(|value| value.as_str()).collect()
            };
        }
        match self {
            Choices::CustomerKind => all!(CustomerKind),
            Choices::PreferredChannel => all!(PreferredChannel),
            Choices::CooperationStage => all!(CooperationStage),
            Choices::LifecycleStage => all!(LifecycleStage),
            Choices::ChurnRisk => all!(ChurnRisk),
            Choices::Tier => all!(Tier),
            Choices::RfmClass => all!(RfmClass),
        }
    }
}

macro_rules! fields {
    ($($variant:ident = $name:literal: $kind:expr, $home:expr, $personal:ident, $zh:literal, $en:literal;)+) => {
        /// What a condition may compare, beside custom fields.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field { $($variant),+ }

        impl Field {
            pub const ALL: &'static [Field] = &[$(Field::$variant),+];

            /// The name in conditions.
            pub fn as_str(self) -> &'static str {
                match self { $(Field::$variant => $name),+ }
            }

            pub fn kind(self) -> Kind {
                match self { $(Field::$variant => $kind),+ }
            }

            pub fn home(self) -> Home {
                match self { $(Field::$variant => $home),+ }
            }

            /// Whether it may only be compared for customers whose personal data one sees.
            pub fn is_personal(self) -> bool {
                match self { $(Field::$variant => fields!(@ $personal)),+ }
            }

            pub fn label(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Field::$variant, Lang::Zh) => $zh, (Field::$variant, Lang::En) => $en),+ }
            }
        }
    };
    (@ personal) => { true };
    (@ open) => { false };
}

use Home::{Customer as Own, Figures, Tier as Tiers};

fields! {
    Number = "number": Kind::Text(Form::Plain), Own("number"), open, "客户编号", "Number";
    Name = "name": Kind::Text(Form::Name), Own("name_key"), open, "名称", "Name";
    Kind = "kind": Kind::Choice(Choices::CustomerKind), Own("kind"), open, "客户类别", "Kind";
    Industry = "industry": Kind::Text(Form::Plain), Own("industry"), open, "行业", "Industry";
    Source = "source": Kind::Text(Form::Plain), Own("source"), open, "来源", "Source";
    Phone = "phone": Kind::Text(Form::Phone), Own("phone_key"), personal, "电话", "Phone";
    Email = "email": Kind::Text(Form::Email), Own("email_key"), personal, "邮箱", "Email";
    Address = "address": Kind::Text(Form::Plain), Own("address"), personal, "地址", "Address";
    Birthday = "birthday": Kind::Birthday, Home::Birthday, personal, "生日", "Birthday";
    BirthdayYear = "birthday_year": Kind::Number, Own("birthday_year"), personal, "出生年", "Year of birth";
    BirthdayMonth = "birthday_month": Kind::Number, Own("birthday_month"), personal, "生日月份", "Month of the birthday";
    BirthdayDay = "birthday_day": Kind::Number, Own("birthday_day"), personal, "生日日期", "Day of the birthday";
    OwnerId = "owner_id": Kind::Id, Own("owner_id"), open, "客户经理", "Owner";
    DepartmentId = "department_id": Kind::Id, Own("department_id"), open, "部门", "Department";
    PreferredChannel = "preferred_channel": Kind::Choice(Choices::PreferredChannel), Own("preferred_channel"), open, "偏好渠道", "Preferred channel";
    CooperationStart = "cooperation_start": Kind::Date, Own("cooperation_start"), open, "合作开始", "Start of the cooperation";
    CooperationStage = "cooperation_stage": Kind::Choice(Choices::CooperationStage), Own("cooperation_stage"), open, "合作阶段", "Stage of the cooperation";
    AnnualAmount = "annual_amount": Kind::Money, Own("annual_amount"), open, "年度金额", "Annual amount";
    ContractEnd = "contract_end": Kind::Date, Own("contract_end"), open, "合同到期", "End of the contract";
    CoreProducts = "core_products": Kind::Set, Home::CoreProducts, open, "核心产品", "Core products";
    LifecycleStage = "lifecycle_stage": Kind::Choice(Choices::LifecycleStage), Own("lifecycle_stage"), open, "生命周期阶段", "Lifecycle stage";
    ChurnRisk = "churn_risk": Kind::Choice(Choices::ChurnRisk), Home::Churn("risk"), open, "流失风险", "Churn risk";
    LastActivityAt = "last_activity_at": Kind::Time, Own("last_activity_at"), open, "最近活跃", "Last activity";
    CreatedAt = "created_at": Kind::Time, Own("created_at"), open, "创建时间", "Created";
    Tags = "tags": Kind::Set, Home::Tags, open, "标签", "Tags";
    Tier = "tier": Kind::Choice(Choices::Tier), Tiers("tier"), open, "客户分层", "Tier";
    RfmClass = "rfm_class": Kind::Choice(Choices::RfmClass), Tiers("rfm_class"), open, "RFM 类别", "RFM class";
    RScore = "r_score": Kind::Number, Tiers("r"), open, "R 分", "Recency score";
    FScore = "f_score": Kind::Number, Tiers("f"), open, "F 分", "Frequency score";
    MScore = "m_score": Kind::Number, Tiers("m"), open, "M 分", "Monetary score";
    Bought = "bought": Kind::Set, Home::Bought, open, "已购产品线", "Product lines bought";
    Orders = "orders": Kind::Number, Figures("orders"), open, "订单数", "Orders";
    Revenue = "revenue": Kind::Money, Figures("revenue"), open, "累计金额", "Revenue";
    FirstOrderOn = "first_order_on": Kind::Date, Figures("first_order_on"), open, "首单日期", "First order";
    LastOrderOn = "last_order_on": Kind::Date, Figures("last_order_on"), open, "最近下单日期", "Last order";
    LastPaidAt = "last_paid_at": Kind::Time, Figures("last_paid_at"), open, "最近付款", "Last payment";
    LastDeliveredAt = "last_delivered_at": Kind::Time, Figures("last_delivered_at"), open, "最近交付", "Last delivery";
    LastSignedAt = "last_signed_at": Kind::Time, Figures("last_signed_at"), open, "最近签收", "Last signed for";
    Interactions = "interactions": Kind::Number, Figures("interactions"), open, "互动次数", "Interactions";
    LastInteractionAt = "last_interaction_at": Kind::Time, Figures("last_interaction_at"), open, "最近互动", "Last interaction";
    Complaints = "complaints": Kind::Number, Figures("complaints"), open, "投诉次数", "Complaints";
    FeedbackOpen = "feedback_open": Kind::Number, Figures("feedback_open"), open, "未关闭反馈数", "Open feedback";
    LastFeedbackAt = "last_feedback_at": Kind::Time, Figures("last_feedback_at"), open, "最近反馈", "Last feedback";
}

impl Field {
    pub fn by_name(name: &str) -> Option<Field> {
        Field::ALL.iter().copied().find(|field| field.as_str() == name)
    }

    /// Whether a customer without a value has zero of it.
    pub fn counts_from_zero(self) -> bool {
        matches!((self.home(), self.kind()), (Home::Figures(_), Kind::Number | Kind::Money))
    }
}

impl Kind {
    /// The name of the type in the catalogue of fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Text(_) => "text",
            Kind::Choice(_) => "choice",
            Kind::Number => "integer",
            Kind::Money => "money",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Id => "id",
            Kind::Set => "set",
            Kind::Birthday => "birthday",
            Kind::Real => "number",
            Kind::Boolean => "boolean",
        }
    }

    /// By which operators it may be compared.
    pub fn ops(self) -> &'static [Op] {
        use Op::*;
        match self {
            Kind::Text(_) => &[Eq, Ne, In, NotIn, Contains, NotContains, StartsWith, IsEmpty, IsNotEmpty],
            Kind::Choice(_) | Kind::Id => &[Eq, Ne, In, NotIn, IsEmpty, IsNotEmpty],
            Kind::Number | Kind::Money | Kind::Real => {
                &[Eq, Ne, In, NotIn, Lt, Lte, Gt, Gte, Between, IsEmpty, IsNotEmpty]
            }
            Kind::Date => &[
                Eq,
                Ne,
                In,
                NotIn,
                Lt,
                Lte,
                Gt,
                Gte,
                Between,
                IsEmpty,
                IsNotEmpty,
                WithinLast,
                NotWithinLast,
                WithinNext,
                NotWithinNext,
                OlderThan,
                AnniversaryWithin,
            ],
            Kind::Time => &[
                Lt,
                Lte,
                Gt,
                Gte,
                Between,
                IsEmpty,
                IsNotEmpty,
                WithinLast,
                NotWithinLast,
                WithinNext,
                NotWithinNext,
                OlderThan,
            ],
            Kind::Set => &[HasAny, HasAll, HasNone, IsEmpty, IsNotEmpty],
            Kind::Birthday => &[AnniversaryWithin, IsEmpty, IsNotEmpty],
            Kind::Boolean => &[Eq, Ne, IsEmpty, IsNotEmpty],
        }
    }
}
