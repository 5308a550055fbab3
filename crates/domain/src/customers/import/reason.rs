//! Everything an import can say about a cell, a row or a file: a stable code, and in both languages what is wrong and
//! what would be right.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::Lang;

macro_rules! reasons {
    ($($variant:ident = $code:literal, $zh:literal, $en:literal, $zh_right:literal, $en_right:literal;)+) => {
        /// Why a cell was not taken as it stands. `{name}` in the sentences stands for a parameter.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason { $(#[serde(rename = $code)] $variant),+ }

        impl Reason {
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];
            pub fn as_str(self) -> &'static str { match self { $(Reason::$variant => $code),+ } }
            /// What is wrong.
            pub fn wrong(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Reason::$variant, Lang::Zh) => $zh, (Reason::$variant, Lang::En) => $en),+ }
            }
            /// What would be right.
            pub fn right(self, lang: Lang) -> &'static str {
                match (self, lang) { $((Reason::$variant, Lang::Zh) => $zh_right, (Reason::$variant, Lang::En) => $en_right),+ }
            }
        }
    };
}

reasons! {
    // Of a row.
    NameRequired = "name_required", "客户名称为空（去除空格后）", "The name is blank after trimming", "1 至 200 个字符的客户名称", "a name of 1 to 200 characters";
    CellCount = "cell_count", "该行有 {cells} 个单元格，应为 {wanted} 个；不移动也不补齐单元格", "The row has {cells} cells, {wanted} expected; cells are neither shifted nor filled up", "{wanted} 个单元格；含分隔符的内容请加引号", "{wanted} cells; quote a text that contains the separator";
    BrokenText = "broken_text", "含无法识别的字符，可能是编码错误", "Has characters that cannot be read, perhaps from a wrong encoding", "UTF-8 或 GB18030 编码的文本", "text in UTF-8 or GB18030";
    MalformedJson = "malformed_json", "该行不是 JSON 对象：{reason}", "The line is no JSON object: {reason}", "每行一个 JSON 对象", "one JSON object a line";
    SpreadsheetError = "spreadsheet_error", "单元格是表格软件的错误值", "The cell holds a spreadsheet's error", "实际的值，或留空", "the value itself, or nothing";
    TooLong = "too_long", "长度 {length}，超过上限 {limit}；不会自动截断", "{length} characters, more than the limit of {limit}; nothing is cut silently", "不超过 {limit} 个字符", "{limit} characters at most";
    TooMany = "too_many", "共 {count} 项，超过上限 {limit}", "{count} items, more than the limit of {limit}", "不超过 {limit} 项", "{limit} items at most";
    InvalidText = "invalid_text", "不符合该字段的格式", "Not in the format of this field", "符合 {expected}", "{expected}";
    Required = "required", "必填字段 {field} 为空", "The required field {field} is blank", "填写 {field}", "a value for {field}";
    // Phones.
    PhoneLetters = "phone_letters", "电话无效：含字母 {letters}，不猜测数字", "Phone invalid: letters in it ({letters}); digits are not guessed", "11 位手机号，如 13800138000", "a number such as 13800138000";
    PhoneDigits = "phone_digits", "电话无效：{digits} 位数字，手机号应为 11 位", "Phone invalid: {digits} digits, a mobile number has 11", "11 位手机号，如 13800138000", "11 digits, such as 13800138000";
    PhoneCountryDigits = "phone_country_digits", "电话无效：国家码之后 {digits} 位数字，手机号应为 11 位", "Phone invalid: {digits} digits after the country code, a mobile number has 11", "+86 后接 11 位手机号", "+86 and 11 digits";
    PhoneSeveral = "phone_several", "电话无效：一个单元格内有多个号码", "Phone invalid: more than one number in the cell", "只填一个号码，其余可放入联系人", "one number; others may go to contacts";
    PhoneScientific = "phone_scientific", "电话无效：科学计数法，末位数字已丢失", "Phone invalid: scientific notation, digits are lost", "原始号码（将该列设为文本后重新导出）", "the original number (export the column as text)";
    PhoneInvalid = "phone_invalid", "电话无效：无法识别的号码", "Phone invalid: no number that is in use", "如 13800138000、010-65529988、+1 650 253 0000", "such as 13800138000, 010-65529988 or +1 650 253 0000";
    // Mail.
    EmailNoAt = "email_no_at", "邮箱无效：缺少 @", "Mail invalid: no @", "如 name@example.com", "such as name@example.com";
    EmailSeveralAt = "email_several_at", "邮箱无效：有多个 @", "Mail invalid: more than one @", "一个邮箱，如 name@example.com", "one address, such as name@example.com";
    EmailSpace = "email_space", "邮箱无效：地址中有空格", "Mail invalid: space inside the address", "如 name@example.com", "such as name@example.com";
    EmailNoDomain = "email_no_domain", "邮箱无效：@ 之后为空", "Mail invalid: nothing after @", "如 name@example.com", "such as name@example.com";
    EmailNoLocal = "email_no_local", "邮箱无效：@ 之前为空", "Mail invalid: nothing before @", "如 name@example.com", "such as name@example.com";
    EmailInvalid = "email_invalid", "邮箱无效：含不允许的字符", "Mail invalid: characters that no address has", "如 name@example.com", "such as name@example.com";
    // Dates.
    DateNoSuchDay = "date_no_such_day", "日期无效：{year} 年 {month} 月只有 {days} 天，不顺延", "Date invalid: {year}-{month} has {days} days; it is not rolled over", "1 至 {days} 日", "a day from 1 to {days}";
    DateMonth = "date_month", "日期无效：没有 {month} 月，不调换月和日", "Date invalid: month {month}; day and month are not swapped", "1 至 12 月，如 2024-03-05", "a month from 1 to 12, as in 2024-03-05";
    DateYear = "date_year", "日期无效：年份 {year} 超出 1900 至 2100", "Date invalid: year {year} is not within 1900 to 2100", "1900 至 2100 年", "a year from 1900 to 2100";
    DateUnknown = "date_unknown", "无法识别的日期", "Date not understood", "如 2024-03-05、2024/3/5、2024年3月5日、20240305", "such as 2024-03-05, 2024/3/5 or 20240305";
    BirthdayInFuture = "birthday_in_future", "生日在未来", "The birthday lies in the future", "今天或更早的日期", "a day that has been";
    LunarDay = "lunar_day", "农历日期无效：农历月最多 30 天", "Lunar date invalid: a lunar month has at most 30 days", "初一至三十", "a day from 1 to 30";
    LunarMonthLength = "lunar_month_length", "农历日期无效：{year} 年该月只有 {days} 天", "Lunar date invalid: that month of {year} has {days} days", "1 至 {days} 日", "a day from 1 to {days}";
    LunarMonth = "lunar_month", "农历日期无效：没有该月份", "Lunar date invalid: no such month", "正月至腊月", "a month from 1 to 12";
    LunarLeap = "lunar_leap", "农历日期无效：{year} 年没有闰 {month} 月", "Lunar date invalid: {year} has no leap month {month}", "当年实际的闰月，或去掉“闰”", "the leap month of that year, or no leap month";
    LunarUnknown = "lunar_unknown", "无法识别的农历日期", "Lunar date not understood", "如 八月十五、1987年闰六月初六", "such as 八月十五 or 1987年闰六月初六";
    // Amounts.
    AmountNegative = "amount_negative", "金额不能为负，不会去掉负号", "The amount must not be negative; the sign is not dropped", "0 或正数", "0 or more";
    AmountUnknown = "amount_unknown", "无法识别的金额，不会存为 0", "Amount not understood; it is not stored as 0", "如 120000、12万、¥120,000.00，或留空", "such as 120000, 12万, ¥120,000.00, or nothing";
    AmountPrecision = "amount_precision", "金额超过两位小数", "The amount has more than two decimal places", "最多两位小数", "two decimal places at most";
    AmountRange = "amount_range", "金额过大", "The amount is too large", "不超过 10 万亿", "10 trillion at most";
    // Choices.
    KindUnknown = "kind_unknown", "未知的客户类型", "Unknown kind of customer", "企业 (enterprise) 或 个人 (person)", "enterprise (企业) or person (个人)";
    StageUnknown = "stage_unknown", "未知的合作阶段", "Unknown cooperation stage", "潜在 (potential)、签约 (signed)、战略 (strategic)、流失 (lost) 之一", "one of potential (潜在), signed (签约), strategic (战略), lost (流失)";
    StageSeveral = "stage_several", "一个单元格内有多个合作阶段，不取第一个", "Several cooperation stages in one cell; the first is not taken", "潜在 (potential)、签约 (signed)、战略 (strategic)、流失 (lost) 之一", "one of potential (潜在), signed (签约), strategic (战略), lost (流失)";
    ChoiceUnknown = "choice_unknown", "不允许的取值", "Not an allowed value", "{allowed} 之一", "one of {allowed}";
    NumberUnknown = "number_unknown", "不是数字", "Not a number", "如 12.5", "such as 12.5";
    OutOfRange = "out_of_range", "超出范围", "Out of range", "{limit}", "{limit}";
    BooleanUnknown = "boolean_unknown", "不是 是/否", "Neither yes nor no", "是 或 否", "true or false";
    // Notices: the row is imported.
    FormulaLike = "formula_like", "内容形似公式：按文本导入，从不计算，导出时会中和", "Looks like a formula: imported as text, never computed, neutralised on export", "无需处理", "nothing to do";
    InvisibleMarks = "invisible_marks", "已去除不可见字符", "Invisible marks were taken out", "无需处理", "nothing to do";
    TwoBirthdays = "two_birthdays", "公历与农历生日不是同一天，按农历记录", "Solar and lunar birthday are different days; the lunar one is kept", "其中一个", "one of them";
    // Duplicates.
    DuplicateOfRow = "duplicate_of_row", "与第 {row} 行是同一客户", "The same customer as row {row}", "一位客户一行", "one row a customer";
    DuplicateOfCustomer = "duplicate_of_customer", "与已有客户 {number} 相同", "The same as customer {number}", "如需更新，请使用 on_duplicate=update", "on_duplicate=update to bring it up to date";
    DuplicateElsewhere = "duplicate_elsewhere", "与您数据范围之外的客户重复", "The same as a customer beyond your reach", "请联系管理员", "ask an administrator";
    NameConflictWithRow = "name_conflict_with_row", "与第 {row} 行匹配，但名称不同：未覆盖", "Matches row {row}, but the names differ: nothing was overwritten", "由人判断是否为同一客户", "a person's judgement whether they are the same";
    NameConflictWithCustomer = "name_conflict_with_customer", "与已有客户 {number} 匹配，但名称不同：未覆盖", "Matches customer {number}, but the names differ: nothing was overwritten", "由人判断是否为同一客户", "a person's judgement whether they are the same";
    // Of the whole file.
    EmptyFile = "empty_file", "文件为空", "The file is empty", "至少包含标题行", "a file with a header at least";
    NoNameColumn = "no_name_column", "未找到客户名称列，读到的标题：{headers}", "No column for the name; the headers are: {headers}", "名为 客户名称 或 name 的列，或提供 mapping", "a column called 客户名称 or name, or a mapping";
    MappedHeaderMissing = "mapped_header_missing", "mapping 中的标题 {header} 不在文件中", "The header {header} of the mapping is not in the file", "文件中的标题：{headers}", "one of the headers: {headers}";
    UnsupportedFormat = "unsupported_format", "不支持的文件格式", "Not a supported format", "xlsx、csv 或 NDJSON", "xlsx, csv or NDJSON";
    UnreadableFile = "unreadable_file", "无法读取文件：{reason}", "The file cannot be read: {reason}", "完好的 xlsx、csv 或 NDJSON 文件", "an intact xlsx, csv or NDJSON file";
    UnpackedTooLarge = "unpacked_too_large", "解压后超过上限 {limit} MiB", "Larger than {limit} MiB once unpacked", "拆分文件，或改用 csv", "smaller files, or csv";
    RecordTooLong = "record_too_long", "第 {row} 行超过 {limit} MiB，可能有未闭合的引号", "Row {row} is longer than {limit} MiB; perhaps a quote is not closed", "闭合的引号", "closed quotes";
    TooManyColumns = "too_many_columns", "列数 {count} 超过上限 {limit}", "{count} columns, more than the limit of {limit}", "不超过 {limit} 列", "{limit} columns at most";
    InternalError = "internal_error", "服务器内部错误，已记录日志", "Internal error; it is in the log", "联系管理员", "ask an administrator";
}

/// How much of a cell is shown in a report.
const SHOWN: usize = 200;

/// One thing to say about one cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The header as it stands in the file; empty: the whole row.
    pub column: String,
    /// The cell as it stands in the file, its beginning where it is long.
    pub value: String,
    pub reason: Reason,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
}

impl Finding {
    pub fn new(reason: Reason) -> Self {
        Finding { column: String::new(), value: String::new(), reason, params: BTreeMap::new() }
    }

    #[must_use]
    pub fn at(mut self, column: &str, value: &str) -> Self {
        column.clone_into(&mut self.column);
        // What cannot be stored is shown as what it is.
        self.value = value.chars().map(|c| if c == '\0' { '\u{FFFD}' } else { c }).take(SHOWN).collect();
        if value.chars().nth(SHOWN).is_some() {
            self.value.push('…');
        }
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// What is wrong, for a reader.
    pub fn message(&self, lang: Lang) -> String {
        self.fill(self.reason.wrong(lang))
    }

    /// What would be right, for a reader.
    pub fn expected(&self, lang: Lang) -> String {
        self.fill(self.reason.right(lang))
    }

    fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in &self.params {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn placeholders(text: &str) -> HashSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn what_was_said_is_read_back() {
        let finding = Finding::new(Reason::PhoneDigits).at("手机", "123").with("digits", 3);
        let json = serde_json::to_value([&finding]).unwrap();
        assert_eq!(serde_json::from_value::<Vec<Finding>>(json.clone()).unwrap(), [finding.clone()]);
        assert_eq!(<Vec<Finding> as Deserialize>::deserialize(&json).unwrap(), [finding]);
    }

    #[test]
    fn reasons_are_unique_and_both_languages_take_the_same_parameters() {
        let mut seen = HashSet::new();
        for reason in Reason::ALL {
            assert!(seen.insert(reason.as_str()), "{} twice", reason.as_str());
            for text in [Reason::wrong, Reason::right] {
                let (zh, en) = (placeholders(text(*reason, Lang::Zh)), placeholders(text(*reason, Lang::En)));
                assert_eq!(zh, en, "{}", reason.as_str());
            }
        }
    }
}
