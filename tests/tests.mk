# SPDX-License-Identifier: GPL-2.0-or-later
# Test rules. `make check` is the whole of it; the parts can be run alone.

# Those that wait longest come first: check-unit runs some side by side.
SLOW_UNITS := fetch sandbox_disk gpg sandbox_life evaluate repo_client rpmsign repomd base contract_check
UNIT_SOURCES := $(SLOW_UNITS:%=tests/unit/test_%.c)
UNIT_SOURCES += $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/test_*.c))
UNIT_BINARIES := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(UNIT_SOURCES))

$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(O)/libsandbox.a $(O)/libkiln.a
	$(call link,-lcmocka)

$(filter $(O)/tests/unit/test_sandbox_% $(O)/tests/unit/test_evaluate,$(UNIT_BINARIES)): | \
	$(LIBEXEC)/kiln-root $(LIBEXEC)/kiln-spec $(O)/tests/fixtures/probe

$(O)/tests/unit/test_terminal: $(O)/obj/tools/src/cli/terminal.o $(O)/obj/tools/src/cli/live.o

# Runs in roots that have no libraries.
$(O)/tests/fixtures/probe: tests/fixtures/probe.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 $(WARNINGS) -static -D_GNU_SOURCE -o $@ $<

-include $(wildcard $(O)/obj/tests/*/*.d)

.PHONY: check-unit
check-unit: $(UNIT_BINARIES)
	@tests/run-unit.sh $(UNIT_BINARIES)

# Cases: text in, expected text out. `make check-cases UPDATE=1` writes what is answered now.
CASE_RUNNERS := $(patsubst tests/cases/run_%.c,%,$(wildcard tests/cases/run_*.c))

$(O)/tests/cases/run_%: $(O)/obj/tests/cases/run_%.o $(O)/libkiln.a
	$(call link)

.PHONY: check-cases $(CASE_RUNNERS:%=check-cases-%)
check-cases: $(CASE_RUNNERS:%=check-cases-%) check-cases-checks
$(CASE_RUNNERS:%=check-cases-%): check-cases-%: $(O)/tests/cases/run_%
	@KILN_LIBEXEC=$(abspath $(LIBEXEC)) $< $(if $(UPDATE),--update) tests/cases/$*
check-cases-spec: | $(HELPERS)
.PHONY: check-cases-checks
check-cases-checks:
	@tests/cases/run_checks.sh $(if $(UPDATE),--update) tests/cases/checks

# What holds of every package of the project; tests/packages/lint looks at what was built of them.
.PHONY: check-packages
check-packages:
	@bats tests/packages

# Fuzzing. `make check-fuzz` replays each corpus (SANITIZE=address,undefined sees most); `make fuzz` looks for
# new inputs with clang's libFuzzer for FUZZ_SECONDS a target, or only in FUZZ=NAME.
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_CC := clang
FUZZ_SANITIZE := address,undefined
FUZZ_CFLAGS := $(filter-out -O2 -Werror -D_FORTIFY_SOURCE=2,$(KILN_CFLAGS)) -O1 -fno-sanitize-recover=undefined

$(O)/tests/fuzz/replay_%: $(O)/obj/tests/fuzz/fuzz_%.o $(O)/obj/tests/fuzz/replay.o $(O)/libkiln.a
	$(call link)

.PHONY: check-fuzz $(FUZZ:%=check-fuzz-%)
check-fuzz: $(FUZZ:%=check-fuzz-%)
$(FUZZ:%=check-fuzz-%): check-fuzz-%: $(O)/tests/fuzz/replay_%
	@$< tests/fuzz/corpus/$*

$(O)/fuzz/obj/%.o: %.c | check-toolchain
	@mkdir -p $(@D)
	@echo '  CC      $< (fuzz)'
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZE) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/fuzz/libkiln.a: $(patsubst %.c,$(O)/fuzz/obj/%.o,$(LIB_SOURCES)) $(CAUSE_TABLE).o
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $(O)/fuzz/libkiln.a
	@echo '  LD      $@'
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,$(FUZZ_SANITIZE) -o $@ $^ $(PKG_LIBS)

-include $(wildcard $(O)/fuzz/obj/*/*/*.d $(O)/fuzz/obj/*/*/*/*.d)

.PHONY: fuzz $(FUZZ:%=fuzz-%)
fuzz: $(FUZZ:%=fuzz-%)
$(FUZZ:%=fuzz-%): fuzz-%: $(O)/fuzz/fuzz_%
	@mkdir -p $(O)/fuzz/found/$*
	$< -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=$(O)/fuzz/$*- $(O)/fuzz/found/$* tests/fuzz/corpus/$*
.PRECIOUS: $(O)/fuzz/obj/%.o $(O)/fuzz/fuzz_%

$(O)/tests/bench/%: $(O)/obj/tests/bench/%.o $(O)/libkiln.a
	$(call link)

# End to end: the built programs against real rpmbuild, dnf, nginx and gpg, as root.
E2E_SUITES := $(patsubst tests/e2e/%.bats,%,$(wildcard tests/e2e/*.bats))
# These look at the project's own collection, which the first of them releases: that takes minutes.
COLLECTION_SUITES := epoxy coherence quality upgrade
# Side by side, those that take longest first; what others wait for, too.
FIRST_SUITES := release diablo_keystone gc adopt schedule
OTHER_SUITES := $(FIRST_SUITES) $(filter-out $(FIRST_SUITES) $(COLLECTION_SUITES),$(E2E_SUITES))
E2E_LONG := check-e2e-epoxy+check-e2e-upgrade
E2E_REST := $(patsubst %,check-e2e-%,$(OTHER_SUITES) quality coherence)

.PHONY: check-e2e $(E2E_SUITES:%=check-e2e-%)
check-e2e:
	@tests/run-all.sh '$(MAKE)' programs -- $(E2E_LONG) $(E2E_REST)
$(E2E_SUITES:%=check-e2e-%): check-e2e-%: programs
	KILN=$(abspath $(BIN)/kiln) bats --tap tests/e2e/$*.bats

# Everything below runs against a build with -Werror; the sanitized build repeats what needs no root client.
.PHONY: check check-asan
check: deps-quiet
	@tests/run-all.sh '$(MAKE) -j$(JOBS) DEVELOPER=1' check-layers check-size programs -- $(E2E_LONG) \
		check-unit+check-asan+check-cases+check-fuzz+check-packages $(E2E_REST)

# Nothing runs the sanitized bin/kiln: its layers are in the unit tests, its helpers are run by them.
check-asan:
	@for part in helpers check-unit check-cases check-fuzz; do \
		$(MAKE) --no-print-directory DEVELOPER=1 SANITIZE=address,undefined $$part || exit 1; \
	done

# Benches print figures and judge nothing; they want a quiet machine.
.PHONY: bench
bench: programs $(O)/tests/bench/bench_solv $(O)/tests/bench/bench_sandbox $(O)/tests/bench/bench_cause
	$(O)/tests/bench/bench_cause
	tests/bench/solv.sh $(abspath $(BIN)/kiln) $(abspath $(O))/tests/bench/bench_solv
	$(O)/tests/bench/bench_sandbox
	tests/bench/release.sh $(abspath $(BIN)/kiln)
	tests/bench/engine.sh $(abspath $(BIN)/kiln)
	tests/bench/check.sh $(abspath $(BIN)/kiln)
