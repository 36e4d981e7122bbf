# What `make install` puts where; `make uninstall` with the same PREFIX and DESTDIR takes exactly
# that away again.
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR  ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
DOCDIR  ?= $(DATADIR)/doc/lanrage
INSTALL ?= install

MANPAGES := $(wildcard share/man/*.[1-8])
PUT = $(Q)$(INSTALL) -D -m $(1) -t $(DESTDIR)$(2) $(3)

install: all
	$(call PUT,755,$(BINDIR),$(BINS))
	$(Q)for page in $(MANPAGES); do \
		$(INSTALL) -D -m 644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} $$page || exit; \
	done
	$(call PUT,644,$(BASHDIR),$(wildcard completions/bash/*))
	$(call PUT,644,$(ZSHDIR),$(wildcard completions/zsh/*))
	$(call PUT,644,$(FISHDIR),$(wildcard completions/fish/*))
	$(call PUT,644,$(DATADIR)/lanrage,$(wildcard share/*.json))
	$(call PUT,644,$(DATADIR)/lanrage/schema,$(wildcard share/schema/*.json))
	$(call PUT,644,$(DATADIR)/lanrage/games,$(wildcard share/games/*.json))
	$(call PUT,644,$(DOCDIR),LICENSE README.md)

INSTALLED = $(addprefix $(BINDIR)/,$(PROGRAMS)) \
	$(foreach m,$(MANPAGES),$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
	$(addprefix $(BASHDIR)/,$(notdir $(wildcard completions/bash/*))) \
	$(addprefix $(ZSHDIR)/,$(notdir $(wildcard completions/zsh/*))) \
	$(addprefix $(FISHDIR)/,$(notdir $(wildcard completions/fish/*)))

uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(Q)rm -rf $(DESTDIR)$(DATADIR)/lanrage $(DESTDIR)$(DOCDIR)

# The programs write their completions themselves, from the table that they parse with.
completions: $(BINS)
	$(Q)scripts/completions $(B)/bin completions

.PHONY: install uninstall completions
