use std::io::Write;

use chrono::NaiveDate;
use encoding_rs::{GB18030, UTF_16LE};
use huiyin_domain::customers::import::{Field, Target};

use super::*;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Rows by number, how many were blank, and what ended it.
type Outcome = (Vec<(u64, Row)>, u64, Result<(), Finding>);

fn read_with(bytes: &[u8], skip: u64) -> Outcome {
    let mut file = file(bytes);
    let (mut read, mut blank) = (Vec::new(), 0);
    let reading = Reading { headers: Headers::default(), rules: Rules::default(), skip };
    let end = recognise(&mut file).and_then(|kind| {
        rows(file, kind, reading, &mut |piece, _| {
            match piece {
                Piece::Row(number, Row::Blank) => blank += u64::from(number > 0),
                Piece::Row(number, row) => read.push((number, row)),
                Piece::Blank(count) => blank += count,
                Piece::Columns(_) => {}
            }
            true
        })
    });
    (read, blank, end)
}

fn names(bytes: &[u8]) -> Vec<(u64, String)> {
    let (rows, _, end) = read_with(bytes, 0);
    end.unwrap();
    let name = |row: Row| match row {
        Row::Read { draft, .. } => draft.name.unwrap_or_default(),
        Row::Rejected { findings, .. } => findings[0].reason.as_str().to_owned(),
        Row::Blank => String::new(),
    };
    rows.into_iter().map(|(number, row)| (number, name(row))).collect()
}

fn expect(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
    rows.iter().map(|(number, name)| (*number, (*name).to_owned())).collect()
}

#[test]
fn a_list_in_any_encoding_is_the_same_list() {
    let text = "客户名称,手机\r\n晨光,13900001234\r\n\"夕,照\",\r\n";
    let wanted = expect(&[(1, "晨光"), (2, "夕,照")]);
    assert_eq!(names(text.as_bytes()), wanted);
    assert_eq!(names(format!("\u{FEFF}{text}").as_bytes()), wanted);
    assert_eq!(names(&GB18030.encode(text).0), wanted);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(UTF_16LE.decode(&wide).0, text);
    assert_eq!(names(&[b"\xFF\xFE", wide.as_slice()].concat()), wanted);
}

#[test]
fn separators_are_found_out() {
    for delimiter in [";", "\t", "|"] {
        let text = format!("名单 2026\n编号{delimiter}客户名称{delimiter}备注\n1{delimiter}晨光{delimiter}a,b,c\n");
        assert_eq!(names(text.as_bytes()), expect(&[(1, "晨光")]), "{delimiter:?}");
    }
}

#[test]
fn a_lost_byte_spoils_its_row_only() {
    let mut bytes = "客户名称\n".as_bytes().to_vec();
    bytes.extend("晨光\n".repeat(30).bytes());
    bytes.extend(b"\xE6\x99\n");
    bytes.extend("夕照\n".as_bytes());
    let names = names(&bytes);
    assert_eq!(names[30], (31, "broken_text".to_owned()));
    assert_eq!(names[31], (32, "夕照".to_owned()));
}

#[test]
fn rows_are_counted_as_a_spreadsheet_counts_them() {
    let text = "客户名称,备注\n甲,\"一\n\n二\"\n\n\n乙,\n,\n丙\n丁,\n";
    let (rows, blank, end) = read_with(text.as_bytes(), 0);
    end.unwrap();
    assert_eq!(blank, 3);
    assert_eq!(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 4, 6, 7]);
    let (rows, blank, _) = read_with(text.as_bytes(), 4);
    assert_eq!((rows.len(), blank), (2, 1), "what has been dealt with is not told again");
}

#[test]
fn an_object_a_line() {
    let text = "{\"name\":\"晨光\",\"tags\":[\"新客\",\"月结\"]}\n\n[1]\n{\"name\":\"夕照\",\"annual_amount\":12.5,\"生日\":null}\n{";
    assert_eq!(
        names(text.as_bytes()),
        expect(&[(1, "晨光"), (3, "malformed_json"), (4, "夕照"), (5, "malformed_json")])
    );
}

#[test]
fn what_is_no_list_is_told_so() {
    let why = |bytes: &[u8]| read_with(bytes, 0).2.unwrap_err().reason;
    assert_eq!(why(b""), Reason::EmptyFile);
    assert_eq!(why(b" \n"), Reason::EmptyFile);
    assert_eq!(why(b"a,b\n1,2\n"), Reason::NoNameColumn);
    assert_eq!(why(b"[{}]"), Reason::UnsupportedFormat);
    assert_eq!(why(b"\xD0\xCF\x11\xE0\0\0\0\0"), Reason::UnsupportedFormat);
    assert_eq!(why(b"PK\x03\x04 and then nothing"), Reason::UnreadableFile);
    let unclosed = format!("客户名称\n甲\n\"{}", "长".repeat(2_000_000));
    let (rows, _, end) = read_with(unclosed.as_bytes(), 0);
    assert_eq!((rows.len(), end.unwrap_err().reason), (1, Reason::RecordTooLong));
}

fn workbook(fill: impl Fn(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

#[test]
fn cells_of_a_workbook_are_read_as_they_are_seen() {
    let bytes = workbook(|sheet| {
        let date = rust_xlsxwriter::Format::new().set_num_format("yyyy/m/d");
        for (column, header) in ["客户名称", "手机", "合作起始日期", "年合作金额"].into_iter().enumerate()
        {
            sheet.write(0, column as u16, header).unwrap();
        }
        sheet.write(1, 0, "晨光").unwrap();
        sheet.write(1, 1, 13_900_001_234_f64).unwrap();
        let day = NaiveDate::from_ymd_opt(2024, 3, 5).unwrap();
        sheet.write_with_format(1, 2, &day, &date).unwrap();
        sheet.write(1, 3, 0.1 + 0.2).unwrap();
        sheet.write(4, 0, "夕照").unwrap();
    });
    let (rows, blank, end) = read_with(&bytes, 0);
    end.unwrap();
    assert_eq!(blank, 2);
    let Row::Read { draft, .. } = &rows[0].1 else { panic!("{rows:?}") };
    assert_eq!(draft.phone.as_ref().map(|(_, key)| key.as_str()), Some("+8613900001234"));
    assert_eq!(draft.cooperation_start, NaiveDate::from_ymd_opt(2024, 3, 5));
    assert_eq!(draft.annual_amount.map(|amount| amount.minor()), Some(30));
    assert_eq!(rows[1].0, 4);
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    archive.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
    let block = "<si/>".repeat(200_000);
    for _ in 0..40 {
        archive.write_all(block.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let bytes = bytes.into_inner();
    assert!(bytes.len() < 1_000_000);
    assert_eq!(read_with(&bytes, 0).2.unwrap_err().reason, Reason::UnpackedTooLarge);
}

#[test]
fn a_mapping_names_what_no_word_does() {
    let mut file = file("Firma;Tel\nMüller;13900001234\n".as_bytes());
    let mapping = [("Firma", Field::Name), ("Tel", Field::Phone)];
    let mapping = mapping.map(|(header, field)| (header.to_owned(), Some(Target::Field(field)))).into();
    let kind = recognise(&mut file).unwrap();
    let headers = Headers { mapping, custom: Vec::new() };
    let reading = Reading { headers, rules: Rules::default(), skip: 0 };
    let mut seen = 0;
    rows(file, kind, reading, &mut |piece, _| {
        seen += usize::from(matches!(piece, Piece::Row(_, Row::Read { .. })));
        true
    })
    .unwrap();
    assert_eq!(seen, 1);
}
