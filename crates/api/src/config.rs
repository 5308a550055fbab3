//! Every setting, in one table: name, default, meaning. Read from `huiyin.toml` (where it exists), then from the
//! environment, which wins.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use huiyin_domain::customers::FileType;
use ipnet::IpNet;
use secrecy::SecretString;

/// One setting. In the file it is called like its variable, in lower case without `HUIYIN_`.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

/// All settings there are.
pub const SETTINGS: &[Setting] = &[
    Setting { name: "HUIYIN_LISTEN", default: "127.0.0.1:8080", meaning: "Address and port to serve on." },
    Setting {
        name: "HUIYIN_DATABASE_URL",
        default: "",
        meaning: "sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE; empty: huiyin.db in the data directory.",
    },
    Setting {
        name: "HUIYIN_DATABASE_CONNECTIONS",
        default: "12",
        meaning: "Connections to PostgreSQL with which this copy serves requests, 2 to 200, shared out among its threads; jobs take up to four more.",
    },
    Setting {
        name: "HUIYIN_SQLITE_SYNC",
        default: "full",
        meaning: "full: an acknowledged write survives a power cut; normal: it survives a crash of the program only, and writes are faster.",
    },
    Setting {
        name: "HUIYIN_DATA_DIR",
        default: "data",
        meaning: "Folder for the embedded database and the generated secret.",
    },
    Setting {
        name: "HUIYIN_JWT_SECRET",
        default: "",
        meaning: "Secret that signs access tokens, 16 characters at least; empty: generated into the data directory. Copies that share a database need the same one.",
    },
    Setting {
        name: "HUIYIN_ADMIN_USERNAME",
        default: "admin",
        meaning: "User name of the first administrator, created on an empty database.",
    },
    Setting {
        name: "HUIYIN_ADMIN_PASSWORD",
        default: "",
        meaning: "Password of the first administrator, 8 to 128 characters; empty: generated and printed once.",
    },
    Setting {
        name: "HUIYIN_TIME_ZONE",
        default: "Asia/Shanghai",
        meaning: "IANA time zone in which local dates are told; fixed once the database has been made.",
    },
    Setting {
        name: "HUIYIN_RATE_LIMIT",
        default: "200",
        meaning: "Requests a second one client may make, 1 to 1000000 (bursts of twice as many); off: no limit.",
    },
    Setting {
        name: "HUIYIN_TRUSTED_PROXIES",
        default: "",
        meaning: "Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas, as in 10.0.0.0/8,::1; empty: nobody's.",
    },
    Setting {
        name: "HUIYIN_BODY_LIMIT",
        default: "1048576",
        meaning: "Largest JSON body in bytes; bulk streams are limited by line instead.",
    },
    Setting { name: "HUIYIN_IMPORT_LIMIT_MB", default: "512", meaning: "Largest file of an import in MiB, 1 to 4096." },
    Setting {
        name: "HUIYIN_STORAGE",
        default: "file",
        meaning: "Where attachments are kept. file: in files of the data directory; s3: in a bucket of anything that speaks S3.",
    },
    Setting { name: "HUIYIN_S3_BUCKET", default: "", meaning: "The bucket; required with s3." },
    Setting {
        name: "HUIYIN_S3_ENDPOINT",
        default: "",
        meaning: "Address of the S3 service, as in https://minio.internal:9000; empty: Amazon's.",
    },
    Setting { name: "HUIYIN_S3_REGION", default: "us-east-1", meaning: "Region of the bucket." },
    Setting { name: "HUIYIN_S3_ACCESS_KEY_ID", default: "", meaning: "Access key; required with s3." },
    Setting { name: "HUIYIN_S3_SECRET_ACCESS_KEY", default: "", meaning: "Its secret; required with s3." },
    Setting {
        name: "HUIYIN_ATTACHMENT_LIMIT",
        default: "20971520",
        meaning: "Largest attachment in bytes, 1024 to 5368709120.",
    },
    Setting {
        name: "HUIYIN_ATTACHMENT_TYPES",
        default: "pdf,png,jpg,jpeg,gif,webp,bmp,txt,csv,doc,docx,xls,xlsx,ppt,pptx,mp3,m4a,wav,amr,mp4",
        meaning: "Extensions of files that may be attached, separated by commas; zip is known too.",
    },
    Setting { name: "HUIYIN_WORKERS", default: "0", meaning: "Threads that serve HTTP, up to 256; 0: one a core." },
    Setting {
        name: "HUIYIN_JOBS",
        default: "on",
        meaning: "on: this copy also does timers and events; off: it only serves HTTP.",
    },
    Setting {
        name: "HUIYIN_CHURN_REFIT",
        default: "daily",
        meaning: "How often, at three in the morning, the churn model is fitted anew once one has been fitted by request: off, daily, weekly or monthly.",
    },
    Setting {
        name: "HUIYIN_CLASSIFIER_LEARN_AFTER",
        default: "20",
        meaning: "After how many corrections by people the classifier learns from them by itself, 1 to 1000; off: only by request.",
    },
    Setting {
        name: "HUIYIN_LOG",
        default: "info,actix_http=off",
        meaning: "What is logged, in the syntax of tracing's EnvFilter.",
    },
    Setting { name: "HUIYIN_LOG_FORMAT", default: "text", meaning: "text or json." },
];

/// A setting that cannot be used, by name.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{name}: {reason}")]
    Wrong { name: String, reason: String },
    #[error("huiyin.toml: {0}")]
    File(String),
}

/// Where attachments are kept.
#[derive(Debug, Clone)]
pub enum Storage {
    Folder(PathBuf),
    S3 {
        bucket: String,
        /// Amazon's unless given.
        endpoint: Option<String>,
        region: String,
        access_key_id: String,
        secret_access_key: SecretString,
    },
}

/// The settings, read and checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub database_url: String,
    pub database_connections: u32,
    pub sqlite_full_sync: bool,
    pub data_dir: PathBuf,
    pub jwt_secret: Option<SecretString>,
    pub admin_username: String,
    pub admin_password: Option<SecretString>,
    pub time_zone: Tz,
    pub rate_limit: Option<u32>,
    /// Proxies that are believed what they say of whom they speak for.
    pub trusted_proxies: Vec<IpNet>,
    pub body_limit: usize,
    /// Largest file of an import in bytes.
    pub import_limit: u64,
    pub storage: Storage,
    /// Largest attachment in bytes.
    pub attachment_limit: u64,
    /// Extensions of files that may be attached.
    pub attachment_types: Vec<String>,
    pub workers: usize,
    pub jobs: bool,
    /// Days between two fits of the churn model.
    pub churn_refit: Option<u64>,
    /// Corrections after which the classifier learns by itself.
    pub classifier_learn_after: Option<u64>,
    pub log: String,
    pub log_json: bool,
}

impl Config {
    /// From the process's environment and `huiyin.toml` in the working directory (or the file `HUIYIN_CONFIG` names).
    pub fn load() -> Result<(Config, Vec<String>), ConfigError> {
        let file = std::env::var("HUIYIN_CONFIG").unwrap_or_else(|_| "huiyin.toml".to_owned());
        let environment = std::env::vars().filter(|(name, _)| name.starts_with("HUIYIN_")).collect();
        Self::from_sources(Path::new(&file), &environment)
    }

    /// The settings and warnings about variables that mean nothing.
    pub fn from_sources(
        file: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<(Config, Vec<String>), ConfigError> {
        let mut values: BTreeMap<&str, String> = SETTINGS.iter().map(|s| (s.name, s.default.to_owned())).collect();
        for (key, value) in read_file(file)? {
            let name = format!("HUIYIN_{}", key.to_uppercase());
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
                return Err(ConfigError::File(format!("unknown setting {key}")));
            };
            values.insert(setting.name, value);
        }
        let mut warnings = Vec::new();
        for (name, value) in environment {
            match SETTINGS.iter().find(|setting| setting.name == name) {
                Some(setting) => drop(values.insert(setting.name, value.clone())),
                None if name == "HUIYIN_CONFIG" || name.starts_with("HUIYIN_TEST_") => {}
                None => warnings.push(format!("{name} is no setting and is ignored")),
            }
        }
        Ok((Self::check(&values)?, warnings))
    }

    fn check(values: &BTreeMap<&str, String>) -> Result<Config, ConfigError> {
        let get = |name: &str| values.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
        let wrong = |name: &str, reason: &str| ConfigError::Wrong { name: name.to_owned(), reason: reason.to_owned() };
        let number = |name: &str, min: u64, max: u64| {
            let parsed = get(name).parse::<u64>().ok().filter(|n| (min..=max).contains(n));
            parsed.ok_or_else(|| wrong(name, &format!("must be a whole number from {min} to {max}")))
        };
        let choice = |name: &str, yes: &str, no: &str| match get(name) {
            value if value == yes => Ok(true),
            value if value == no => Ok(false),
            _ => Err(wrong(name, &format!("must be {yes} or {no}"))),
        };
        let secret = |name: &str, min: usize, max: usize| {
            let value = get(name);
            match value.chars().count() {
                0 => Ok(None),
                length if (min..=max).contains(&length) => Ok(Some(SecretString::from(value))),
                _ => Err(wrong(name, &format!("must have {min} to {max} characters"))),
            }
        };
        let data_dir = PathBuf::from(get("HUIYIN_DATA_DIR"));
        let database_url = match get("HUIYIN_DATABASE_URL") {
            url if url.is_empty() => format!("sqlite://{}", data_dir.join("huiyin.db").display()),
            url if ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) => url,
            _ => return Err(wrong("HUIYIN_DATABASE_URL", "must begin with sqlite:// or postgres://")),
        };
        if database_url.contains(":memory:") || database_url.contains("mode=memory") {
            return Err(wrong("HUIYIN_DATABASE_URL", "must name a file: readers and the writer share it"));
        }
        let admin_username = get("HUIYIN_ADMIN_USERNAME");
        if admin_username.is_empty() || admin_username.chars().count() > 100 {
            return Err(wrong("HUIYIN_ADMIN_USERNAME", "must have 1 to 100 characters"));
        }
        let required = |name: &str| Some(get(name)).filter(|value| !value.is_empty());
        let storage = match choice("HUIYIN_STORAGE", "s3", "file")? {
            false => Storage::Folder(data_dir.join("files")),
            true => {
                let needed = |name: &str| required(name).ok_or_else(|| wrong(name, "is required with s3"));
                let endpoint = required("HUIYIN_S3_ENDPOINT");
                if endpoint.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
                    return Err(wrong("HUIYIN_S3_ENDPOINT", "must begin with https:// or http://"));
                }
                Storage::S3 {
                    bucket: needed("HUIYIN_S3_BUCKET")?,
                    endpoint,
                    region: needed("HUIYIN_S3_REGION")?,
                    access_key_id: needed("HUIYIN_S3_ACCESS_KEY_ID")?,
                    secret_access_key: needed("HUIYIN_S3_SECRET_ACCESS_KEY")?.into(),
                }
            }
        };
        let attachment_types: Vec<String> =
            get("HUIYIN_ATTACHMENT_TYPES").split(',').map(|name| name.trim().to_lowercase()).collect();
        if let Some(unknown) = attachment_types.iter().find(|name| FileType::of(name).is_none()) {
            return Err(wrong("HUIYIN_ATTACHMENT_TYPES", &format!("{unknown:?} is no type that can be checked")));
        }
        let trusted_proxies = get("HUIYIN_TRUSTED_PROXIES");
        let trusted_proxies = trusted_proxies.split(',').map(str::trim).filter(|text| !text.is_empty());
        let trusted_proxies = trusted_proxies
            .map(|text| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| wrong("HUIYIN_TRUSTED_PROXIES", "must name addresses or networks, as in 10.0.0.0/8,::1"))?;
        Ok(Config {
            listen: get("HUIYIN_LISTEN")
                .parse()
                .map_err(|_| wrong("HUIYIN_LISTEN", "must be ADDRESS:PORT, as in 127.0.0.1:8080"))?,
            database_url,
            database_connections: number("HUIYIN_DATABASE_CONNECTIONS", 2, 200)? as u32,
            sqlite_full_sync: choice("HUIYIN_SQLITE_SYNC", "full", "normal")?,
            data_dir,
            jwt_secret: secret("HUIYIN_JWT_SECRET", 16, 4096)?,
            admin_username,
            admin_password: secret(
                "HUIYIN_ADMIN_PASSWORD",
                huiyin_domain::identity::PASSWORD_MIN,
                huiyin_domain::identity::PASSWORD_MAX,
            )?,
            time_zone: get("HUIYIN_TIME_ZONE")
                .parse()
                .map_err(|_| wrong("HUIYIN_TIME_ZONE", "must be an IANA name, as in Asia/Shanghai"))?,
            rate_limit: match get("HUIYIN_RATE_LIMIT").as_str() {
                "off" => None,
                _ => Some(
                    number("HUIYIN_RATE_LIMIT", 1, 1_000_000)
                        .map_err(|_| wrong("HUIYIN_RATE_LIMIT", "must be off or a whole number from 1 to 1000000"))?
                        as u32,
                ),
            },
            trusted_proxies,
            body_limit: number("HUIYIN_BODY_LIMIT", 1024, 1 << 30)? as usize,
            import_limit: number("HUIYIN_IMPORT_LIMIT_MB", 1, 4096)? * 1024 * 1024,
            storage,
            attachment_limit: number("HUIYIN_ATTACHMENT_LIMIT", 1024, 5 << 30)?,
            attachment_types,
            workers: number("HUIYIN_WORKERS", 0, 256)? as usize,
            jobs: choice("HUIYIN_JOBS", "on", "off")?,
            churn_refit: match get("HUIYIN_CHURN_REFIT").as_str() {
                "off" => None,
                "daily" => Some(1),
                "weekly" => Some(7),
                "monthly" => Some(30),
                _ => return Err(wrong("HUIYIN_CHURN_REFIT", "must be off, daily, weekly or monthly")),
            },
            classifier_learn_after: match get("HUIYIN_CLASSIFIER_LEARN_AFTER").as_str() {
                "off" => None,
                _ => Some(number("HUIYIN_CLASSIFIER_LEARN_AFTER", 1, 1000).map_err(|_| {
                    wrong("HUIYIN_CLASSIFIER_LEARN_AFTER", "must be off or a whole number from 1 to 1000")
                })?),
            },
            log: get("HUIYIN_LOG"),
            log_json: choice("HUIYIN_LOG_FORMAT", "json", "text")?,
        })
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let failed = |error: config::ConfigError| ConfigError::File(error.to_string());
    let source = config::File::from(path.to_path_buf()).format(config::FileFormat::Toml).required(false);
    let table = config::Config::builder().add_source(source).build().map_err(failed)?;
    let values: BTreeMap<String, config::Value> = table.try_deserialize().map_err(failed)?;
    values.into_iter().map(|(key, value)| Ok((key, value.into_string().map_err(failed)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<(Config, Vec<String>), ConfigError> {
        let environment = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::from_sources(Path::new("/nonexistent/huiyin.toml"), &environment)
    }

    #[test]
    fn defaults_are_enough_to_start() {
        let (config, warnings) = load(&[]).unwrap();
        assert_eq!(config.database_url, "sqlite://data/huiyin.db");
        assert_eq!(config.time_zone, chrono_tz::Asia::Shanghai);
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_name() {
        for (name, value) in [
            ("HUIYIN_LISTEN", "nowhere"),
            ("HUIYIN_DATABASE_URL", "mysql://x"),
            ("HUIYIN_JWT_SECRET", "short"),
            ("HUIYIN_ADMIN_PASSWORD", "1234567"),
            ("HUIYIN_TIME_ZONE", "Mars/Olympus"),
            ("HUIYIN_RATE_LIMIT", "some"),
            ("HUIYIN_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
            ("HUIYIN_SQLITE_SYNC", "maybe"),
            ("HUIYIN_WORKERS", "-1"),
            ("HUIYIN_DATABASE_URL", "sqlite::memory:"),
            ("HUIYIN_STORAGE", "tape"),
            ("HUIYIN_ATTACHMENT_TYPES", "pdf,svg"),
            ("HUIYIN_ATTACHMENT_LIMIT", "1"),
        ] {
            let error = load(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_bucket_needs_a_name_and_keys() {
        let s3 = ("HUIYIN_STORAGE", "s3");
        let given = [("HUIYIN_S3_BUCKET", "b"), ("HUIYIN_S3_ACCESS_KEY_ID", "k"), ("HUIYIN_S3_SECRET_ACCESS_KEY", "s")];
        for (missing, _) in given {
            let pairs: Vec<_> = given.into_iter().filter(|(name, _)| *name != missing).chain([s3]).collect();
            assert!(load(&pairs).unwrap_err().to_string().starts_with(missing), "{missing}");
        }
        let (config, _) = load(&[s3, given[0], given[1], given[2]]).unwrap();
        assert!(matches!(config.storage, Storage::S3 { ref bucket, .. } if bucket == "b"));
        assert!(!format!("{config:?}").contains("\"s\""), "the secret is not shown");
    }

    #[test]
    fn the_file_is_read_and_the_environment_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("huiyin.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:9000\"\nrate_limit = 5\n").unwrap();
        let environment = BTreeMap::from([
            ("HUIYIN_RATE_LIMIT".to_owned(), "off".to_owned()),
            ("HUIYIN_TYPO".to_owned(), "1".to_owned()),
        ]);
        let (config, warnings) = Config::from_sources(&file, &environment).unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.rate_limit, None);
        assert_eq!(warnings.len(), 1);
        std::fs::write(&file, "listne = \"x\"").unwrap();
        assert!(Config::from_sources(&file, &BTreeMap::new()).unwrap_err().to_string().contains("listne"));
    }
}
