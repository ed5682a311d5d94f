# make demo   the main job on built-in defaults      make test   everything that CI runs
# make build  ./bin/muhr and ./bin/muhr-node          make bench  docs/performance.md's table
# make nightly the long lanes of the reliability tests
# make bench-long, bench-peers: growth, and Muhr beside etcd and PostgreSQL; bench-base: another commit, to compare
# NATIVE=1 builds for this machine's own processor; its files are kept apart from the portable build.

SHELL := /bin/bash
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/muhr
ifdef NATIVE
export CARGO_TARGET_DIR ?= $(CACHE)/target-native
export RUSTFLAGS := -Ctarget-cpu=native --cfg curve25519_dalek_backend="avx512"
CARGO := cargo --config .cargo/rocksdb-native.toml
KIND := native
else
export CARGO_TARGET_DIR ?= $(CACHE)/target
endif
CARGO ?= cargo
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: demo build test bench bench-long bench-peers bench-base tools test-tools lint fuzz nightly planted mutants

demo: build
	@deploy/demo.sh

build: tools
	@$(CARGO) build --release --locked -p cli -p node
	@mkdir -p bin && cp -f $(CARGO_TARGET_DIR)/release/muhr $(CARGO_TARGET_DIR)/release/muhr-node bin/

test: test-tools build lint
	@INSTA_UPDATE=no $(CARGO) test --release --locked --workspace
	@CARGO="$(CARGO)" deploy/backends.sh

lint: tools
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --release --locked --workspace --all-targets --quiet -- -D warnings
	@CARGO="$(CARGO)" deploy/lints.sh

bench: build
	@$(CARGO) run --release --locked -p tests --bin bench -- --write docs/performance.md

# One network grown to ENTRIES; four to sixteen validators; distances. ONLY=length,agencies,delays asks for some.
bench-long: build
	@$(CARGO) run --release --locked -p tests --bin bench -- --long $(or $(ENTRIES),10000000) $(if $(ONLY),--only $(ONLY)) --write docs/performance.md

# etcd and PostgreSQL as Debian ships them, driven by a program with a lock of its own.
bench-peers: build
	@deploy/peers-tools.sh
	@$(CARGO) build --release --locked --manifest-path tests/peers/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/peers
	@$(CARGO) run --release --locked -p tests --bin bench -- --peers $(CARGO_TARGET_DIR)/peers/release/peers --rounds $(or $(ROUNDS),3) --write docs/performance.md

# What `bench --against DIR` compares with: COMMIT's own binaries, in DIR.
bench-base:
	@deploy/bench-base.sh "$(COMMIT)" "$(or $(DIR),$(CARGO_TARGET_DIR)/base)"

# Needs a nightly compiler and cargo-fuzz; the corpus also runs as plain tests in `make test`.
fuzz:
	@for folder in protocol/fuzz node/fuzz; do for target in $$(cd $$folder && cargo +nightly fuzz list); do \
	  (cd $$folder && cargo +nightly fuzz run $$target -- -max_total_time=$${FUZZ_SECONDS:-600}) || exit 1; done; done

# Plants every known bug in turn, each of which a test must find; the table goes into docs/safety.md.
planted: tools
	@$(CARGO) run --release --locked -p tests --bin planted -- --write docs/safety.md

# Changes the code one small change at a time; a test must notice each. The table is in docs/safety.md.
mutants: tools
	@deploy/mutants.sh $(CARGO_TARGET_DIR)/mutants

# The long lanes, each with its own counts in $(NIGHT); NIGHTLY=long before a release. The last step
# joins them into reliability.json. MUHR_PERMITS=file tries reconciliation on a register of your own.
NIGHT := $(CARGO_TARGET_DIR)/reliability
SEEDS := $(if $(filter long,$(NIGHTLY)),250000,10000)
nightly: build
	@rm -rf $(NIGHT) && mkdir -p $(NIGHT) && deploy/chaos-tools.sh
	@MUHR_LONG=1 MUHR_RELIABILITY=$(NIGHT) $(CARGO) test --release --locked --workspace --lib -- model::every_state
	@MUHR_SEEDS=$(SEEDS) MUHR_RELIABILITY=$(NIGHT) $(CARGO) test --release --locked --workspace --lib -- no_schedule twins_beyond
	@MUHR_SEEDS=$$(($(SEEDS) / 10)) MUHR_RELIABILITY=$(NIGHT) $(CARGO) test --release --locked --workspace --lib --test it -- after_a_storm rule_edges::the_door
	@MUHR_SEEDS=$$(($(SEEDS) / 20)) MUHR_RELIABILITY=$(NIGHT) $(CARGO) test --release --locked --workspace --test it -- --exact network::sim::storms
	@MUHR_BULK_ROWS=100000 MUHR_BULK_KILLS=100 $(CARGO) test --release --locked --workspace --test it -- --exact --nocapture cli::bulk::kills::an_import_survives_its_own_kills_and_those_of_its_node
	@MUHR_PERMIT_ROWS=10000 $(CARGO) test --release --locked --workspace --test it -- --exact --nocapture cli::desk::trial::of_a_hard_register_every_seeded_error_is_found_and_nothing_else
	@MUHR_LIES=all $(CARGO) test --release --locked --workspace --test it -- --nocapture cli::liars::no_lie
	@$(CARGO) run --release --locked -p tests --bin chaos -- --$(or $(NIGHTLY),short) --report $(NIGHT)/chaos.json
	@deploy/reliability.sh $(NIGHT) > reliability.json && echo "reliability.json"

test-tools:
	@deploy/test-tools.sh

tools:
	@deploy/tools.sh
	@deploy/rocksdb.sh $(KIND)
