//! What a list of customers as a file consists of. The headers are those that an import knows.

use super::{Birthday, CalendarKind};
use crate::fault::Lang;
use crate::text_enum;

text_enum! {
    /// A column of an export.
    ExportColumn {
        Number = "number",
        Name = "name",
        Kind = "kind",
        Industry = "industry",
        Phone = "phone",
        Email = "email",
        Birthday = "birthday",
        Address = "address",
        Source = "source",
        Owner = "owner",
        Department = "department",
        CooperationStart = "cooperation_start",
        CooperationStage = "cooperation_stage",
        AnnualAmount = "annual_amount",
        ContractEnd = "contract_end",
        CoreProducts = "core_products",
        PreferredChannel = "preferred_channel",
        LifecycleStage = "lifecycle_stage",
        ChurnRisk = "churn_risk",
        LastActivityAt = "last_activity_at",
        Tags = "tags",
        Note = "note",
        ExternalIds = "external_ids",
        CreatedAt = "created_at",
        UpdatedAt = "updated_at",
    }
}

impl ExportColumn {
    /// The header of the column.
    pub fn header(self, lang: Lang) -> &'static str {
        if lang == Lang::En {
            return self.as_str();
        }
        match self {
            ExportColumn::Number => "系统编号",
            ExportColumn::Name => "客户名称",
            ExportColumn::Kind => "客户类型",
            ExportColumn::Industry => "所属行业",
            ExportColumn::Phone => "手机",
            ExportColumn::Email => "邮箱",
            ExportColumn::Birthday => "生日",
            ExportColumn::Address => "地址",
            ExportColumn::Source => "客户来源",
            ExportColumn::Owner => "客户经理",
            ExportColumn::Department => "所属部门",
            ExportColumn::CooperationStart => "合作起始日期",
            ExportColumn::CooperationStage => "合作阶段",
            ExportColumn::AnnualAmount => "年合作金额",
            ExportColumn::ContractEnd => "合同到期日",
            ExportColumn::CoreProducts => "核心产品",
            ExportColumn::PreferredChannel => "偏好渠道",
            ExportColumn::LifecycleStage => "生命周期阶段",
            ExportColumn::ChurnRisk => "流失风险",
            ExportColumn::LastActivityAt => "最近活跃时间",
            ExportColumn::Tags => "标签",
            ExportColumn::Note => "备注",
            ExportColumn::ExternalIds => "外部系统编号",
            ExportColumn::CreatedAt => "创建时间",
            ExportColumn::UpdatedAt => "更新时间",
        }
    }
}

/// A birthday as one text, which an import reads back: `1990-05-26`, `05-26`, `农历1987年闰6月6日`.
pub fn birthday_text(birthday: &Birthday) -> String {
    let Birthday { calendar, year, month, day, leap_month } = *birthday;
    match (calendar, year) {
        (CalendarKind::Solar, Some(year)) => format!("{year:04}-{month:02}-{day:02}"),
        (CalendarKind::Solar, None) => format!("{month:02}-{day:02}"),
        (CalendarKind::Lunar, year) => {
            let year = year.map(|year| format!("{year}年")).unwrap_or_default();
            format!("农历{year}{}{month}月{day}日", if leap_month { "闰" } else { "" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customers::import::{Field, Headers, Target, date};
    use proptest::prelude::*;

    #[test]
    fn an_import_knows_the_headers() {
        for column in ExportColumn::ALL {
            let Ok(field) = column.as_str().parse::<Field>() else { continue };
            for lang in [Lang::Zh, Lang::En] {
                let known = Headers::default().column(column.header(lang)).target;
                assert_eq!(known, Some(Target::Field(field)), "{column}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_birthday_is_read_back(lunar: bool, year in proptest::option::of(1900i32..2020), month in 1u32..13, day in 1u32..31) {
            let calendar = if lunar { CalendarKind::Lunar } else { CalendarKind::Solar };
            let birthday = Birthday { calendar, year, month, day, leap_month: false };
            prop_assume!(birthday.fault().is_none());
            let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap_or_default();
            prop_assert_eq!(date::birthday(&birthday_text(&birthday), today), Ok(birthday));
        }
    }
}
