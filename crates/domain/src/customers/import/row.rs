//! One row: every cell read, and everything that is wrong with it told at once.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::clean::{fold, is_broken, is_formula_like, is_spreadsheet_error, one_line, split_list, trim, unneutralised};
use super::date;
use super::header::{Column, Field, Target};
use super::reason::{Finding, Reason};
use super::{amount, contact, custom};
use crate::customers::{
    Birthday, CalendarKind, CooperationStage, CustomField, CustomerKind, Email, Phone, PreferredChannel, is_invisible,
};
use crate::money::Money;

const NAME: usize = 200;
const NOTE: usize = 10_000;
const TEXT: usize = 500;
const SHORT: usize = 100;
const PRODUCT: usize = 200;
const TAG: usize = 50;
const EXTERNAL_ID: usize = 200;
/// Tags and products of one customer.
pub const MAX_LIST: usize = 100;

/// What a row says of a customer. What it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    pub external_id: Option<String>,
    pub name: Option<String>,
    pub kind: Option<CustomerKind>,
    pub industry: Option<String>,
    pub contact_name: Option<String>,
    pub contact_position: Option<String>,
    /// As entered and as matched.
    pub phone: Option<(String, Phone)>,
    pub email: Option<(String, Email)>,
    pub birthday: Option<Birthday>,
    pub address: Option<String>,
    pub source: Option<String>,
    pub cooperation_start: Option<NaiveDate>,
    pub cooperation_stage: Option<CooperationStage>,
    pub annual_amount: Option<Money>,
    pub contract_end: Option<NaiveDate>,
    pub core_products: Vec<String>,
    pub preferred_channel: Option<PreferredChannel>,
    pub tags: Vec<String>,
    /// User name or display name.
    pub owner: Option<String>,
    pub note: Option<String>,
    /// Values of custom fields by key.
    pub custom: Map<String, Value>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Nothing in it.
    Blank,
    /// Read; the findings are notices.
    Read { draft: Box<Draft>, notices: Vec<Finding> },
    /// Not to be imported, for all these reasons.
    Rejected { external_id: Option<String>, findings: Vec<Finding> },
}

/// What cells are held against beside the rules of their own field.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The local date.
    pub today: NaiveDate,
    pub custom: Vec<CustomField>,
}

/// Reads the cells of a row. A row that is cut short or runs over is refused as a whole: to shift its cells or to fill
/// it up would put them where they do not belong.
pub fn read(columns: &[Column], cells: &[String], rules: &Rules) -> Row {
    if cells.iter().all(|cell| trim(cell).is_empty()) {
        return Row::Blank;
    }
    let surplus = cells.get(columns.len()..).unwrap_or_default();
    if cells.len() < columns.len() || surplus.iter().any(|cell| !trim(cell).is_empty()) {
        let finding = Finding::new(Reason::CellCount).with("cells", cells.len()).with("wanted", columns.len());
        return Row::Rejected { external_id: None, findings: vec![finding] };
    }
    let mut reader = Reader { rules, draft: Draft::default(), faults: Vec::new(), notices: Vec::new(), lunar: None };
    for (column, cell) in columns.iter().zip(cells) {
        reader.cell(column, cell);
    }
    reader.finish(columns)
}

struct Reader<'a> {
    rules: &'a Rules,
    draft: Draft,
    faults: Vec<Finding>,
    notices: Vec<Finding>,
    lunar: Option<(Birthday, String, String)>,
}

/// Puts a value where none is yet: of two columns for one field, the first that is not empty counts.
fn first<T>(slot: &mut Option<T>, value: T) {
    if slot.is_none() {
        *slot = Some(value);
    }
}

impl Reader<'_> {
    fn cell(&mut self, column: &Column, cell: &str) {
        let Some(target) = &column.target else { return };
        if trim(cell).is_empty() {
            return;
        }
        let cell = unneutralised(cell);
        let reason = match () {
            () if is_broken(cell) => Some(Reason::BrokenText),
            () if is_spreadsheet_error(cell) => Some(Reason::SpreadsheetError),
            () => None,
        };
        let outcome = match (reason, target) {
            (Some(reason), _) => Err(Finding::new(reason)),
            (None, Target::Custom(key)) => {
                let field = self.rules.custom.iter().find(|field| field.key == *key);
                field.map_or(Ok(()), |field| {
                    let value = custom::value(field, cell)?;
                    self.draft.custom.entry(key.clone()).or_insert(value);
                    Ok(())
                })
            }
            (None, Target::Field(field)) => self.field(*field, column, cell),
        };
        if let Err(finding) = outcome {
            self.faults.push(finding.at(&column.header, cell));
        }
    }

    fn field(&mut self, field: Field, column: &Column, cell: &str) -> Result<(), Finding> {
        let draft = &mut self.draft;
        match field {
            Field::ExternalId => first(&mut draft.external_id, text(cell, EXTERNAL_ID)?),
            Field::Name => first(&mut draft.name, text(cell, NAME)?),
            Field::Kind => first(&mut draft.kind, kind(cell)?),
            Field::Industry => first(&mut draft.industry, text(cell, TEXT)?),
            Field::ContactName => first(&mut draft.contact_name, text(cell, NAME)?),
            Field::ContactPosition => first(&mut draft.contact_position, text(cell, SHORT)?),
            Field::Phone => first(&mut draft.phone, (entered(cell), contact::phone(cell)?)),
            Field::Email => first(&mut draft.email, (fold(cell), contact::email(cell)?)),
            Field::Birthday => first(&mut draft.birthday, date::birthday(cell, self.rules.today)?),
            Field::LunarBirthday => {
                first(&mut self.lunar, (date::lunar(cell)?, column.header.clone(), cell.to_owned()));
            }
            Field::Address => first(&mut draft.address, limited(trim(cell), TEXT)?),
            Field::Source => first(&mut draft.source, text(cell, SHORT)?),
            Field::CooperationStart => first(&mut draft.cooperation_start, date::solar(cell)?),
            Field::CooperationStage => first(&mut draft.cooperation_stage, stage(cell)?),
            Field::AnnualAmount => first(&mut draft.annual_amount, amount::amount(cell, column.unit)?),
            Field::ContractEnd => first(&mut draft.contract_end, date::solar(cell)?),
            Field::CoreProducts => extend(&mut draft.core_products, list(cell, PRODUCT)?),
            Field::PreferredChannel => first(&mut draft.preferred_channel, channel(cell)?),
            Field::Tags => extend(&mut draft.tags, list(cell, TAG)?),
            Field::Owner => first(&mut draft.owner, text(cell, NAME)?),
            Field::Note => first(&mut draft.note, limited(trim(cell), NOTE)?),
        }
        self.notice(field, column, cell);
        Ok(())
    }

    fn notice(&mut self, field: Field, column: &Column, cell: &str) {
        let reason = match field {
            // A plus before a number and a minus before an amount are what they are.
            Field::Phone | Field::Email | Field::CooperationStart | Field::ContractEnd | Field::Birthday => {
                cell.contains(is_invisible).then_some(Reason::InvisibleMarks)
            }
            Field::AnnualAmount | Field::LunarBirthday | Field::Kind | Field::CooperationStage => None,
            _ => is_formula_like(trim(cell)).then_some(Reason::FormulaLike),
        };
        self.notices.extend(reason.map(|reason| Finding::new(reason).at(&column.header, cell)));
    }

    fn finish(mut self, columns: &[Column]) -> Row {
        if self.draft.name.is_none() {
            let of_name = columns.iter().find(|column| column.target == Some(Target::Field(Field::Name)));
            let header = of_name.map(|column| column.header.as_str()).unwrap_or_default();
            // A name that is too long is wrong already.
            if !self.faults.iter().any(|finding| finding.column == header) {
                self.faults.insert(0, Finding::new(Reason::NameRequired).at(header, ""));
            }
        }
        if let Some((lunar, header, cell)) = self.lunar.take() {
            self.birthday(lunar, &header, &cell);
        }
        for (list, field) in [(&self.draft.tags, Field::Tags), (&self.draft.core_products, Field::CoreProducts)] {
            if list.len() > MAX_LIST {
                let of_list = columns.iter().find(|column| column.target == Some(Target::Field(field)));
                let header = of_list.map(|column| column.header.as_str()).unwrap_or_default();
                let finding = Finding::new(Reason::TooMany).with("count", list.len()).with("limit", MAX_LIST);
                self.faults.push(finding.at(header, &list.join("、")));
            }
        }
        if self.faults.is_empty() {
            Row::Read { draft: Box::new(self.draft), notices: self.notices }
        } else {
            Row::Rejected { external_id: self.draft.external_id, findings: self.faults }
        }
    }

    /// Who has told the lunar day celebrates that one; the solar one tells its year.
    fn birthday(&mut self, lunar: Birthday, header: &str, cell: &str) {
        let year = match self.draft.birthday {
            Some(solar) if solar.calendar == CalendarKind::Solar && !date::same_day(solar, lunar) => {
                self.notices.push(Finding::new(Reason::TwoBirthdays).at(header, cell));
                lunar.year
            }
            // The lunar year of a day early in January is the one before: not worked out, so not told.
            Some(solar) if solar.calendar == CalendarKind::Solar && lunar.year.is_none() => {
                solar.year.filter(|_| solar.month > 2 && lunar.month < 11)
            }
            _ => lunar.year,
        };
        self.draft.birthday = Some(Birthday { year, ..lunar });
    }
}

fn extend(list: &mut Vec<String>, more: Vec<String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// A text of one line.
fn text(cell: &str, limit: usize) -> Result<String, Finding> {
    limited(&one_line(cell), limit)
}

fn limited(text: &str, limit: usize) -> Result<String, Finding> {
    let length = text.chars().count();
    if length > limit {
        return Err(Finding::new(Reason::TooLong).with("length", length).with("limit", limit));
    }
    Ok(text.to_owned())
}

fn list(cell: &str, limit: usize) -> Result<Vec<String>, Finding> {
    let parts = split_list(cell);
    parts.iter().try_for_each(|part| limited(part, limit).map(drop))?;
    Ok(parts)
}

/// A phone as it was entered, without the marks that nobody sees; typographic dashes are read here only, and become
/// plain ones.
fn entered(cell: &str) -> String {
    let text: String = trim(cell).chars().filter(|c| !is_invisible(*c)).collect();
    if Phone::parse(&text).is_some() { text } else { fold(cell) }
}

fn kind(cell: &str) -> Result<CustomerKind, Finding> {
    match fold(cell).to_lowercase().as_str() {
        "企业" | "公司" | "单位" | "机构" | "企业客户" | "组织" | "enterprise" | "company" | "business"
        | "organization" => Ok(CustomerKind::Enterprise),
        "个人" | "个人客户" | "自然人" | "person" | "individual" | "personal" => Ok(CustomerKind::Person),
        _ => Err(Finding::new(Reason::KindUnknown)),
    }
}

fn stage(cell: &str) -> Result<CooperationStage, Finding> {
    let text = fold(cell).to_lowercase();
    let known = |word: &str| match word.trim() {
        "潜在" | "潜在客户" | "意向" | "意向客户" | "potential" | "prospect" => {
            Some(CooperationStage::Potential)
        }
        "签约" | "已签约" | "签约客户" | "合作中" | "signed" => Some(CooperationStage::Signed),
        "战略" | "战略合作" | "战略客户" | "战略合作伙伴" | "strategic" => {
            Some(CooperationStage::Strategic)
        }
        "流失" | "已流失" | "流失客户" | "lost" => Some(CooperationStage::Lost),
        _ => None,
    };
    known(&text).ok_or_else(|| {
        let stages = text.split(['/', '、', ',', ';', '|', ' ']).filter(|part| known(part).is_some()).count();
        Finding::new(if stages > 1 { Reason::StageSeveral } else { Reason::StageUnknown })
    })
}

fn channel(cell: &str) -> Result<PreferredChannel, Finding> {
    let text = fold(cell).to_lowercase();
    Ok(match text.as_str() {
        "电话" | "手机" | "phone" | "call" => PreferredChannel::Phone,
        "短信" | "sms" => PreferredChannel::Sms,
        "邮件" | "邮箱" | "电子邮件" | "email" | "mail" => PreferredChannel::Email,
        "微信" | "企业微信" | "wecom" | "wechat" => PreferredChannel::Wecom,
        "钉钉" | "dingtalk" => PreferredChannel::Dingtalk,
        "app" | "应用" => PreferredChannel::App,
        "拜访" | "上门" | "visit" => PreferredChannel::Visit,
        "邮寄" | "信件" | "post" => PreferredChannel::Post,
        _ => {
            let allowed: Vec<&str> = PreferredChannel::ALL.iter().map(|channel| channel.as_str()).collect();
            return Err(Finding::new(Reason::ChoiceUnknown).with("allowed", allowed.join(", ")));
        }
    })
}
