//! A customer as it is sent and shown.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use huiyin_domain::customers::{Birthday, CooperationStage, CustomerKind, PreferredChannel, mask_email, mask_phone};
use huiyin_domain::fault::Fault;
use huiyin_domain::identity::Actor;
use huiyin_domain::money::Money;
use huiyin_persistence::customers::profiles::Known;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::birthday::{BirthdayInput, ShownBirthday};
use crate::http::support::enums::{
    ChurnRiskSchema, CooperationStageSchema, CustomerKindSchema, LifecycleStageSchema, PreferredChannelSchema,
};
use crate::http::support::money::Price;
use crate::http::support::page::page_of;
use crate::http::support::patch::given;
use crate::usecases::customers::draft::{Profile, birthday_of};

/// What another system calls a customer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExternalId {
    #[schema(min_length = 1, max_length = 50, pattern = "@system", example = "erp")]
    system: String,
    #[schema(min_length = 1, max_length = 200, pattern = "@external-id", example = "10086")]
    id: String,
}

impl ExternalId {
    pub fn into_pair(self) -> (String, String) {
        (self.system, self.id)
    }
}

/// A tag (标签).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 50, pattern = "@line", example = "高潜力客户")]
pub struct Tag(pub String);

/// The name of a product or product line (产品线).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 200, pattern = "@line", example = "办公耗材")]
pub struct ProductName(pub String);

/// Values of custom fields by their keys.
struct CustomValues;

impl PartialSchema for CustomValues {
    fn schema() -> RefOr<Schema> {
        let plain = [Type::String, Type::Number, Type::Boolean, Type::Null];
        let value = ObjectBuilder::new().schema_type(SchemaType::from_iter(plain)).max_length(Some(500));
        let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z][a-z0-9_]{0,49}$"));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property_names(Some(Schema::from(key)))
            .additional_properties(Some(Schema::from(value)))
            .max_properties(Some(200))
            .description(Some("Values of custom fields by their keys; null clears one."))
            .examples([serde_json::json!({"credit_level": "A"})])
            .into()
    }
}

impl ToSchema for CustomValues {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("CustomValues")
    }
}

/// A customer (客户). Phone, mail, birthday and address are masked for whoever has no need of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Customer {
    id: Uuid,
    /// The number people see.
    #[schema(example = "C000001")]
    number: String,
    #[schema(value_type = CustomerKindSchema)]
    kind: String,
    #[schema(example = "上海晨光贸易有限公司")]
    name: String,
    #[schema(example = "零售")]
    industry: Option<String>,
    /// As entered; `phone_e164` is what it is matched by.
    #[schema(example = "138****8000")]
    phone: Option<String>,
    /// The phone in E.164; `null` where it is masked, or no phone of that form (service numbers).
    #[schema(example = "+8613800138000")]
    phone_e164: Option<String>,
    #[schema(example = "z****@example.com")]
    email: Option<String>,
    birthday: Option<ShownBirthday>,
    address: Option<String>,
    /// Where the customer came from.
    #[schema(example = "api")]
    source: String,
    /// The user who cares for the customer (客户经理).
    owner_id: Option<Uuid>,
    department_id: Option<Uuid>,
    cooperation_start: Option<NaiveDate>,
    #[schema(value_type = Option<CooperationStageSchema>)]
    cooperation_stage: Option<String>,
    /// What the cooperation is worth a year, a decimal string with two places.
    #[schema(value_type = Option<String>, example = "120000.00")]
    annual_amount: Option<Money>,
    /// When the contract ends or is to be renewed.
    contract_end: Option<NaiveDate>,
    #[schema(value_type = Vec<String>, example = json!(["办公耗材"]))]
    core_products: Value,
    #[schema(value_type = Option<PreferredChannelSchema>)]
    preferred_channel: Option<String>,
    /// Computed from orders and contract.
    #[schema(value_type = Option<LifecycleStageSchema>)]
    lifecycle_stage: Option<String>,
    /// Computed from the orders by the latest churn model.
    #[schema(value_type = Option<ChurnRiskSchema>)]
    churn_risk: Option<String>,
    /// The last login, opening or visit that was told.
    last_activity_at: Option<DateTime<Utc>>,
    #[schema(example = json!(["高潜力客户"]))]
    tags: Vec<String>,
    /// Values of custom fields by their keys.
    #[schema(value_type = Object, example = json!({"credit_level": "A"}))]
    custom: Value,
    note: Option<String>,
    external_ids: Vec<ExternalId>,
    /// Whether personal data is masked in this answer.
    masked: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Customer {
    /// As `reader` sees it; `today` is the local date.
    pub fn of(known: Known, reader: &Actor, today: NaiveDate) -> Self {
        let clear = reader.sees_personal_data(known.customer.owner_id, known.customer.department_id);
        Customer::shown(known, clear, today)
    }

    /// With personal data unmasked, or not.
    pub fn shown(known: Known, clear: bool, today: NaiveDate) -> Self {
        let Known { customer: row, external_ids, tags, churn_risk } = known;
        let shown =
            |text: Option<String>, mask: fn(&str) -> String| text.map(|text| if clear { text } else { mask(&text) });
        let birthday = birthday_of(&row).map(|birthday| ShownBirthday::of(birthday, clear, today));
        let phone = if clear { row.phone } else { row.phone_key.clone() };
        Customer {
            id: row.id,
            number: row.number,
            kind: row.kind,
            name: row.name,
            industry: row.industry,
            phone: shown(phone, mask_phone),
            phone_e164: row.phone_key.filter(|key| clear && key.starts_with('+')),
            email: shown(row.email, mask_email),
            birthday,
            address: row.address.filter(|_| clear),
            source: row.source,
            owner_id: row.owner_id,
            department_id: row.department_id,
            cooperation_start: row.cooperation_start,
            cooperation_stage: row.cooperation_stage,
            annual_amount: row.annual_amount.map(Money::from_minor),
            contract_end: row.contract_end,
            core_products: row.core_products,
            preferred_channel: row.preferred_channel,
            lifecycle_stage: row.lifecycle_stage,
            churn_risk,
            last_activity_at: row.last_activity_at,
            tags,
            custom: row.custom,
            note: row.note,
            external_ids: external_ids.into_iter().map(|(system, id)| ExternalId { system, id }).collect(),
            masked: !clear,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

page_of!(pub CustomerPage, Customer);

/// A body with its own fields and those that every customer has. utoipa cannot flatten one struct into another and keep
/// the schema closed.
macro_rules! customer_body {
    ($(#[$about:meta])* $body:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Deserialize, ToSchema, Validate)]
        #[serde(deny_unknown_fields)]
        pub struct $body {
            $($own)*
            /// `enterprise` unless given.
            #[schema(value_type = Option<CustomerKindSchema>, nullable = false)]
            kind: Option<CustomerKind>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<String>, max_length = 500, example = "零售")]
            industry: Option<Option<String>>,
            /// Any usual spelling; kept as entered, matched in E.164. Numbers without a country code are Chinese.
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<String>, max_length = 50, pattern = "@phone", example = "138 0013 8000")]
            phone: Option<Option<String>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<String>, max_length = 254, pattern = "@email", example = "zhang.wei@example.com")]
            email: Option<Option<String>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<BirthdayInput>)]
            birthday: Option<Option<BirthdayInput>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<String>, max_length = 500, example = "上海市浦东新区世纪大道 1 号")]
            address: Option<Option<String>>,
            /// `api` unless given.
            #[schema(nullable = false, min_length = 1, max_length = 100, example = "exhibition")]
            source: Option<String>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<Uuid>)]
            owner_id: Option<Option<Uuid>>,
            /// The owner's unless given, where the customer is new.
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<Uuid>)]
            department_id: Option<Option<Uuid>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<NaiveDate>, example = "2024-03-05")]
            cooperation_start: Option<Option<NaiveDate>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<CooperationStageSchema>)]
            cooperation_stage: Option<Option<CooperationStage>>,
            /// What the cooperation is worth a year.
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<Price>)]
            annual_amount: Option<Option<Price>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<NaiveDate>, example = "2027-03-04")]
            contract_end: Option<Option<NaiveDate>>,
            #[schema(nullable = false, max_items = 100)]
            core_products: Option<Vec<ProductName>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<PreferredChannelSchema>)]
            preferred_channel: Option<Option<PreferredChannel>>,
            #[serde(default, deserialize_with = "given")]
            #[schema(value_type = Option<String>, max_length = 10000)]
            note: Option<Option<String>>,
            /// All tags that the customer will have.
            #[schema(nullable = false, max_items = 100)]
            tags: Option<Vec<Tag>>,
            /// Values of custom fields by their keys; null clears one.
            #[schema(nullable = false, value_type = Option<CustomValues>)]
            custom: Option<Map<String, Value>>,
        }

        impl TryFrom<$body> for Profile {
            type Error = Fault;

            fn try_from(body: $body) -> Result<Self, Fault> {
                let amount = body.annual_amount.map(|amount| amount.map(|amount| amount.money()).transpose()).transpose();
                Ok(Profile {
                    kind: body.kind,
                    name: body.name.into(),
                    industry: body.industry,
                    phone: body.phone,
                    email: body.email,
                    birthday: body.birthday.map(|birthday| birthday.map(Birthday::from)),
                    address: body.address,
                    source: body.source,
                    owner_id: body.owner_id,
                    department_id: body.department_id,
                    cooperation_start: body.cooperation_start,
                    cooperation_stage: body.cooperation_stage,
                    annual_amount: amount.map_err(|fault: Fault| fault.at("/annual_amount"))?,
                    contract_end: body.contract_end,
                    core_products: body.core_products.map(|all| all.into_iter().map(|one| one.0).collect()),
                    preferred_channel: body.preferred_channel,
                    note: body.note,
                    tags: body.tags.map(|all| all.into_iter().map(|tag| tag.0).collect()),
                    custom: body.custom,
                })
            }
        }
    };
}

customer_body! {
    CreateCustomer {
        #[schema(min_length = 1, max_length = 200, pattern = "@line", example = "上海晨光贸易有限公司")]
        name: String,
        #[schema(max_items = 20)]
        pub external_ids: Option<Vec<ExternalId>>,
    }
}

customer_body! {
    /// Fields that are absent stay; those that are null are cleared, where a customer can be without them.
    PatchCustomer {
        #[schema(nullable = false, min_length = 1, max_length = 200, pattern = "@line", example = "上海晨光贸易有限公司")]
        name: Option<String>,
    }
}
