# LANrage: plain GNU make. `make` builds the programs, `make help` lists the rest.
MODE   ?= release
CC     ?= gcc
PREFIX ?= /usr/local
V      ?= 0
Q      := $(if $(filter 1,$(V)),,@)
VERSION := 0.1.0

# The rooms of lib/, in the order in which they may include each other: a room sees only those
# before it (t/lint/arrows holds the tree against this line).
ROOMS := base perf net ipam crypto wg nat lan relay party game replay results io server node bench

B        := build/$(MODE)
PROGRAMS := $(patsubst cmd/%.c,%,$(wildcard cmd/lr-*.c))
BINS     := $(addprefix $(B)/bin/,$(PROGRAMS))

CFLAGS_release := -O2
CFLAGS_debug   := -O0 -g3
CFLAGS_asan    := -O0 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -Wno-format-truncation
CFLAGS_tsan    := -O1 -g -fsanitize=thread
CFLAGS_cov     := -O0 -g --coverage
ifeq ($(filter $(MODE),release debug asan tsan cov),)
$(error MODE=$(MODE) is not one of: release debug asan tsan cov)
endif

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
            -Wpointer-arith -Wvla -Werror=implicit-function-declaration -Wno-missing-field-initializers
CFLAGS   ?= $(if $(filter release asan,$(MODE)),-g1,-g)
CPPFLAGS ?=
LDFLAGS  ?=
ALL_CFLAGS = -std=gnu17 $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS) -I. -I$(B)/gen -D_GNU_SOURCE \
             -ffile-prefix-map=$(CURDIR)=. \
             -DLR_VERSION='"$(VERSION)"' -DOPENSSL_API_COMPAT=30000 $(CPPFLAGS) -MMD -MP
ALL_LDFLAGS = $(CFLAGS_$(MODE)) $(LDFLAGS) -Wl,--as-needed -Wl,-z,relro,-z,now
# The tests' own code is not optimised, and linked by the linker that takes half as long where there is one.
TEST_CFLAGS  := -O0
TEST_LDFLAGS := $(if $(shell command -v ld.gold),-fuse-ld=gold)
LIBS     := -lssl -lcrypto -lsodium -ljansson -lpcap -lmnl -lqrencode -lmicrohttpd -lcurl -lminiupnpc -lnatpmp -lm

all: $(BINS)

include share/build/owner.mk
include share/build/generated.mk

# One archive a room; a program pulls in only the objects that it needs. An archive is made anew also
# when other objects belong to it than last time (a source was renamed, or two makes ran at once).
define room
SRC_$(1) := $$(wildcard lib/$(1)/*.c)
OBJ_$(1) := $$(patsubst %.c,$(B)/%.o,$$(SRC_$(1)))
HAD_$(1) := $$(file <$(B)/lib/$(1).list)
$(B)/lib/$(1).a: $$(OBJ_$(1)) $$(if $$(filter-out $$(HAD_$(1)),$$(OBJ_$(1)))$$(filter-out $$(OBJ_$(1)),$$(HAD_$(1))),FORCE)
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$(OBJ_$(1)) && echo $$(OBJ_$(1)) >$$(@:.a=.list)
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))
ARCHIVES = $(foreach r,$(ROOMS),$(if $(SRC_$(r)),$(B)/lib/$(r).a))
# The archives that a room's unit test may link: the room and those before it.
upto = $(if $(filter $(1),$(firstword $(2))),$(1),$(firstword $(2)) $(call upto,$(1),$(wordlist 2,99,$(2))))
archives_upto = $(foreach r,$(call upto,$(1),$(ROOMS)),$(if $(SRC_$(r)),$(B)/lib/$(r).a))

# Asked once: a clear line instead of a page about headers that are not there.
build/.libraries:
	$(Q)command -v $(CC) pkg-config >/dev/null && pkg-config --exists libcrypto libssl libsodium jansson libpcap libmnl \
		libqrencode libmicrohttpd libcurl miniupnpc || \
		{ echo "The compiler or a library is missing. Run: sudo make deps" >&2; exit 1; }
	@mkdir -p $(@D) && touch $@
$(GEN): | build/.libraries

# Other flags than last time: everything is compiled anew.
$(B)/.flags: FORCE
	@mkdir -p $(@D)
	@echo "$(subst ",\",$(CC) $(ALL_CFLAGS))" | cmp -s - $@ || echo "$(subst ",\",$(CC) $(ALL_CFLAGS))" >$@

$(B)/%.o: %.c $(B)/.flags | build/.libraries $(GENERATED)
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  CC  $<")
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(B)/t/unit/%.o $(B)/t/tools/%.o: private CFLAGS += $(TEST_CFLAGS)

# A program that is more than one file: cmd/lr-x.c and cmd/x_*.c.
$(foreach p,$(PROGRAMS),$(eval $(B)/bin/$(p): $(patsubst %.c,$(B)/%.o,$(wildcard cmd/$(p:lr-%=%)_*.c))))
$(B)/bin/%: $(B)/cmd/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

# t/unit/ROOM_NAME.c becomes build/MODE/t/unit/ROOM_NAME, linked with the rooms up to ROOM.
UNITS := $(patsubst %.c,$(B)/%,$(wildcard t/unit/*_*.c))
define unit
$(B)/t/unit/$(1): $(B)/t/unit/$(1).o $(call archives_upto,$(firstword $(subst _, ,$(1))),$(ROOMS))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) $$(TEST_LDFLAGS) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LIBS)
endef
$(foreach u,$(notdir $(UNITS)),$(eval $(call unit,$(u))))
units: $(UNITS)

clean:
	$(Q)rm -rf build

include share/build/test.mk
include share/build/install.mk

help:
	@echo 'make              the programs, into build/release/bin'
	@echo 'make deps         installs what the build needs (Debian, Ubuntu)'
	@echo 'make demo         two machines on one virtual LAN, here, in a minute (root)'
	@echo 'make test         unit tests, also with sanitizers, and the programs together (root)'
	@echo 'make test-all     the same, and what takes long'
	@echo 'make test-games   real games find each other and play: those that are installed (root)'
	@echo 'make lint         layout, includes, sizes, static analysis'
	@echo 'make fuzz         each fuzzer for 30 s'
	@echo 'make bench        measurements beside wireguard-go, into bench.json (root)'
	@echo 'make install      PREFIX=$(PREFIX) DESTDIR=$(DESTDIR); make uninstall takes it away'
	@echo 'make completions  writes completions/ anew'
	@echo 'make clean'
	@echo 'MODE=release|debug|asan|tsan|cov chooses the build, V=1 shows the commands.'

.DEFAULT_GOAL := all
.PHONY: all units clean help FORCE
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
