//! An import of customers into the binary itself: how fast, and how much memory it takes above the idle server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::Outcome;
use crate::idle::Server;
use crate::place::{Backend, PASSWORD, Place};
use crate::report::figure;

const ROWS: usize = 100_000;
const BOUNDARY: &str = "----rows-of-a-bench";
const MIB: f64 = 1024.0;

/// Imports generated rows on both databases; a million of them with `--full`.
pub fn measure(runtime: &Handle, full: bool) -> Outcome<()> {
    let rows = if full { 1_000_000 } else { ROWS };
    for backend in Backend::ALL {
        let place = runtime.block_on(Place::fresh(backend))?;
        let server = Server::start(&place)?;
        server.answers()?;
        std::thread::sleep(Duration::from_millis(500));
        let idle = server.resident_kib()?;
        let (took, peak) = runtime.block_on(import(&server, rows))?;
        let per_second = rows as f64 / took.as_secs_f64();
        let what = format!("import of {rows} customers from csv, rows/s");
        figure(Some(backend), &what, format!("{per_second:.0}"), "≥ 5000", Some(per_second >= 5000.0));
        let above = (peak - idle) / MIB;
        let what = "memory above the idle server meanwhile (VmRSS), MiB";
        figure(Some(backend), what, format!("{above:.0}"), "≤ 200", Some(above <= 200.0));
        drop(server);
        runtime.block_on(place.remove())?;
    }
    Ok(())
}

/// From the answer to the upload until the import is completed; and the most memory seen, in KiB.
async fn import(server: &Server, rows: usize) -> Outcome<(Duration, f64)> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://{}/api/v1", server.address);
    let body = body(rows);
    let mut token = sign_in(&http, &url).await?;
    let upload = http.post(format!("{url}/customers/imports")).bearer_auth(&token);
    let upload = upload.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body);
    let answer = upload.send().await?.error_for_status()?.text().await?;
    let ordered: Value = serde_json::from_str(&answer)?;
    let path = format!("{url}/customers/imports/{}", ordered["id"].as_str().unwrap_or_default());
    let (started, mut signed_in, mut peak) = (Instant::now(), Instant::now(), server.resident_kib()?);
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        peak = peak.max(server.resident_kib()?);
        if signed_in.elapsed() > Duration::from_secs(300) {
            (token, signed_in) = (sign_in(&http, &url).await?, Instant::now());
        }
        let text = http.get(&path).bearer_auth(&token).send().await?.error_for_status()?.text().await?;
        let import: Value = serde_json::from_str(&text)?;
        match import["status"].as_str() {
            Some("pending" | "running") => {}
            Some("completed") if import["counts"]["created"] == json!(rows) => return Ok((started.elapsed(), peak)),
            _ => return Err(format!("the import did not take all rows: {text}").into()),
        }
    }
}

async fn sign_in(http: &reqwest::Client, url: &str) -> Outcome<String> {
    let login = json!({ "username": "admin", "password": PASSWORD });
    let answer = http.post(format!("{url}/auth/login")).json(&login).send().await?.error_for_status()?;
    let tokens: Value = serde_json::from_str(&answer.text().await?)?;
    Ok(tokens["access_token"].as_str().ok_or("no token")?.to_owned())
}

/// A list as firms have them, every cell filled.
fn body(rows: usize) -> String {
    let mut body = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"list.csv\"\r\n\r\n\
         客户编号,客户名称,客户类型,所属行业,手机,邮箱,合作起始日期,合作阶段,年合作金额,核心产品,标签,备注\r\n"
    );
    for n in 0..rows {
        body.push_str(&format!(
            "N{n},第{n}号软件有限公司,企业,软件,138{n:08},mail{n}@example.com,2024/3/5,已签约,12.5万,收银系统、库存云,新客、月结,对账要附明细\r\n"
        ));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    body
}
