//! `huiyin demo`: fills a running server over HTTP with a believable small firm, as a front end would. All names are
//! invented, phones are of a range that nobody is called on, mail goes to `.example`.

mod api;
mod customers;
mod feedback;
mod orders;
mod people;
mod tiers;
mod voices;

use chrono::{NaiveDate, TimeDelta};

use crate::clock::{Clock, SystemClock};
use api::Api;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Where and as whom.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of the server.
    #[arg(long, env = "HUIYIN_DEMO_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// The administrator's user name.
    #[arg(long, env = "HUIYIN_ADMIN_USERNAME", default_value = "admin")]
    pub username: String,
    /// The administrator's password, as the first start has printed it.
    #[arg(long, env = "HUIYIN_ADMIN_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Password that all users of the demo get.
    #[arg(long, default_value = "huiyin-demo")]
    pub user_password: String,
    /// The last day of the firm's history: today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<NaiveDate>,
}

/// Fills the server. May be run again: what is there already is found by user name, external id or message id.
pub async fn run(options: Options) -> Outcome<()> {
    let password = options.password.as_deref().filter(|password| !password.is_empty()).ok_or(
        "the administrator's password is needed: HUIYIN_ADMIN_PASSWORD=… make demo (the first start of the server has \
         printed it, unless that variable was set then)",
    )?;
    // The firm is at home in China, and so are its days.
    let today = options.today.unwrap_or_else(|| (SystemClock.now() + TimeDelta::hours(8)).date_naive());
    let api = Api::connect(&options.url).await?;
    let admin = api.sign_in(&options.username, password).await?;
    println!("Filling {} with a small firm, up to {today}.", options.url);

    let staff = people::hire(&api, &admin, &options.user_password).await?;
    let count = customers::introduce(&admin, &staff).await?;
    println!("Customers: {count}.");
    let told = orders::tell(&admin, today).await?;
    println!("Orders: {} new, {} known before.", told.created, told.updated);
    let tiers = tiers::compute(&admin, today).await?;
    println!("Tiers: {tiers}.");
    let states = feedback::live_through(&admin, &staff).await?;
    println!("Feedback: {states}.");
    epilogue(&options.url, &staff, &options.user_password);
    Ok(())
}

/// Who can sign in now, and where to look first.
fn epilogue(url: &str, staff: &people::Staff, password: &str) {
    let url = url.trim_end_matches('/');
    println!("\nSign in as (password {password:?}, for trials only: anybody can read it here):");
    for person in people::PEOPLE {
        println!("  {:<14} {:<9} {}", person.username, person.role, person.title);
    }
    match &staff.new_key {
        Some(secret) => println!("API key of the ERP, shown this once: {secret}"),
        None => println!("The ERP has its API key already; it was shown when it was made."),
    }
    println!(
        "\nLook next, in {url}/swagger-ui/ (POST /api/v1/auth/login, then paste the access_token under Authorize):"
    );
    println!("  GET /api/v1/feedback?state=awaiting_customer   whose word is awaited");
    println!("  GET /api/v1/feedback?needs_review=true         what waits for a person's triage");
    println!(
        "  GET /api/v1/customers/by-external-id/erp/{}   and then its tier at /customers/{{id}}/tier",
        customers::FIRST
    );
    println!("  GET /api/v1/me/notifications                   as he.ran: what a department head is told");
}
