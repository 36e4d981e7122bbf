# Fuzzers: each t/fuzz/NAME.c is a libFuzzer target, with seeds in t/fuzz/seeds/NAME/ and, when
# there is one, a dictionary t/fuzz/NAME.dict. All that they link is compiled once more under
# build/fuzz, with coverage and sanitizers.
#   make fuzz [FUZZ_SECONDS=30]   every fuzzer, one after the other
#   make fuzz-NAME                one
#   make fuzz-seeds               every seed once, no searching
# What is found stays: build/fuzz/corpus/NAME/ (inputs that reach new code, used again by the next
# run), build/fuzz/crash/NAME-* (inputs that failed), build/fuzz/NAME.log.
FUZZ_SECONDS ?= 30
FUZZ_CC      ?= clang

FUZZERS     := $(patsubst t/fuzz/%.c,%,$(wildcard t/fuzz/*.c))
FUZZ_ROOMS  := $(filter-out io server node,$(ROOMS))
FUZZ_SAN    := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CFLAGS  = -std=gnu17 $(WARN) -O1 -g -fno-omit-frame-pointer $(FUZZ_SAN) -I. -I$(B)/gen \
               -D_GNU_SOURCE -DLR_VERSION='"$(VERSION)"' -DOPENSSL_API_COMPAT=30000 -MMD -MP
FUZZ_ENV    := UBSAN_OPTIONS=print_stacktrace=1

define fuzz_room
build/fuzz/lib/$(1).a: $$(patsubst %.c,build/fuzz/%.o,$$(SRC_$(1)))
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach r,$(FUZZ_ROOMS),$(eval $(call fuzz_room,$(r))))
FUZZ_ARCHIVES = $(foreach r,$(FUZZ_ROOMS),$(if $(SRC_$(r)),build/fuzz/lib/$(r).a))

build/fuzz/%.o: %.c | build/.libraries build/fuzz/.clang $(GENERATED)
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  CC  $< (fuzz)")
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

build/fuzz/bin/%: build/fuzz/t/fuzz/%.o $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $< \
		-Wl,--start-group $(FUZZ_ARCHIVES) -Wl,--end-group -Wl,--as-needed $(LIBS)

build/fuzz/.clang:
	$(Q)command -v $(FUZZ_CC) >/dev/null || { echo "$(FUZZ_CC) is missing. Run: sudo scripts/install-deps test-all" >&2; exit 1; }
	@mkdir -p $(@D) && touch $@

# $(1): name, $(2): arguments for libFuzzer. Its many lines go to a log, which is shown on failure.
fuzz_run = $(FUZZ_ENV) build/fuzz/bin/$(1) $(2) >build/fuzz/$(1).log 2>&1 || { \
	rc=$$?; tail -n 60 build/fuzz/$(1).log >&2; \
	echo "fuzz: $(1) failed; inputs: build/fuzz/crash/$(1)-*, log: build/fuzz/$(1).log" >&2; exit $$rc; }

define fuzzer
fuzz-$(1): build/fuzz/bin/$(1)
	@mkdir -p build/fuzz/corpus/$(1) build/fuzz/crash
	$$(Q)$(if $(wildcard t/fuzz/seeds/$(1)),cp -R t/fuzz/seeds/$(1)/. build/fuzz/corpus/$(1))
	@echo "  FUZZ $(1), $(FUZZ_SECONDS) s"
	$$(Q)$$(call fuzz_run,$(1),-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		$(patsubst %,-dict=%,$(wildcard t/fuzz/$(1).dict)) \
		-artifact_prefix=build/fuzz/crash/$(1)- -print_final_stats=1 build/fuzz/corpus/$(1))
	$$(Q)sed -n 's/^Done \(.*\)/       $(1): \1, nothing found/p' build/fuzz/$(1).log

fuzz-seeds-$(1): build/fuzz/bin/$(1)
	@mkdir -p build/fuzz/crash build/fuzz/none
	$$(Q)$$(call fuzz_run,$(1),-runs=0 -timeout=10 -artifact_prefix=build/fuzz/crash/$(1)- \
		$(or $(wildcard t/fuzz/seeds/$(1)),build/fuzz/none))
	@echo "  SEEDS $(1): pass"
.PHONY: fuzz-$(1) fuzz-seeds-$(1)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzzer,$(f))))

# One after the other also under -j: each needs a core for itself, and the log is read by people.
fuzz: $(addprefix build/fuzz/bin/,$(FUZZERS))
	$(Q)$(foreach f,$(FUZZERS),$(MAKE) --no-print-directory fuzz-$(f) &&) true

fuzz-seeds: $(addprefix fuzz-seeds-,$(FUZZERS))

.PHONY: fuzz fuzz-seeds
-include $(shell find build/fuzz -name '*.d' 2>/dev/null)
