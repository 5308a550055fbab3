#!/usr/bin/env python3
"""Checks what the house forbids: who may import whom, where time comes from, how long a file may grow.

Prints one line per finding and ends with 1 if there is any. The rules are explained in docs/ARCHITECTURE.md.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 450

CLOCK = r"(?:Utc|Local|SystemTime|Instant)::now\b"


def crates(names):
    """A path, an import or an attribute that starts with one of these crates, `actix` standing for all of its family."""
    return rf"(?<![\w.])(?:{names})\w*\s*(?:::|;|,|\}}|\bas\b)"


# (folder, except for, forbidden, why)
RULES = [
    ("crates/domain/src", "", crates("actix|utoipa"), "the domain knows no HTTP"),
    ("crates/domain/src", "", crates("sea_orm|sea_query|sqlx"), "the domain knows no database"),
    ("crates/domain/src", "", crates("tokio|reqwest"), "the domain does no I/O"),
    ("crates/domain/src", "", r"\bstd::(?:\{[^;]*)?\b(?:fs|net|process|env)\b", "the domain does no I/O"),
    ("crates/domain/src", "", CLOCK + r"|\bnow_v7\b", "the domain has no clock: time is an argument"),
    ("crates/persistence/src", "", crates("actix|utoipa|reqwest"), "persistence knows no HTTP"),
    ("crates/persistence/src", "", CLOCK, "persistence has no clock: time is an argument"),
    (
        "crates/persistence/src",
        "crates/persistence/src/db.rs",
        r"\.(?:begin|begin_with_config|transaction|transaction_with_config)(?:::<[^;]*>)?\(",
        "persistence begins no transaction: use cases do",
    ),
    ("crates/api/src/usecases", "", crates("actix|utoipa_actix") + r"|\bHttpRequest\b", "a use case knows no HTTP"),
    ("crates/api/src/http", "", crates("sea_orm|sea_query|sqlx"), "a handler knows no database: persistence does"),
    ("crates/api/src", "crates/api/src/clock.rs", r"\b(?:Utc|Local)::now\b", "only clock.rs reads the clock"),
    *(
        (folder, "", pattern, why)
        for folder in ("crates/domain/src", "crates/persistence/src", "crates/api/src", "migrations/src")
        for pattern, why in (
            (r"\.unwrap\(\)|\.expect\(", "return an error instead of a panic"),
            (r"\b(?:todo|unimplemented|dbg)!", "unfinished"),
            (r"#!?\[allow\(", "repair what the lint says, or say why with #[expect(…, reason = …)]"),
        )
    ),
]

# Which contexts each context may import; what is not named here (event, fault, money, db, support …) is open to all.
CONTEXTS = {
    "integration": set(),
    "identity": set(),
    "sla": set(),
    "customers": {"identity"},
    "tiering": {"identity", "customers"},
    "follow_up": {"identity", "customers", "tiering", "sla", "feedback"},
    "surveys": {"identity", "customers", "tiering"},
    "feedback": {"identity", "customers", "tiering", "sla"},
    "care": {"identity", "customers", "tiering", "follow_up", "surveys", "feedback"},
    "reports": {"identity", "customers", "tiering", "follow_up", "surveys", "feedback", "care", "sla"},
}
OPEN_TO_ALL = {"integration"}

# Dependencies by package, `-` for `_`.
DEPENDENCIES = {
    "crates/domain/Cargo.toml": r"actix.*|utoipa.*|sea-.*|sqlx.*|tokio.*|reqwest|hyper.*|rusqlite|huiyin.*",
    "crates/persistence/Cargo.toml": r"actix.*|utoipa.*|reqwest|hyper.*|huiyin",
    "migrations/Cargo.toml": r"actix.*|utoipa.*|reqwest|hyper.*|huiyin.*",
}

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/                     # comments
      | b?r(\#*)".*?"\1                        # raw strings
      | b?"(?:[^"\\]|\\.)*"                    # strings
      | b?'(?:[^'\\\n]|\\[^\n])'               # characters, but not lifetimes
    """,
    re.S | re.X,
)


def code_of(text):
    """The program without comments, strings and test modules, line by line where it was."""
    text = TOKEN.sub(lambda found: '""' + "\n" * found[0].count("\n"), text)
    at = 0
    while found := re.compile(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)?\]").search(text, at):
        end = found.end()
        brace, semicolon = text.find("{", end), text.find(";", end)
        if brace != -1 and (semicolon == -1 or brace < semicolon):
            depth, end = 1, brace + 1
            while depth and end < len(text):
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
        elif semicolon != -1:
            end = semicolon + 1
        text = text[: found.start()] + re.sub(r"[^\n]", " ", text[found.start() : end]) + text[end:]
        at = end
    return text


def test_modules(path, text):
    """Files that `#[cfg(test)] mod name;` brings in."""
    folder = path.parent if path.stem in ("mod", "lib", "main") else path.with_suffix("")
    return [folder / name for name in re.findall(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod (\w+);", text)]


def imported(code, roots):
    """(position, first segment) of every path below `roots`, also of the grouped ones: `use crate::{a::X, b};`."""
    for found in re.finditer(rf"\b(?:{roots})::(?:(\w+)|\{{)", code):
        if found[1]:
            yield found.start(1), found[1]
            continue
        depth, start = 1, True
        for piece in re.compile(r"[{},;]|\w+").finditer(code, found.end()):
            word = piece[0]
            if word == "{":
                depth += 1
            elif word == "}":
                depth -= 1
            if depth == 0 or word == ";":
                break
            if start and word.isidentifier() and depth == 1:
                yield piece.start(), word
            start = word == "," and depth == 1


def main():
    findings = []
    files, tests = {}, set()
    for folder in ("crates", "migrations", "tests"):
        for path in sorted((ROOT / folder).rglob("*.rs")):
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(ROOT)
            if "target" in name.parts:
                continue
            if (lines := text.count("\n")) > MAX_LINES:
                findings.append((name, MAX_LINES, f"{lines} lines: more than {MAX_LINES} are two things"))
            files[name] = text
            tests.update(module.relative_to(ROOT) for module in test_modules(path, text))
    for name, text in files.items():
        if "src" not in name.parts or name.name == "tests.rs" or {"tests", "bench"} & set(name.parts):
            continue
        if any(name.with_suffix("") == test or test in name.parents for test in tests):
            continue
        code = code_of(text)

        def report(position, message):
            findings.append((name, code.count("\n", 0, position) + 1, message))

        for folder, exception, pattern, why in RULES:
            if name.is_relative_to(folder) and str(name) != exception:
                for found in re.finditer(pattern, code, re.M):
                    report(found.start(), f"{' '.join(found[0].split()).rstrip(',;}: ')}: {why}")

        floor = next((f for f in ("crates/domain/src", "crates/persistence/src") if name.is_relative_to(f)), None)
        if floor is None or name.is_relative_to("crates/persistence/src/entity"):
            continue
        context = name.relative_to(floor).parts[0].removesuffix(".rs")
        if context == "lib":
            continue
        allowed = CONTEXTS.get(context, set()) | OPEN_TO_ALL | {context}
        for position, target in imported(code, "crate|huiyin_domain"):
            # The catalogue of everything that happens names value types of the contexts it happens in.
            if context != "event" and target in CONTEXTS and target not in allowed:
                report(position, f"{context} imports {target}: the arrow points the other way, use an event")

    for name, forbidden in DEPENDENCIES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        manifest = tomllib.loads(text)
        for dependency in {**manifest.get("dependencies", {}), **manifest.get("build-dependencies", {})}:
            if re.fullmatch(forbidden, dependency):
                line = next((n for n, row in enumerate(text.splitlines(), 1) if row.startswith(dependency)), 1)
                findings.append((name, line, f"{dependency}: not for this floor"))

    for name, line, message in findings:
        print(f"{name}:{line}: {message}")
    if findings:
        sys.exit(f"{len(findings)} finding{'s' * (len(findings) > 1)}")


main()
