# SPDX-License-Identifier: GPL-2.0-or-later
# Build rules. Everything made lands below $(O); no recursion; a changed flag rebuilds.

ifeq ($(origin CC),default)
CC := cc
endif
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
JOBS ?= $(shell nproc)

SANITIZE ?=
ifneq ($(SANITIZE),)
O ?= .build/$(subst $(comma),-,$(SANITIZE))
else
O ?= .build/default
endif
comma := ,
BIN := $(O)/bin
LIBEXEC := $(O)/libexec/kiln

ifneq ($(V),1)
Q := @
endif

SOURCE_LAYERS := base model format lib engine
PKG_MODULES := glib-2.0 gio-2.0 gio-unix-2.0 json-glib-1.0 rpm libsolv libsolvext createrepo_c libcurl libxml-2.0 \
	sqlite3 zck libarchive libcrypto gpgme libseccomp libelf libcap
PKG_CFLAGS = $(shell pkg-config --cflags $(PKG_MODULES))
# Debian's createrepo_c.pc has an empty libdir, so that its -l is taken for a directory.
PKG_LIBS = $(shell pkg-config --libs $(PKG_MODULES)) -lrpmbuild -lrpmsign -lcreaterepo_c

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough 
HARDENING := -fstack-protector-strong -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
# A sanitized build is run once and read by its traces, which need lines and no variables; it compiles in half the time.
OPTIMIZATION := $(if $(SANITIZE),-O1 -g1,-O2 -g)
KILN_CFLAGS := -std=gnu11 $(OPTIMIZATION) $(WARNINGS) $(HARDENING) $(if $(filter 1,$(DEVELOPER)),-Werror) \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=undefined) \
	-Itools/src -D_GNU_SOURCE -DKILN_VERSION='"$(VERSION)"' -DG_LOG_DOMAIN='"kiln"'
KILN_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE))

LIB_SOURCES := $(foreach layer,$(SOURCE_LAYERS),$(wildcard tools/src/$(layer)/*.c))
SANDBOX_SOURCES := $(wildcard tools/src/sandbox/*.c)
CLI_SOURCES := $(wildcard tools/src/cli/*.c)
HELPER_SOURCES := $(wildcard tools/src/helper/*.c)
to_object = $(patsubst %.c,$(O)/obj/%.o,$(1))

HELPERS := $(patsubst tools/src/helper/kiln_%.c,$(LIBEXEC)/kiln-%,$(HELPER_SOURCES))

SCRIPTS := $(patsubst tools/libexec/%,$(LIBEXEC)/%,$(wildcard tools/libexec/*))

# What `kiln init` gives a new project, the files of every target, and the contracts that projects have not of their own.
SHARE := $(O)/share/kiln
DATA := $(patsubst repo-config/%,$(SHARE)/%,$(shell find repo-config/targets repo-config/contracts -type f) repo-config/kiln.repo.in)

.PHONY: programs helpers
programs: $(BIN)/kiln helpers
helpers: $(HELPERS) $(SCRIPTS) $(DATA)

$(SHARE)/%: repo-config/%
	$(Q)install -D -m 0644 $< $@

$(LIBEXEC)/%: tools/libexec/%
	@mkdir -p $(@D)
	$(Q)install -m 0755 $< $@

# Recompiles everything when the flags differ from the last run's.
FLAGS_TEXT = $(CC) $(KILN_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(KILN_LDFLAGS) $(LDFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' > $@
.PHONY: FORCE
FORCE:

$(O)/obj/%.o: %.c $(O)/flags | check-toolchain
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(CC) $(KILN_CFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Data that is compiled in: a text becomes a C string.
GENERATED := $(O)/generated
CAUSE_TABLE := $(GENERATED)/cause_table
$(CAUSE_TABLE).c: tools/data/causes
	@mkdir -p $(@D)
	$(Q){ echo 'extern const char kiln_cause_table_text[]; const char kiln_cause_table_text[] ='; \
		sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $<; echo ';'; } > $@.new && mv $@.new $@
$(CAUSE_TABLE).o: $(CAUSE_TABLE).c $(O)/flags
	$(Q)$(CC) $(KILN_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/libkiln.a: $(call to_object,$(LIB_SOURCES)) $(CAUSE_TABLE).o
	@echo '  AR      $@'
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/libsandbox.a: $(call to_object,$(SANDBOX_SOURCES))
	@echo '  AR      $@'
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define link
	@mkdir -p $(@D)
	@echo '  LD      $@'
	$(Q)$(CC) $(KILN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS) $(1)
endef

$(BIN)/kiln: $(call to_object,$(CLI_SOURCES)) $(O)/libkiln.a
	$(call link)

$(LIBEXEC)/kiln-%: $(O)/obj/tools/src/helper/kiln_%.o $(O)/libsandbox.a $(O)/libkiln.a
	$(call link)

.PRECIOUS: $(O)/obj/%.o

.PHONY: check-toolchain
check-toolchain:
	@pkg-config --exists $(PKG_MODULES) || { echo 'development files are missing: run "make deps"' >&2; exit 1; }

-include $(wildcard $(O)/obj/tools/src/*/*.d)

.PHONY: deps deps-quiet
deps:
	tools/deps.sh
deps-quiet:
	@tools/deps.sh --if-missing

.PHONY: install
install: programs
	install -D -m 0755 $(BIN)/kiln $(DESTDIR)$(PREFIX)/bin/kiln
	for helper in $(HELPERS) $(SCRIPTS); do install -D -m 0755 $$helper $(DESTDIR)$(PREFIX)/libexec/kiln/$${helper##*/} || exit 1; done
	for file in $(DATA:$(SHARE)/%=%); do install -D -m 0644 $(SHARE)/$$file $(DESTDIR)$(PREFIX)/share/kiln/$$file || exit 1; done
	install -D -m 0644 tools/man/kiln.1 $(DESTDIR)$(PREFIX)/share/man/man1/kiln.1
	install -D -m 0644 tools/completions/kiln.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/kiln

.PHONY: check-layers check-size
check-layers:
	@tools/check/layers.sh tools/layers.txt tools/src
check-size:
	@tools/check/size.sh tools/src

.PHONY: clean
clean:
	rm -rf .build
