# `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help run dev build test lint floors contract contract-check schemathesis demo bench train eval

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: ## serve on 127.0.0.1:8080 with a SQLite file under data/
	cargo run --release -p huiyin -- serve

dev: ## the same, unoptimised: builds faster
	cargo run -p huiyin -- serve

build: ## the optimised program, target/release/huiyin
	cargo build --release -p huiyin

test: ## every test, on SQLite and PostgreSQL
	cargo test --workspace

lint: ## format and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

floors: ## who may import whom
	scripts/floors.py

contract: ## regenerate openapi/huiyin.json
	cargo run -q -p huiyin -- openapi > openapi/huiyin.json.new
	mv openapi/huiyin.json.new openapi/huiyin.json

contract-check: ## Spectral and Redocly over the contract
	scripts/contract-check.sh

schemathesis: ## schemathesis against a server of its own (EXAMPLES=20)
	cargo build -p huiyin
	scripts/schemathesis.sh

# With the program that is built already: after `make dev` nobody wants to wait for an optimised build.
demo: ## fill the running server with a believable small firm, over HTTP
	cargo run $(if $(wildcard $(or $(CARGO_TARGET_DIR),target)/release/huiyin),--release) -p huiyin -- demo

bench: ## the API against a bare handler, on SQLite and PostgreSQL (ARGS=--full: and a million customers)
	HUIYIN_POSTGRES_DURABLE=on scripts/with-postgres.sh cargo bench -p huiyin --bench huiyin -- $(ARGS)

train: ## learn the classifier's model anew from its corpus
	cargo run --release -q -p huiyin-domain --example classifier -- train

eval: ## how good, fast and large the classifier is, label by label
	cargo run --release -q -p huiyin-domain --example classifier -- eval $(ARGS)
