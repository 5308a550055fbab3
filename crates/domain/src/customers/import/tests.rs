use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

const HEADERS: [&str; 10] =
    ["客户编号", "客户名称", "客户类型", "手机", "邮箱", "合作起始日期", "合作阶段", "年合作金额", "标签", "备注"];

fn columns() -> Vec<Column> {
    let headers: Vec<String> = HEADERS.iter().map(|header| (*header).to_owned()).collect();
    Headers::default().columns(&headers).unwrap()
}

fn rules() -> Rules {
    Rules { today: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(), custom: Vec::new() }
}

fn row(cells: [&str; 10]) -> Row {
    read(&columns(), &cells.map(str::to_owned), &rules())
}

fn faults(row: Row) -> Vec<(String, Reason)> {
    match row {
        Row::Rejected { findings, .. } => {
            findings.into_iter().map(|finding| (finding.column, finding.reason)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_clean_row_is_read() {
    let row = row([
        "KH1",
        "　晨光软件有限公司 ",
        " 企业",
        "139-0000-1234",
        "Ann@Example.CN",
        "2024年3月5日",
        "已签约",
        "12.5万",
        "新客、月结",
        "",
    ]);
    let Row::Read { draft, notices } = row else { panic!("{row:?}") };
    assert_eq!(notices, []);
    assert_eq!(draft.name.as_deref(), Some("晨光软件有限公司"));
    assert_eq!(
        draft.phone.as_ref().map(|(entered, key)| (entered.as_str(), key.as_str())),
        Some(("139-0000-1234", "+8613900001234"))
    );
    assert_eq!(draft.cooperation_stage, Some(crate::customers::CooperationStage::Signed));
    assert_eq!(draft.annual_amount.map(|amount| amount.minor()), Some(12_500_000));
    assert_eq!(draft.tags, ["新客", "月结"]);
    assert_eq!(draft.note, None);
}

#[test]
fn all_faults_of_a_row_are_told_at_once() {
    let told = faults(row(["", "甲", "", "139OOOO12I7", "lotus@", "2024-02-30", "VIP", "面议", "", ""]));
    assert_eq!(
        told,
        [
            ("手机".to_owned(), Reason::PhoneLetters),
            ("邮箱".to_owned(), Reason::EmailNoDomain),
            ("合作起始日期".to_owned(), Reason::DateNoSuchDay),
            ("合作阶段".to_owned(), Reason::StageUnknown),
            ("年合作金额".to_owned(), Reason::AmountUnknown),
        ]
    );
}

#[test]
fn cells_are_not_shifted() {
    let short: Vec<String> = vec!["KH1".to_owned(), "甲".to_owned()];
    assert_eq!(faults(read(&columns(), &short, &rules())), [(String::new(), Reason::CellCount)]);
    let mut long: Vec<String> = vec!["x".to_owned(); 11];
    assert_eq!(faults(read(&columns(), &long, &rules())), [(String::new(), Reason::CellCount)]);
    // Separators at the end of a line are no cells.
    long = vec![String::new(); 12];
    long[1] = "甲".to_owned();
    assert!(matches!(read(&columns(), &long, &rules()), Row::Read { .. }));
    assert_eq!(read(&columns(), &vec!["　".to_owned(); 10], &rules()), Row::Blank);
}

#[test]
fn a_blank_name_and_too_long_texts_are_refused() {
    assert_eq!(
        faults(row(["KH1", "　 　", "", "", "", "", "", "", "", ""])),
        [("客户名称".to_owned(), Reason::NameRequired)]
    );
    let long = "长".repeat(201);
    assert_eq!(faults(row(["KH1", &long, "", "", "", "", "", "", "", ""])), [("客户名称".to_owned(), Reason::TooLong)]);
    assert_eq!(faults(row(["KH1", "甲", "", "", "", "", "", "", &long, ""])), [("标签".to_owned(), Reason::TooLong)]);
}

#[test]
fn what_looks_like_a_formula_is_kept_and_noticed() {
    let row = row(["KH1", "@SUM(A1:A9)", "", "+86 13900001234", "", "", "", "", "", "=1+1"]);
    let Row::Read { draft, notices } = row else { panic!("{row:?}") };
    assert_eq!(draft.name.as_deref(), Some("@SUM(A1:A9)"));
    let told: Vec<(&str, Reason)> = notices.iter().map(|finding| (finding.column.as_str(), finding.reason)).collect();
    assert_eq!(told, [("客户名称", Reason::FormulaLike), ("备注", Reason::FormulaLike)]);
}

proptest! {
    #[test]
    fn no_row_breaks_the_reading(cells in proptest::collection::vec("\\PC{0,12}|[=0-9-]{0,12}", 0..14)) {
        drop(read(&columns(), &cells, &rules()));
    }
}
