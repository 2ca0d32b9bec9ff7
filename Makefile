# Two commands do everything on a fresh machine: make demo, make test.
PREFIX ?= /usr/local
BUILD := .build/release
STAGE := .build/stage
PACKAGES := libsimdjson-dev libcld2-dev libzstd-dev zlib1g-dev libpcre2-dev libffi-dev libcurl4-openssl-dev \
  libmicrohttpd-dev
TEST_PACKAGES := strace libhunspell-1.7-0 hunspell-en-us docker-registry skopeo chromium chromium-driver \
  fonts-noto-cjk
STRATEGIES := Coverage Distribution Noise Diversity
EMBEDDING := minilm-l6-256
EXAMPLE := Examples/support-desk
FORMATTED := Sources Plugins PluginSDK Tests Benchmarks/Kernels Benchmarks/Near Package.swift

.PHONY: demo test build install bench bench-scale bench-instructions sanitize format lint packages test-packages clean

demo: build
	$(STAGE)/bin/assay run $(EXAMPLE)/data.jsonl --reference $(EXAMPLE)/reference.jsonl \
	  --taxonomy $(EXAMPLE)/taxonomy.yaml --allow-rejects 1% --out assay-report
	@echo
	@echo "the program: $(STAGE)/bin/assay; to type its name alone: export PATH=$(abspath $(STAGE))/bin:\$$PATH"

# The tests run the staged program, so it is built and staged first.
test: test-packages build
	swift test -c release --disable-xctest --disable-testable-imports

build: packages
	swift build -c release
	@$(MAKE) --no-print-directory install PREFIX=$(STAGE)

# The Swift runtime goes along: what is installed needs no toolchain.
install:
	install -d $(PREFIX)/bin $(PREFIX)/libexec/assay $(PREFIX)/lib/assay/plugins $(PREFIX)/lib/assay/runtime
	install $(BUILD)/assay $(PREFIX)/bin/assay
	install $(BUILD)/assay-worker $(PREFIX)/libexec/assay/assay-worker
	@for name in $(STRATEGIES); do \
	  id=org.assay.$$(echo $$name | tr A-Z a-z); folder=$(PREFIX)/lib/assay/plugins/$$id/0.1.0; \
	  install -d $$folder && install -m 644 Plugins/$$name/plugin.json $$folder/plugin.json && \
	  install -m 755 $(BUILD)/lib$${name}Plugin.so $$folder/ || exit 1; done
	install -d $(PREFIX)/lib/assay/foreign
	install -m 644 Plugins/Foreign/plugin.json $(PREFIX)/lib/assay/foreign/
	install -m 755 $(BUILD)/libForeignPlugin.so $(PREFIX)/lib/assay/foreign/
	@sdk=$(PREFIX)/share/assay/sdk; rm -rf $$sdk && install -d $$sdk && \
	  cp -r PluginSDK/CAssay PluginSDK/AssayKit PluginSDK/Templates Sources/JSONText $$sdk/ && \
	  install -m 644 PluginSDK/Author/Package.swift PluginSDK/plugin.exports $$sdk/
	install -d $(PREFIX)/lib/assay/embeddings/$(EMBEDDING)
	install -m 644 Sources/Features/Tables/$(EMBEDDING)/* $(PREFIX)/lib/assay/embeddings/$(EMBEDDING)/
	@runtime=$$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/linux; \
	for library in $$(LD_LIBRARY_PATH=$$runtime ldd $(BUILD)/assay $(BUILD)/assay-worker $(BUILD)/lib*Plugin.so \
	  | sed -n "s|.* => \($$runtime/[^ ]*\).*|\1|p" | sort -u); do \
	  install -m 644 $$library $(PREFIX)/lib/assay/runtime/ || exit 1; done
	@echo "installed in $(PREFIX)"

# Against Data-Juicer on the same records; see Benchmarks/README.md.
DATA ?= $(EXAMPLE)/data.jsonl
bench: build
	Benchmarks/run $(DATA)

# Growth with records and strategies; instructions of the kernels.
bench-scale: build
	Benchmarks/scale

bench-instructions: build
	@$(call ensure,valgrind)
	Benchmarks/instructions

# Address and thread sanitizers over the host, the store and the kernels; some tests run the staged program.
sanitize: test-packages build
	Tests/Sanitizers/run address
	Tests/Sanitizers/run thread

format:
	swift format -i -r -p $(FORMATTED)

lint:
	swift format lint --strict -r -p $(FORMATTED)

packages:
	@$(call ensure,$(PACKAGES))

test-packages:
	@$(call ensure,$(TEST_PACKAGES))

clean:
	rm -rf .build assay-report

# Installs the system packages that are missing.
define ensure
missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
if [ -n "$$missing" ]; then if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing; fi
endef
