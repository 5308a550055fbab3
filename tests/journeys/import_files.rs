//! The files of an import: their kinds, what is no list, and how one is followed while it is read.

use std::io::Write;

use serde_json::{Value, json};

use super::imports::{IMPORTS, counts, customers, import, import_file, report};
use crate::support::builders::id;
use crate::support::{Running, journey};

journey! {
    async fn xlsx_ndjson_and_gb18030_are_read_alike(running: Running) {
        let admin = running.admin().await;
        let text = "客户名称;手机\n甲公司;13800000001\n甲公司;13800000001\n";
        let gb = encoding_rs::GB18030.encode(text).0;
        let done = import_file(&running, &admin, "旧.csv", &gb, &[]).await;
        assert_eq!((&done["encoding"], counts(&done)), (&json!("gb18030"), [1, 0, 1, 0, 0]));
        assert_eq!(done["file_name"], "旧.csv");

        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "Customer Name").unwrap();
        sheet.write(0, 1, "Mobile").unwrap();
        sheet.write(1, 0, "乙公司").unwrap();
        sheet.write(1, 1, 13_800_000_002_f64).unwrap();
        let done = import_file(&running, &admin, "list.xlsx", &book.save_to_buffer().unwrap(), &[]).await;
        assert_eq!((&done["format"], counts(&done)), (&json!("xlsx"), [1, 0, 0, 0, 0]));

        let lines = "{\"name\":\"丙公司\",\"phone\":\"13800000003\",\"tags\":[\"新客\"],\"more\":1}\n{\n";
        let done = import(&running, &admin, lines, &[]).await;
        assert_eq!((&done["format"], counts(&done)), (&json!("ndjson"), [1, 0, 0, 1, 0]));
        assert_eq!(customers(&admin).await[0]["tags"], json!(["新客"]));
    }
}

journey! {
    async fn a_mapping_says_what_no_word_does(running: Running) {
        let admin = running.admin().await;
        let mapping = json!({ "Firma": "name", "Tel": "phone", "电话": null }).to_string();
        let list = "Firma;Tel;电话\nMüller;13800000001;kein Telefon\n";
        let done = import(&running, &admin, list, &[("mapping", &mapping), ("source", "messe"), ("system", "erp")]).await;
        assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done:#}");
        assert_eq!(customers(&admin).await[0]["source"], "messe");
        let done = import(&running, &admin, list, &[("mapping", "{\"Firma\":\"name\",\"Fax\":\"phone\"}")]).await;
        assert_eq!((&done["status"], &done["failure"]["code"]), (&json!("failed"), &json!("mapped_header_missing")));
    }
}

journey! {
    async fn what_is_no_list_fails_as_a_whole_and_says_why(running: Running) {
        let admin = running.admin().await;
        let mut bomb = std::io::Cursor::new(Vec::new());
        let mut archive = zip::ZipWriter::new(&mut bomb);
        archive.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
        for _ in 0..40 {
            archive.write_all("<si/>".repeat(200_000).as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        let bomb = bomb.into_inner();
        for (file, code) in [
            (b"".as_slice(), "empty_file"),
            (b"a,b\n1,2\n", "no_name_column"),
            (b"\xD0\xCF\x11\xE0\0\0\0\0\0\0", "unsupported_format"),
            (b"PK\x03\x04no zip", "unreadable_file"),
            (&bomb, "unpacked_too_large"),
        ] {
            let done = import_file(&running, &admin, "list", file, &[]).await;
            assert_eq!((&done["status"], &done["failure"]["code"]), (&json!("failed"), &json!(code)), "{done:#}");
            assert_ne!(done["failure"]["expected"], "");
        }
    }
}

journey! {
    async fn a_wrong_request_is_told_everything_at_once(running: Running) {
        let admin = running.admin().await;
        let wrong = [("on_duplicate", "merge"), ("dry_run", "maybe"), ("owner_id", "me"), ("colour", "red")];
        let answer = admin.upload(IMPORTS, "list.csv", b"name\n", &wrong).await;
        assert_eq!(answer.faults(), ["/colour", "/dry_run", "/on_duplicate", "/owner_id"]);
        let nobody = [("owner_id", "01900000-0000-7000-8000-000000000000")];
        assert_eq!(admin.upload(IMPORTS, "list.csv", b"name\n", &nobody).await.problem(404), "user_not_found");
        let mapping = [("mapping", "{\"Firma\":\"firm\"}")];
        assert_eq!(admin.upload(IMPORTS, "list.csv", b"name\n", &mapping).await.problem(409), "mapping_invalid");
        assert_eq!(admin.post(IMPORTS, json!({})).await.problem(415), "unsupported_media_type");
        let broken = admin.post_raw(IMPORTS, "multipart/form-data; boundary=x", "--x\r\nno").await;
        assert_eq!(broken.problem(400), "malformed_multipart");
        let empty = admin.post_raw(IMPORTS, "multipart/form-data; boundary=x", "--x--\r\n").await;
        assert_eq!(empty.faults(), ["/file"]);
        assert_eq!(admin.get(IMPORTS).await.expect(200)["items"], json!([]));
    }
}

journey! {
    async fn the_same_file_under_the_same_key_is_one_import(running: Running) {
        let admin = running.admin().await.with_header("idempotency-key", "once");
        let first = admin.upload(IMPORTS, "list.csv", "客户名称\n晨光\n".as_bytes(), &[]).await.expect(202);
        let second = admin.upload(IMPORTS, "list.csv", "客户名称\n晨光\n".as_bytes(), &[]).await.expect(202);
        assert_eq!(id(&first), id(&second));
        let other = admin.upload(IMPORTS, "list.csv", "客户名称\n夕照\n".as_bytes(), &[]).await;
        assert_eq!(other.problem(422), "idempotency_key_reused");
        running.settle().await;
        assert_eq!(customers(&admin).await.len(), 1);
    }
}

journey! {
    async fn a_fault_in_row_2001_costs_that_row_only_and_all_that_was_said_is_there(running: Running) {
        let admin = running.admin().await;
        let mut list = "客户编号,客户名称,客户类型,手机\n".to_owned();
        for n in 1..=2003 {
            let phone = if n == 2001 { "电话" } else { &format!("1370000{n:04}") };
            list.push_str(&format!("N{n},客户{n},个人,{phone}\n"));
        }
        let done = import(&running, &admin, &list, &[]).await;
        assert_eq!(counts(&done), [2002, 0, 0, 1, 0]);
        let told = report(&admin, &done).await;
        assert_eq!((told.len(), &told[0]["row"]), (1, &json!(2001)));
        assert_eq!(customers(&admin).await.len(), 2002);
        let file = admin.post("/api/v1/customers/exports", json!({ "format": "csv" })).await;
        assert_eq!(csv::Reader::from_reader(file.text.as_bytes()).records().count(), 2002);
    }
}

journey! {
    async fn the_report_is_to_be_had_as_a_file(running: Running) {
        let admin = running.admin().await.without_header("accept-language");
        let list = "客户名称,手机,邮箱\n甲,12,=cmd@\n乙,,\n乙,,\n";
        let done = import(&running, &admin, list, &[]).await;
        let path = format!("{IMPORTS}/{}/errors", id(&done));
        let csv = admin.clone().with_header("accept", "text/csv").get(&path).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert!(csv.text.starts_with("\u{FEFF}行号,结论,客户编号,列,内容,代码,原因,应为,"), "{}", csv.text);
        let rows: Vec<csv::StringRecord> =
            csv::Reader::from_reader(csv.text.as_bytes()).records().map(Result::unwrap).collect();
        let cells = |row: usize| rows[row].iter().take(6).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cells(0), ["1", "错误", "", "手机", "12", "phone_invalid"]);
        assert_eq!(cells(1), ["1", "错误", "", "邮箱", "'=cmd@", "email_no_domain"]);
        assert_eq!(cells(2), ["3", "重复", "", "客户名称", "乙", "duplicate_of_row"]);
        let only = admin.get(&format!("{path}?verdict=duplicate")).await.expect(200);
        assert_eq!(only["items"].as_array().unwrap().len(), 1);
        let page = admin.get(&format!("{path}?limit=1")).await.expect(200);
        let next = admin.get(&format!("{path}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((&next["items"][0]["row"], &next["next_cursor"]), (&json!(3), &Value::Null));
        assert_eq!(admin.get(&format!("{path}?format=xlsx")).await.status, 200);
    }
}

journey! {
    async fn an_import_is_followed_live(running: Running) {
        let admin = running.admin().await;
        let list: String = std::iter::once("客户名称,客户类型\n".to_owned())
            .chain((0..2500).map(|n| format!("客户{n},个人\n")))
            .collect();
        let ordered = admin.upload(IMPORTS, "list.csv", list.as_bytes(), &[]).await.expect(202);
        let events = format!("{IMPORTS}/{}/events", id(&ordered));
        let (stream, ()) = tokio::join!(admin.get(&events), running.settle());
        assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
        let names: Vec<&str> = stream.text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(names.last(), Some(&"completed"), "{}", stream.text);
        assert!(names[..names.len() - 1].iter().all(|name| *name == "progress"));
        let last = stream.text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
        let last: Value = serde_json::from_str(last).unwrap();
        assert_eq!(counts(&last), [2500, 0, 0, 0, 0]);
        // Who comes late, or again, is told how it ended.
        let late = admin.with_header("last-event-id", "1000").get(&events).await;
        assert_eq!(late.text.matches("event: ").count(), 1);
    }
}
