# Demo, tests, benches and checks. What needs root runs as root, between scripts/preflight, which
# says what cannot run here (exit 77), and scripts/keep-owner, which leaves root's files to the user.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE   = $(MAKE) --no-print-directory $(PARALLEL)
AS_ROOT  := deps demo test test-all test-games bench install uninstall
$(AS_ROOT): private SHELL := $(ROOT_SHELL)
$(AS_ROOT): private .SHELLFLAGS := $(ROOT_FLAGS)

# Small programs for tests, the lab and the benchmarks: t/DIR/NAME.c becomes build/MODE/t/DIR/NAME.
define helpers
HELPERS_$(1) := $$(patsubst %.c,$$(B)/%,$$(wildcard t/$(1)/*.c))
$(B)/t/$(1)/%: $(B)/t/$(1)/%.o $$(ARCHIVES)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) $$(TEST_LDFLAGS) -o $$@ $$< -Wl,--start-group $$(ARCHIVES) -Wl,--end-group $$(LIBS)
endef
$(foreach d,tools lab bench jq,$(eval $(call helpers,$(d))))
# What LD_PRELOAD puts into programs under test: t/preload/NAME.c becomes build/MODE/t/preload/NAME.so.
PRELOADS := $(patsubst %.c,$(B)/%.so,$(wildcard t/preload/*.c))
$(B)/t/preload/%.so: t/preload/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -shared -fPIC -MF $(@:.so=.d) -o $@ $<
tools: $(HELPERS_tools) $(HELPERS_lab) $(HELPERS_jq) $(PRELOADS)

# Whoever types `make deps` has asked for the packages; a terminal is asked once more.
deps:
	$(Q)[ -t 0 ] || export YES=1; scripts/install-deps build

demo:
	$(Q)scripts/preflight "make demo"
	$(Q)scripts/install-deps build demo
	$(Q)$(SUBMAKE) all tools
	$(Q)scripts/keep-owner scripts/demo

test:
	$(Q)scripts/preflight "make test"
	$(Q)scripts/install-deps build demo test
	$(Q)$(SUBMAKE) all tools units
	$(if $(filter release,$(MODE)),$(Q)$(SUBMAKE) MODE=asan units)
	$(Q)MODE=$(MODE) scripts/keep-owner t/run

test-all:
	$(Q)scripts/preflight "make test-all"
	$(Q)scripts/install-deps build demo test test-all
	$(Q)$(SUBMAKE) all tools units
	$(if $(filter release,$(MODE)),$(Q)$(SUBMAKE) MODE=asan all tools units)
	$(Q)MODE=$(MODE) LR_TEST_ALL=1 scripts/keep-owner t/run

# Installs nothing: which game's package is missing stands behind the test that is skipped for it.
test-games:
	$(Q)scripts/preflight "make test-games"
	$(Q)$(SUBMAKE) all tools
	$(Q)MODE=$(MODE) LR_TEST_ALL=1 scripts/keep-owner t/run $(wildcard t/games*.bats)

bench:
	$(Q)scripts/preflight "make bench"
	$(Q)scripts/install-deps build demo test
	$(Q)$(SUBMAKE) all tools $(HELPERS_bench)
	$(Q)scripts/keep-owner t/bench/run

lint:
	$(Q)t/lint/run

-include t/fuzz/fuzz.mk

.PHONY: tools deps demo test test-all test-games bench lint fuzz
