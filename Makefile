# Everything a person types. Each target first installs what it lacks (Debian packages, Rust, Envoy, cargo-deny);
# builds and tools go into $WEFT_CACHE (~/.cache/weft by default), outside the clone.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
ENV := source scripts/env.sh

.PHONY: help setup build demo clients test check fix bench jepsen soak selftest sim strangers

help: ## show these lines
	@echo 'weft: a service mesh in one binary'
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## install what the machine lacks: Debian packages, Rust, the prebuilt RocksDB
	@scripts/setup.sh

build: setup ## build the weft binary (dev profile) and say where it is
	@$(ENV); cargo build --workspace --bin weft --locked; echo "built $$CARGO_TARGET_DIR/debug/weft"

demo: build ## two services, two Envoys, an intention cut and healed; ONCE=1 ends by itself
	@$(ENV); WEFT_ENVOY=$$(scripts/envoy.sh); export WEFT_ENVOY; WEFT_BIN=$$CARGO_TARGET_DIR/debug/weft deploy/demo/demo.sh $(if $(ONCE),--once)

clients: build ## unchanged clients of Consul against agents of their own, 4 min the first time; QUICK=1
	@scripts/setup.sh $$(command -v npm >/dev/null || echo nodejs npm) $$(command -v go >/dev/null || echo golang-go)
	@QUICK=$(QUICK) deploy/clients/run.sh

test: setup ## run every test, the ones with real agents and Envoys included
	@$(ENV); WEFT_ENVOY=$$(scripts/envoy.sh); export WEFT_ENVOY; cargo test --workspace --locked

check: setup ## lock file, licences, format, clippy and docs; writes nothing into the clone
	@$(ENV); cargo fetch --locked
	@$(ENV); $$(scripts/cargo-deny.sh) --locked check licenses bans sources
	@$(ENV); cargo fmt --all --check
	@$(ENV); cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(ENV); RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

jepsen: setup ## real clusters under kills, cuts, power failures, rot: the set of every change, 8 min; SEED=2 ONLY=S1,S3
	@$(ENV); cargo build --workspace --locked --bin weft --bin weft-jepsen
	@$(ENV); debug=$$CARGO_TARGET_DIR/debug; WEFT_BIN=$$debug/weft $$debug/weft-jepsen ci --out $$WEFT_CACHE/jepsen \
	    $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

soak: setup ## the same with everything drawn and overlapping, for an hour; MINUTES=10 SEED=2
	@$(ENV); cargo build --workspace --locked --bin weft --bin weft-jepsen
	@$(ENV); debug=$$CARGO_TARGET_DIR/debug; WEFT_BIN=$$debug/weft $$debug/weft-jepsen soak --out $$WEFT_CACHE/jepsen \
	    --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED))

selftest: setup ## does the harness catch every mistake that is built in on purpose, and judge etcd and Consul right; MUTANTS=M1,M4
	@$(ENV); cargo build --workspace --locked --bin weft --bin weft-jepsen
	@$(ENV); debug=$$CARGO_TARGET_DIR/debug; WEFT_BIN=$$debug/weft $$debug/weft-jepsen selftest --out $$WEFT_CACHE/jepsen \
	    --controls $(if $(MUTANTS),--mutants $(MUTANTS))

sim: setup ## whole clusters in one process, seed after seed: every night SEEDS=0..5000
	@$(ENV); cargo build --workspace --locked --bin weft-sim; $$CARGO_TARGET_DIR/debug/weft-sim --seeds $(or $(SEEDS),0..5000)

strangers: setup ## requests that nobody means, bent from the recorded ones by dice: every night SEEDS=0..500
	@$(ENV); WEFT_SEEDS=$(or $(SEEDS),0..500) cargo test -p weft-api --test strangers --locked

fix: setup ## format, and apply what clippy can repair by itself
	@$(ENV); cargo clippy --workspace --all-targets --locked --fix --allow-dirty --allow-staged -- -D warnings
	@$(ENV); cargo fmt --all

bench: setup ## the short form of the benchmarks (the build that ships), beside etcd and Consul where they are on PATH
	@$(ENV); CARGO_INCREMENTAL=0 cargo build --workspace --profile dist --locked --bin weft --bin weft-bench
	@$(ENV); built=$$CARGO_TARGET_DIR/dist; etcd=$$(command -v etcd || true); consul=$$(command -v consul || true); \
	    $$built/weft-bench --short --weft $$built/weft $${etcd:+--etcd $$etcd} $${consul:+--consul $$consul} all
