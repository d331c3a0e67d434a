# SPDX-License-Identifier: GPL-2.0-or-later
# Kiln: from spec files to a signed repository that provably installs. `make help` lists the targets.

all:

include tools/build.mk
include tests/tests.mk

.PHONY: all help release
all: programs

release: deps-quiet
	$(MAKE) -j$(JOBS) programs
	$(BIN)/kiln release $(or $(COLLECTION),epoxy) --target $(or $(TARGET),trixie)

help:
	@echo 'make deps           install what building, running and testing need (apt or dnf)'
	@echo 'make                build kiln and its helpers into $(O)'
	@echo 'make release        deps + build + kiln release $(or $(COLLECTION),epoxy) --target $(or $(TARGET),trixie)'
	@echo 'make check          deps + build + every test'
	@echo 'make install        PREFIX=$(PREFIX) DESTDIR='
	@echo 'make check-layers check-size check-asan fuzz bench'
	@echo 'V=1 shows commands; DEVELOPER=1 adds -Werror; SANITIZE=address,undefined builds apart'
