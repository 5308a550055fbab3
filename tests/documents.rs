//! What the documents list is all there is, and what they point at is there.

use std::path::{Path, PathBuf};

use huiyin::config::SETTINGS;
use huiyin::http::support::problem::status_of;
use huiyin_domain::fault::Code;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_setting_stands_in_the_configuration_as_it_is() {
    let document = read("docs/CONFIGURATION.md");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "(empty)".to_owned() } else { format!("`{}`", setting.default) };
        let row = format!("| `{}` | {default} | {} |", setting.name, setting.meaning);
        assert!(document.lines().any(|line| line == row), "docs/CONFIGURATION.md lacks\n{row}");
    }
    assert_eq!(document.matches("\n| `HUIYIN_").count(), SETTINGS.len(), "a setting that is no more");
}

#[test]
fn every_code_stands_in_the_api_with_its_status() {
    let document = read("docs/API.md");
    let mut listed = 0;
    for code in Code::ALL {
        let status = format!("| {} |", status_of(code.kind()).as_u16());
        let row = document.lines().find(|line| line.starts_with(&status)).unwrap_or_default();
        assert!(row.contains(&format!("`{}`", code.as_str())), "{} is missing in {status}", code.as_str());
    }
    for row in document.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5")) {
        listed += row.matches('`').count() / 2;
    }
    assert_eq!(listed, Code::ALL.len(), "a code that is no more");
}

/// Paths in backquotes, from the root or from where the documents say they stand.
#[test]
fn every_file_that_a_document_names_exists() {
    let bases = ["", "crates", "crates/api/src"];
    for name in ["README.md", "README.zh-CN.md", "docs/ARCHITECTURE.md", "docs/API.md", "docs/CONFIGURATION.md"] {
        let text = read(name);
        let quoted = text.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".rs") && word.contains('/'));
        for path in quoted.filter(|path| !path.contains('<')) {
            let found = bases.iter().any(|base| root().join(base).join(path).exists());
            assert!(found, "{name} names {path}");
        }
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.contains("://") {
                let folder = root().join(name);
                assert!(folder.parent().unwrap().join(target).exists(), "{name} links to {target}");
            }
        }
    }
}
