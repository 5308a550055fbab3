//! Which column is what: by the words that lists use, in Chinese and English, or by a mapping.

use std::collections::BTreeMap;

use super::clean::{fold, one_line};
use super::reason::{Finding, Reason};
use crate::text_enum;

/// Columns of one file at most.
pub const MAX_COLUMNS: usize = 500;

text_enum! {
    /// What a column can hold.
    Field {
        ExternalId = "external_id",
        Name = "name",
        Kind = "kind",
        Industry = "industry",
        ContactName = "contact_name",
        ContactPosition = "contact_position",
        Phone = "phone",
        Email = "email",
        Birthday = "birthday",
        LunarBirthday = "lunar_birthday",
        Address = "address",
        Source = "source",
        CooperationStart = "cooperation_start",
        CooperationStage = "cooperation_stage",
        AnnualAmount = "annual_amount",
        ContractEnd = "contract_end",
        CoreProducts = "core_products",
        PreferredChannel = "preferred_channel",
        Tags = "tags",
        Owner = "owner",
        Note = "note",
    }
}

impl Field {
    /// What lists call it, in lower case without space and marks; the first is the usual Chinese one.
    fn words(self) -> &'static [&'static str] {
        match self {
            Field::ExternalId => &[
                "客户编号",
                "外部编号",
                "客户编码",
                "客户代码",
                "客户号",
                "编号",
                "编码",
                "externalid",
                "customerid",
                "id",
                "customercode",
                "customerno",
                "customernumber",
            ],
            Field::Name => &[
                "客户名称",
                "客户名",
                "名称",
                "客户",
                "公司名称",
                "企业名称",
                "单位名称",
                "公司",
                "客户姓名",
                "客户全称",
                "name",
                "customername",
                "customer",
                "company",
                "companyname",
                "fullname",
            ],
            Field::Kind => &["客户类型", "类型", "客户性质", "kind", "type", "customertype"],
            Field::Industry => &["所属行业", "行业", "行业分类", "industry", "sector"],
            Field::ContactName => &[
                "联系人",
                "联系人姓名",
                "主要联系人",
                "首要联系人",
                "contact",
                "contactname",
                "contactperson",
                "primarycontact",
            ],
            Field::ContactPosition => &[
                "职位",
                "职务",
                "联系人职位",
                "岗位",
                "position",
                "jobtitle",
                "title",
                "contactposition",
                "contacttitle",
            ],
            Field::Phone => &[
                "手机",
                "手机号",
                "手机号码",
                "电话",
                "电话号码",
                "联系电话",
                "联系方式",
                "移动电话",
                "phone",
                "mobile",
                "tel",
                "telephone",
                "phonenumber",
                "mobilephone",
                "cell",
                "cellphone",
            ],
            Field::Email => {
                &["邮箱", "电子邮箱", "邮箱地址", "电子邮件", "邮件", "email", "mail", "emailaddress", "e-mail"]
            }
            Field::Birthday => &[
                "生日",
                "出生日期",
                "公历生日",
                "阳历生日",
                "出生年月日",
                "birthday",
                "birthdate",
                "dateofbirth",
                "dob",
            ],
            Field::LunarBirthday => &["农历生日", "阴历生日", "lunarbirthday"],
            Field::Address => &["地址", "联系地址", "客户地址", "公司地址", "通讯地址", "详细地址", "address"],
            Field::Source => &["客户来源", "来源", "来源渠道", "获客渠道", "source", "leadsource"],
            Field::CooperationStart => &[
                "合作起始日期",
                "合作开始日期",
                "合作日期",
                "合作起始",
                "首次合作日期",
                "签约日期",
                "cooperationstart",
                "customersince",
                "startdate",
            ],
            Field::CooperationStage => &["合作阶段", "阶段", "客户阶段", "合作状态", "cooperationstage", "stage"],
            Field::AnnualAmount => &[
                "年合作金额",
                "年度合作金额",
                "年金额",
                "合作金额",
                "年销售额",
                "annualamount",
                "amount",
                "annualrevenue",
            ],
            Field::ContractEnd => &[
                "合同到期日",
                "合同到期",
                "合同到期日期",
                "合同截止日期",
                "到期日",
                "续约日期",
                "contractend",
                "renewaldate",
                "contractenddate",
            ],
            Field::CoreProducts => {
                &["核心产品", "产品", "主要产品", "合作产品", "产品线", "coreproducts", "products", "product"]
            }
            Field::PreferredChannel => {
                &["偏好渠道", "沟通偏好", "首选渠道", "偏好沟通方式", "preferredchannel", "channel"]
            }
            Field::Tags => &["标签", "客户标签", "tags", "tag", "labels"],
            Field::Owner => &[
                "客户经理",
                "负责人",
                "归属人",
                "所属销售",
                "销售",
                "业务员",
                "跟进人",
                "owner",
                "accountmanager",
                "salesperson",
                "salesrep",
                "accountowner",
            ],
            Field::Note => &["备注", "说明", "备注信息", "note", "notes", "remark", "remarks", "comment", "comments"],
        }
    }

    /// The usual Chinese word.
    pub fn label(self) -> &'static str {
        self.words().first().copied().unwrap_or_default()
    }

    fn called(word: &str) -> Option<Field> {
        Field::ALL.iter().copied().find(|field| field.words().contains(&word))
    }
}

/// Where a column goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Field(Field),
    /// The key of a custom field.
    Custom(String),
}

impl Target {
    /// Reads `name`, `custom.size`.
    pub fn named(text: &str) -> Option<Target> {
        match text.strip_prefix("custom.") {
            Some(key) if !key.is_empty() => Some(Target::Custom(key.to_owned())),
            _ => text.parse().ok().map(Target::Field),
        }
    }

    pub fn name(&self) -> String {
        match self {
            Target::Field(field) => field.to_string(),
            Target::Custom(key) => format!("custom.{key}"),
        }
    }
}

/// One column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As it stands in the file.
    pub header: String,
    /// `None`: nobody knows what it is, and it is left out.
    pub target: Option<Target>,
    /// What an amount in it is multiplied by: 10,000 for 金额（万元）.
    pub unit: i64,
}

/// Key and label of a custom field.
pub type CustomName = (String, String);

/// How headers are understood.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// By header as it stands in the file; `None`: leave it out.
    pub mapping: BTreeMap<String, Option<Target>>,
    pub custom: Vec<CustomName>,
}

impl Headers {
    /// What one header says. A mapping goes before everything, and a field before a custom field of the same name.
    pub fn column(&self, header: &str) -> Column {
        let header = one_line(header).into_owned();
        let (word, bracket) = plain(&header);
        let target = match self.mapping.get(&header) {
            Some(target) => target.clone(),
            None => self.known(&header, &word),
        };
        let unit = match bracket.as_str() {
            "万元" | "万" => 10_000,
            "千元" => 1_000,
            "亿元" | "亿" => 100_000_000,
            _ => 1,
        };
        Column { header, target, unit }
    }

    fn known(&self, header: &str, word: &str) -> Option<Target> {
        if let Some(field) = Field::called(word) {
            return Some(Target::Field(field));
        }
        if let Some(key) = header.strip_prefix("custom.") {
            return self.custom.iter().find(|(known, _)| known == key).map(|(key, _)| Target::Custom(key.clone()));
        }
        let same = |name: &str| plain(name).0 == word;
        let found = self.custom.iter().find(|(key, label)| same(key) || same(label));
        found.map(|(key, _)| Target::Custom(key.clone()))
    }

    /// Whether this record is the header: it names the column of the name.
    pub fn is_header(&self, cells: &[String]) -> bool {
        cells.iter().any(|cell| self.column(cell).target == Some(Target::Field(Field::Name)))
    }

    /// The columns of a file, or why it cannot be read.
    pub fn columns(&self, cells: &[String]) -> Result<Vec<Column>, Finding> {
        if cells.len() > MAX_COLUMNS {
            return Err(Finding::new(Reason::TooManyColumns).with("count", cells.len()).with("limit", MAX_COLUMNS));
        }
        let columns: Vec<Column> = cells.iter().map(|cell| self.column(cell)).collect();
        let told = || {
            let headers: Vec<&str> = columns.iter().map(|column| column.header.as_str()).collect();
            headers.join(", ").chars().take(300).collect::<String>()
        };
        let missing = self.mapping.keys().find(|header| !columns.iter().any(|column| column.header == **header));
        if let Some(header) = missing {
            let finding = Finding::new(Reason::MappedHeaderMissing);
            return Err(finding.with("header", header).with("headers", told()));
        }
        if !columns.iter().any(|column| column.target == Some(Target::Field(Field::Name))) {
            return Err(Finding::new(Reason::NoNameColumn).with("headers", told()));
        }
        Ok(columns)
    }
}

/// A header without space, marks and what stands in brackets, in lower case; and what stood in brackets.
fn plain(header: &str) -> (String, String) {
    let folded = fold(header).to_lowercase();
    let (outside, bracket) = match folded.split_once('(') {
        Some((outside, inside)) if !outside.trim().is_empty() => {
            (outside, inside.trim_end_matches(')').trim().to_owned())
        }
        _ => (folded.as_str(), String::new()),
    };
    let word =
        outside.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '*' | ':' | '.' | '"' | '\'')).collect();
    (word, bracket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn cells(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn no_word_stands_for_two_fields() {
        let mut seen = HashSet::new();
        for field in Field::ALL {
            for word in field.words() {
                assert!(seen.insert(*word), "{word}");
                assert_eq!(plain(word).0, *word, "a word that no header comes to");
            }
        }
    }

    #[test]
    fn every_field_is_known_by_its_own_name() {
        for field in Field::ALL {
            for header in [field.as_str(), field.label()] {
                assert_eq!(Headers::default().column(header).target, Some(Target::Field(*field)), "{header}");
            }
        }
    }

    #[test]
    fn headers_in_both_languages_and_with_units() {
        let headers = Headers { custom: vec![("staff".to_owned(), "员工数".to_owned())], ..Headers::default() };
        let targets = |texts: &[&str]| -> Vec<Option<String>> {
            texts.iter().map(|text| headers.column(text).target.map(|target| target.name())).collect()
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            targets(&["＊客户名称", "Mobile Phone", "E-mail", "Annual_Amount", "员工数（人）", "custom.staff", "随便"]),
            [
                some("name"),
                some("phone"),
                some("email"),
                some("annual_amount"),
                some("custom.staff"),
                some("custom.staff"),
                None
            ]
        );
        assert_eq!(headers.column("年合作金额（万元）").unit, 10_000);
    }

    #[test]
    fn a_mapping_goes_before_the_words() {
        let mapping = BTreeMap::from([("Firma".to_owned(), Target::named("name")), ("电话".to_owned(), None)]);
        let headers = Headers { mapping, ..Headers::default() };
        let columns = headers.columns(&cells(&["Firma", "电话"])).unwrap();
        assert_eq!(columns[0].target, Some(Target::Field(Field::Name)));
        assert_eq!(columns[1].target, None);
        assert_eq!(headers.columns(&cells(&["Firma"])).unwrap_err().reason, Reason::MappedHeaderMissing);
        assert_eq!(Headers::default().columns(&cells(&["电话"])).unwrap_err().reason, Reason::NoNameColumn);
    }
}
