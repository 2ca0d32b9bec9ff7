# Two commands do everything on a fresh machine: make demo, make test.
PREFIX ?= /usr/local
BUILD := .build/release
STAGE := .build/stage
PACKAGES := libsimdjson-dev libzstd-dev zlib1g-dev libffi-dev
STRATEGIES := Coverage Distribution Noise Diversity

.PHONY: demo test build install packages format clean

demo: build
	$(STAGE)/bin/assay run Examples/support-desk/data.jsonl --reference Examples/support-desk/reference.jsonl \
	  --taxonomy Examples/support-desk/taxonomy.yaml --out assay-report

test: build
	swift test -c release --disable-xctest

build: packages
	swift build -c release
	$(MAKE) --no-print-directory install PREFIX=$(STAGE)

install:
	install -d $(PREFIX)/bin $(PREFIX)/libexec/assay $(PREFIX)/lib/assay/plugins
	install $(BUILD)/assay $(PREFIX)/bin/assay
	install $(BUILD)/assay-worker $(PREFIX)/libexec/assay/assay-worker
	for name in $(STRATEGIES); do \
	  id=org.assay.$$(echo $$name | tr A-Z a-z); folder=$(PREFIX)/lib/assay/plugins/$$id/0.1.0; \
	  install -d $$folder && install -m 644 Plugins/$$name/plugin.json $$folder/plugin.json && \
	  install -m 755 $(BUILD)/lib$${name}Plugin.so $$folder/ || exit 1; done

packages:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing; fi

format:
	swift format -i -r -p Sources Plugins PluginSDK Tests Package.swift

clean:
	rm -rf .build assay-report
