# SPDX-License-Identifier: GPL-2.0-or-later
# Test rules. `make check` is the whole of it; the parts can be run alone.

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_BINARIES := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(UNIT_SOURCES))

$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(O)/libsandbox.a $(O)/libkiln.a
	$(call link,-lcmocka)

-include $(wildcard $(O)/obj/tests/*/*.d)

.PHONY: check-unit
check-unit: $(UNIT_BINARIES)
	@tests/run-unit.sh $(UNIT_BINARIES)

# Cases: text in, expected text out. `make check-cases UPDATE=1` writes what is answered now.
CASE_RUNNERS := $(patsubst tests/cases/run_%.c,%,$(wildcard tests/cases/run_*.c))

$(O)/tests/cases/run_%: $(O)/obj/tests/cases/run_%.o $(O)/libkiln.a
	$(call link)

.PHONY: check-cases $(CASE_RUNNERS:%=check-cases-%)
check-cases: $(CASE_RUNNERS:%=check-cases-%)
$(CASE_RUNNERS:%=check-cases-%): check-cases-%: $(O)/tests/cases/run_%
	@$< $(if $(UPDATE),--update) tests/cases/$*
