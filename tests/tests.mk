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
