# What is compiled in from share/: each generated header, and how it is made. A header is an
# order-only prerequisite of every object (the first build knows no better); from then on the
# .d files say which objects include it.
HOSTCC    ?= $(CC)
GEN       := build/gen/lr-gen
GENERATED := $(addprefix $(B)/gen/,terms.h defaults.h targets.h games.h git.h)
GAMES     := $(wildcard share/games/*.json)

# Made beside and renamed: builds in two modes may run at the same time.
$(GEN): share/build/gen.c
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  GEN $@")
	$(Q)$(HOSTCC) -std=gnu17 -O1 $(WARN) -D_GNU_SOURCE -o $@.$$$$ $< -ljansson && mv -f $@.$$$$ $@

define generate
	@mkdir -p $(@D)
	@$(if $(filter 1,$(V)),,echo "  GEN $@")
	$(Q)$(GEN) $(basename $(@F)) $(filter %.json,$^) >$@.$$$$ && mv -f $@.$$$$ $@ || { rm -f $@.$$$$; exit 1; }
endef

$(B)/gen/terms.h: share/schema/terms.json $(GEN)
	$(generate)
$(B)/gen/defaults.h: share/defaults.json $(GEN)
	$(generate)
$(B)/gen/targets.h: $(wildcard share/targets.json) $(GEN)
	$(generate)

# The profiles of games are read by the library's own reader, which is compiled for this first.
GEN_GAMES := $(B)/gen/lr-gen-games
GEN_GAMES_SRC := share/build/games.c lib/game/game_json.c lib/net/addr.c $(addprefix lib/base/,json.c err.c text.c)

$(GEN_GAMES): $(GEN_GAMES_SRC) lib/game/game.h $(B)/gen/terms.h | build/.libraries
	@$(if $(filter 1,$(V)),,echo "  GEN $@")
	$(Q)$(HOSTCC) -std=gnu17 -O1 $(WARN) -D_GNU_SOURCE -I. -I$(B)/gen -o $@.$$$$ $(GEN_GAMES_SRC) -ljansson -lm && \
		mv -f $@.$$$$ $@

$(B)/gen/games.h: $(GAMES) $(GEN_GAMES)
	@$(if $(filter 1,$(V)),,echo "  GEN $@")
	$(Q)$(GEN_GAMES) $(GAMES) >$@.$$$$ && mv -f $@.$$$$ $@ || { rm -f $@.$$$$; exit 1; }

# The commit that was built, "" where that is not known. Renewed only when it is another: so only the
# one object that tells it is compiled anew.
$(B)/gen/git.h: FORCE
	@mkdir -p $(@D)
	@git=$$(git -c safe.directory='*' describe --always --dirty --abbrev=12 2>/dev/null); \
		echo "#define LR_GIT \"$$git\"" >$@.$$$$; \
		if cmp -s $@.$$$$ $@; then rm -f $@.$$$$; else mv -f $@.$$$$ $@; fi
