//! Lists of customers, brought in as files: what comes in, what is refused and why, and what can be taken back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::builders::{id, user};
use crate::support::{Client, Running, journey};

pub const IMPORTS: &str = "/api/v1/customers/imports";

/// Sends a list and lets the import come to its end; answers how it stands.
pub async fn import(running: &Running, client: &Client, list: &str, fields: &[(&str, &str)]) -> Value {
    import_file(running, client, "list.csv", list.as_bytes(), fields).await
}

pub async fn import_file(
    running: &Running,
    client: &Client,
    name: &str,
    file: &[u8],
    fields: &[(&str, &str)],
) -> Value {
    let ordered = client.upload(IMPORTS, name, file, fields).await.expect(202);
    assert_eq!((&ordered["status"], &ordered["counts"]["created"]), (&json!("pending"), &json!(0)));
    running.settle().await;
    client.get(&format!("{IMPORTS}/{}", id(&ordered))).await.expect(200)
}

/// Created, updated, skipped, failed, ignored.
pub fn counts(import: &Value) -> [i64; 5] {
    ["created", "updated", "skipped", "failed", "ignored"].map(|name| import["counts"][name].as_i64().unwrap())
}

/// The whole report.
pub async fn report(client: &Client, import: &Value) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{IMPORTS}/{}/errors?limit=200{cursor}", id(import));
        let page = client.get(&path).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Every customer within reach.
pub async fn customers(client: &Client) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/api/v1/customers?limit=200{cursor}")).await.expect(200);
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn named(client: &Client, name: &str) -> Value {
    let found: Vec<Value> = customers(client).await.into_iter().filter(|one| one["name"] == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0].clone()
}

const LIST: &str = "\u{FEFF}客户编号,客户名称,客户类型,手机,邮箱,生日,农历生日,合作起始日期,合作阶段,年合作金额（万元）,核心产品,标签,客户经理,备注,随便\r
K1, 晨光软件有限公司 ,企业,138-0000-0001,Ann@Example.cn,,,2024年3月5日,已签约,12.5,收银系统、库存云,新客；月结,li.ping,=1+1,x\r
K2,温若谷,个人,+86 13800000002,,1987-07-31,1987年闰六月初六,,潜在,,,,无此人,,\r
K3,夕照,企业,1590000247,lotus@,2024-02-30,八月三十一,去年三月,VIP,面议,,,,,\r
K4,晨光软件（有限公司）,企业,,,,,,,,,,,,\r
K5,别人,个人,１３８０００００００２,,,,,,,,,,,\r
,　,,,,,,,,,,,,,\r
,  ,,,,,,,,,,,,备注还在,\r
K1,改了名字的公司,企业,,,,,,,,,,,,\r
K8,只有三格\r
K9,\"换
行\",个人,13800000009,,,,,,,,,,\"多
行\",\r
";

journey! {
    async fn a_list_comes_in_and_each_row_has_its_answer(running: Running) {
        let admin = running.admin().await;
        let (_, owner) = user(&running, &admin, "li.ping", "agent", Some("sales")).await;
        let done = import(&running, &admin, LIST, &[]).await;
        assert_eq!(done["status"], "completed", "{done:#}");
        assert_eq!(counts(&done), [3, 0, 3, 3, 1], "{:#?}", report(&admin, &done).await);
        assert_eq!(done["progress"], json!({ "rows_done": 10, "rows_total": 10, "share": 1.0 }));
        assert_eq!((&done["format"], &done["encoding"]), (&json!("csv"), &json!("UTF-8")));
        assert_eq!(done["unknown_owners"], json!({ "无此人": 1 }));
        let columns = done["columns"].as_array().unwrap();
        assert_eq!(columns[9], json!({ "header": "年合作金额（万元）", "field": "annual_amount" }));
        assert_eq!(columns[14], json!({ "header": "随便", "field": null }));

        let report = report(&admin, &done).await;
        let verdicts: Vec<(i64, &str)> =
            report.iter().map(|row| (row["row"].as_i64().unwrap(), row["verdict"].as_str().unwrap())).collect();
        assert_eq!(verdicts, [(1, "notice"), (3, "error"), (4, "duplicate"), (5, "duplicate"), (7, "error"), (8, "duplicate"), (9, "error")]);
        let codes = |row: usize| -> Vec<&str> {
            report[row]["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect()
        };
        assert_eq!(
            codes(1),
            ["phone_digits", "email_no_domain", "date_no_such_day", "lunar_day", "date_unknown", "stage_unknown", "amount_unknown"]
        );
        assert_eq!(report[1]["external_id"], "K3");
        assert_eq!(
            report[1]["errors"][0],
            json!({ "column": "手机", "value": "1590000247", "code": "phone_digits", "reason": "Phone invalid: 10 digits, a mobile number has 11", "expected": "11 digits, such as 13800138000" })
        );
        assert_eq!((&report[2]["duplicate"]["row"], &report[2]["duplicate"]["keys"]), (&json!(1), &json!(["firm_name"])));
        assert_eq!((&report[3]["duplicate"]["row"], &report[3]["duplicate"]["keys"]), (&json!(2), &json!(["phone"])));
        assert_eq!(codes(5), ["name_conflict_with_row"]);
        assert_eq!(codes(6), ["cell_count"]);

        let first = named(&admin, "晨光软件有限公司").await;
        assert_eq!(first["phone_e164"], "+8613800000001");
        assert_eq!((&first["annual_amount"], &first["cooperation_start"]), (&json!("125000.00"), &json!("2024-03-05")));
        assert_eq!((&first["tags"], &first["core_products"]), (&json!(["新客", "月结"]), &json!(["收银系统", "库存云"])));
        assert_eq!((&first["owner_id"], &first["source"]), (&json!(owner), &json!("import")));
        assert_eq!(first["note"], "=1+1");
        assert_eq!(first["external_ids"], json!([{ "system": "import", "id": "K1" }]));
        let second = named(&admin, "温若谷").await;
        assert_eq!((&second["birthday"]["calendar"], &second["birthday"]["leap_month"]), (&json!("lunar"), &json!(true)));
        assert_eq!(named(&admin, "换 行").await["note"], "多\n行");
        assert_eq!(customers(&admin).await.len(), 3, "as many as the import said");
    }
}

journey! {
    async fn a_dry_run_says_the_same_and_stores_nobody(running: Running) {
        let admin = running.admin().await;
        let tried = import(&running, &admin, LIST, &[("dry_run", "true")]).await;
        assert_eq!(counts(&tried), [3, 0, 3, 3, 1]);
        assert_eq!(customers(&admin).await, Vec::<Value>::new());
        let real = import(&running, &admin, LIST, &[]).await;
        let (tried_report, mut real_report) = (report(&admin, &tried).await, report(&admin, &real).await);
        // Whom a dry run would have made has neither id nor number.
        for row in &mut real_report {
            if row["duplicate"].is_object() {
                row["duplicate"]["customer_id"] = Value::Null;
                row["duplicate"]["number"] = Value::Null;
            }
        }
        let mut bare = tried_report.clone();
        bare.iter_mut().filter(|row| row["duplicate"].is_object()).for_each(|row| row["duplicate"]["customer_id"] = Value::Null);
        assert_eq!(bare, real_report);
        assert_eq!(admin.call(&format!("{IMPORTS}/{}/undo", id(&tried))).await.problem(409), "import_state");
        let again = import(&running, &admin, LIST, &[("dry_run", "true")]).await;
        assert_eq!(counts(&again), [0, 0, 6, 3, 1], "everybody is known now");
    }
}

journey! {
    async fn known_customers_are_left_brought_up_to_date_or_made_again(running: Running) {
        let admin = running.admin().await;
        let list = "客户编号,客户名称,手机,标签,备注\nA1,晨光软件有限公司,13800000001,新客,\nA2,温若谷,13800000002,,\n";
        assert_eq!(counts(&import(&running, &admin, list, &[]).await), [2, 0, 0, 0, 0]);
        let newer = "客户编号,客户名称,客户类型,手机,标签,备注\nA1,晨光软件有限公司,,,月结,先款\nA2,另一个人,,,,\n,晨光软件,,13800000001,,\n,张三,个人,13800000003,,\n,张三,个人,13800000003,,后来\n";
        assert_eq!(counts(&import(&running, &admin, newer, &[]).await), [1, 0, 4, 0, 0]);
        let updated = import(&running, &admin, newer, &[("on_duplicate", "update")]).await;
        assert_eq!(counts(&updated), [0, 3, 2, 0, 0], "{:#?}", report(&admin, &updated).await);
        let first = customers(&admin).await.into_iter().find(|one| one["phone"] == "13800000001").unwrap();
        assert_eq!((&first["note"], &first["tags"]), (&json!("先款"), &json!(["新客", "月结"])));
        assert_eq!(first["name"], "晨光软件", "the later row has the last word");
        assert_eq!(named(&admin, "温若谷").await["external_ids"][0]["id"], "A2", "a name is not overwritten unseen");
        let told = report(&admin, &updated).await;
        let conflict = told.iter().find(|row| row["row"] == 2).unwrap();
        assert_eq!(conflict["errors"][0]["code"], "name_conflict_with_customer");

        let made = import(&running, &admin, list, &[("on_duplicate", "create")]).await;
        assert_eq!(counts(&made), [2, 0, 0, 0, 0]);
        assert_eq!(customers(&admin).await.len(), 5);
        let held = customers(&admin).await.into_iter().filter(|one| one["external_ids"] != json!([])).count();
        assert_eq!(held, 2, "an id stays with the first who had it");
    }
}

journey! {
    async fn an_import_is_taken_back_where_nobody_has_touched_it(running: Running) {
        let admin = running.admin().await;
        let old = admin.post("/api/v1/customers", json!({ "name": "老客户", "kind": "person", "phone": "13800000009", "tags": ["旧"] })).await.expect(201);
        let mut list = "客户名称,客户类型,手机,标签,备注\n老客户,个人,13800000009,新,改过\n".to_owned();
        for n in 0..1200 {
            list.push_str(&format!("客户{n},个人,1390000{n:04},新,\n"));
        }
        let done = import(&running, &admin, &list, &[("on_duplicate", "update")]).await;
        assert_eq!(counts(&done), [1200, 1, 0, 0, 0]);
        let touched = named(&admin, "客户7").await;
        admin.patch(&format!("/api/v1/customers/{}", id(&touched)), json!({ "note": "谈过" })).await.expect(200);
        let buyer = named(&admin, "客户8").await;
        let order = json!({ "external_system": "erp", "order_no": "1", "customer_id": id(&buyer), "ordered_at": "2026-10-01T02:00:00Z", "amount": "1.00" });
        admin.post("/api/v1/orders", order).await.expect(201);

        let undone = admin.call(&format!("{IMPORTS}/{}/undo", id(&done))).await.expect(200);
        let wanted = json!({ "status": "completed", "removed": 1198, "restored": 1, "kept": { "changed": 1, "has_orders": 1 } });
        assert_eq!(undone["undo"], wanted);
        running.settle().await;
        let again = admin.call(&format!("{IMPORTS}/{}/undo", id(&done))).await.expect(200);
        assert_eq!(again["undo"], wanted, "undone once");
        let left: Vec<String> = customers(&admin).await.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(left, ["客户8", "客户7", "老客户"]);
        let now = admin.get(&format!("/api/v1/customers/{}", id(&old))).await.expect(200);
        assert_eq!((&now["note"], &now["tags"]), (&Value::Null, &json!(["旧"])));
    }
}

journey! {
    async fn custom_fields_are_held_against_their_definitions(running: Running) {
        let admin = running.admin().await;
        for field in [
            json!({ "key": "staff", "label": "员工数", "kind": "number", "minimum": "1", "required": true }),
            json!({ "key": "level", "label": "信用等级", "kind": "choice", "choices": ["甲", "乙"] }),
        ] {
            admin.post("/api/v1/custom-fields", field).await.expect(201);
        }
        let list = "客户名称,员工数（人）,信用等级\n晨光,１２,甲\n夕照,0,丙\n无人,,\n";
        let done = import(&running, &admin, list, &[]).await;
        assert_eq!(counts(&done), [1, 0, 0, 2, 0]);
        assert_eq!(named(&admin, "晨光").await["custom"], json!({ "level": "甲", "staff": 12 }));
        let told = report(&admin, &done).await;
        let codes = |row: &Value| -> Vec<String> {
            row["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!((codes(&told[0]), codes(&told[1])), (vec!["out_of_range".into(), "choice_unknown".into()], vec!["required".into()]));
    }
}

journey! {
    async fn what_others_have_is_not_shown_and_not_made_twice(running: Running) {
        let admin = running.admin().await;
        let (sales, _) = user(&running, &admin, "sales.head", "manager", Some("sales")).await;
        let (service, _) = user(&running, &admin, "service.head", "manager", Some("customer_service")).await;
        let list = "客户名称,客户类型,手机\n温若谷,个人,13800000002\n";
        let done = import(&running, &sales, list, &[]).await;
        assert_eq!(counts(&done), [1, 0, 0, 0, 0]);
        assert_eq!(customers(&sales).await.len(), 1, "what names no owner is its maker's department's");
        for policy in ["skip", "update"] {
            let other = import(&running, &service, list, &[("on_duplicate", policy)]).await;
            assert_eq!(counts(&other), [0, 0, 1, 0, 0]);
            let told = report(&service, &other).await;
            assert_eq!(told[0]["errors"][0]["code"], "duplicate_elsewhere");
            assert_eq!(told[0]["duplicate"], json!({ "row": null, "customer_id": null, "number": null, "keys": ["phone"] }));
        }
        assert_eq!(service.get(&format!("{IMPORTS}/{}", id(&done))).await.problem(404), "import_not_found");
        assert_eq!(service.get(IMPORTS).await.expect(200)["items"].as_array().unwrap().len(), 2);
        assert_eq!(admin.get(IMPORTS).await.expect(200)["items"].as_array().unwrap().len(), 3);
    }
}

journey! {
    /// The old list that nobody has cleaned, row by row; the data lies beside the project, where it is to be had.
    async fn the_messy_list_is_met_row_by_row(running: Running) {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
        let folder = std::env::var("HUIYIN_SHARED_DATA").unwrap_or_else(|_| beside.to_owned());
        let Ok(list) = std::fs::read(format!("{folder}/customers_messy.csv")) else { return };
        let expected = std::fs::read_to_string(format!("{folder}/customers_messy.expected.md")).unwrap();
        let admin = running.admin().await;
        let done = import_file(&running, &admin, "客户清单.csv", &list, &[]).await;
        assert_eq!(counts(&done), [249, 0, 20, 30, 1], "{:#?}", report(&admin, &done).await);
        assert_eq!(done["progress"]["rows_total"], 300);

        let told: BTreeMap<i64, Value> =
            report(&admin, &done).await.into_iter().map(|row| (row["row"].as_i64().unwrap(), row)).collect();
        let mut dirty = 0;
        for line in expected.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = line.replace("\\|", "¦").leak().split('|').map(str::trim).collect();
            let Ok(row) = cells[1].parse::<i64>() else { continue };
            if cells.len() < 8 || !["error", "duplicate", "notice", "ignored"].contains(&cells[6]) {
                continue;
            }
            dirty += 1;
            let verdict = told.get(&row).map_or("", |entry| entry["verdict"].as_str().unwrap());
            match cells[6] {
                "notice" => assert!(["", "notice"].contains(&verdict), "{line}\n{verdict}"),
                "ignored" => assert_eq!(verdict, "", "{line}"),
                wanted => {
                    assert_eq!(verdict, wanted, "{line}");
                    let entry = &told[&row];
                    let columns: String =
                        entry["errors"].as_array().unwrap().iter().map(|error| error["column"].as_str().unwrap()).collect();
                    let named = cells[3].split(", ").filter(|column| *column != "生日" || columns.contains("生日"));
                    if wanted == "error" && row != 273 {
                        assert!(named.clone().all(|column| columns.contains(column)), "{line}\n{entry:#}");
                    }
                    if let Some(earlier) = cells[7].split("row ").nth(1) {
                        let earlier: String = earlier.chars().take_while(char::is_ascii_digit).collect();
                        if wanted == "duplicate" {
                            assert_eq!(entry["duplicate"]["row"].to_string(), earlier, "{line}");
                        }
                    }
                }
            }
        }
        assert_eq!(dirty, 60);
        let complained = told.values().filter(|row| row["verdict"] != "notice").count();
        assert_eq!(complained, 50, "no other row is complained of");
        let notices: Vec<i64> = told.iter().filter(|(_, row)| row["verdict"] == "notice").map(|(row, _)| *row).collect();
        assert!(notices.iter().all(|row| [7, 150, 185, 203, 228, 237, 257, 282, 296].contains(row)), "{notices:?}");
        assert_eq!(customers(&admin).await.len(), 249, "as many as the import said");
    }
}
