# Under sudo every recipe (and $(shell)) runs as the user who called it, so nothing that the build
# leaves in the checkout belongs to root, and git does not ask whose it is. The few recipes that
# need root say so: `TARGET: private SHELL := $(ROOT_SHELL)`, the same for .SHELLFLAGS.
ROOT_SHELL := /bin/sh
ROOT_FLAGS := -c
ifneq ($(SUDO_UID),)
ifeq ($(shell id -u),0)
ifneq ($(filter-out 0,$(shell stat -c %u .)),)
USER_HOME := $(shell getent passwd $(SUDO_UID) | cut -d: -f6)
USER_GROUPS := $(if $(USER_HOME),--init-groups,--clear-groups)
SHELL := /usr/bin/setpriv
.SHELLFLAGS = --reuid $(SUDO_UID) --regid $(or $(SUDO_GID),$(SUDO_UID)) $(USER_GROUPS) \
	env HOME=$(or $(USER_HOME),/nonexistent) /bin/sh -c
endif
endif
endif
