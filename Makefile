# SPDX-License-Identifier: Apache-2.0
#
# recalld -- `make run` and `make test` are all that a fresh machine needs; `make help` lists the rest.

ifeq ($(origin CC),default)
CC       := gcc
endif
BUILD    ?= build
VERSION  := 0.1.0
PREFIX   ?= /usr/local
SYSCONF  ?= /etc
FUZZ_SECONDS ?= 60
SOAK_ROUNDS  ?= 200

WARNINGS  := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wvla -Wstrict-prototypes
OPT       ?= -O2 -g
CPPFLAGS  += -Isrc -I$(BUILD)/gen -D_GNU_SOURCE -DRECALLD_VERSION='"$(VERSION)"'
CFLAGS    += -std=c17 $(WARNINGS) $(OPT) -fno-strict-aliasing -fstack-protector-strong $(SAN)
CFLAGS    += -include src/base/banned.h
LDLIBS    += -lpq -lmicrohttpd -lgnutls -lsqlite3 -ljansson -lutf8proc -lstemmer -lpthread -lm
LDFLAGS   += $(SAN)

LIB_SRC   := $(sort $(filter-out src/main.c,$(wildcard src/*.c src/*/*.c)))
LIB_OBJ   := $(LIB_SRC:src/%.c=$(BUILD)/obj/%.o)
SCHEMA    := $(sort $(wildcard src/db/schema/*.sql))
UNIT_SRC  := $(sort $(wildcard tests/unit/*_test.c))
UNIT_BIN  := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
UNIT_HELP := $(sort $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)))
UNIT_HELP := $(UNIT_HELP:tests/unit/%.c=$(BUILD)/unit/%.o)
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/*_fuzz.c))
FUZZ_BIN  := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
ALL_C     := $(sort $(wildcard src/*.c src/*/*.c tests/*/*.c bench/*.c bench/*/*.c))
ALL_H     := $(sort $(wildcard src/*.h src/*/*.h tests/*/*.h bench/*.h))

# The other builds are this Makefile again, with objects of their own.
AGAIN     := +@$(MAKE) --no-print-directory -j$(shell nproc 2>/dev/null || echo 1)
DEBUG     := BUILD=build/debug OPT="-Og -g3"
ASAN      := BUILD=build/asan OPT="-O1 -g -fno-omit-frame-pointer" \
             SAN="-fsanitize=address,undefined -fno-sanitize-recover=all"
TSAN      := BUILD=build/tsan OPT="-O1 -g -fno-omit-frame-pointer" SAN="-fsanitize=thread"
FUZZ      := BUILD=build/fuzz CC=clang OPT="-O1 -g" \
             SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"

.DEFAULT_GOAL := all
.PHONY: all units fuzzers run test check check-san debug fuzz soak bench install uninstall \
        format format-check lint clean help

# ---- the program ----

all: $(BUILD)/recalld

$(BUILD)/recalld: $(BUILD)/obj/main.o $(BUILD)/librecalld.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/librecalld.a: $(LIB_OBJ)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/obj/%.o: src/%.c Makefile | $(BUILD)/gen/schema.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/schema.h: $(SCHEMA) tools/embed-schema
	@mkdir -p $(@D)
	tools/embed-schema $(SCHEMA) > $@.new && mv $@.new $@

units: $(UNIT_BIN)

# What tests share comes from an archive, so that a test gets only what it calls.
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/unit/help.a $(BUILD)/librecalld.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
	    $(BUILD)/unit/help.a $(BUILD)/librecalld.a -lcmocka $(LDLIBS)

$(BUILD)/unit/help.a: $(UNIT_HELP)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/%.o: tests/unit/%.c Makefile | $(BUILD)/gen/schema.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -MMD -MP -c -o $@ $<

fuzzers: $(FUZZ_BIN)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/librecalld.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/librecalld.a $(LDLIBS)

# ---- what people run ----

run: ## install what is missing, build, serve on 127.0.0.1:8000 with data in ./data (ARGS="--flag value")
	@tools/install-deps build
	$(AGAIN) all
	@exec $(BUILD)/recalld serve $(ARGS)

test: ## install what is missing and run every test
	@tools/install-deps build test
	@tools/install-test-deps
	$(AGAIN) all units
	$(AGAIN) $(ASAN) all units
	$(AGAIN) $(TSAN) all units
	$(AGAIN) $(FUZZ) fuzzers
	@tools/run-tests

check: ## format, lint, unit and API tests
	@tools/install-deps build test
	@tools/install-test-deps
	$(AGAIN) format-check lint
	$(AGAIN) all units
	@tools/run-tests unit cli api

check-san: ## unit, API and Python SDK tests and crash rounds, under ASan with UBSan, then under TSan
	@tools/install-deps build test
	@tools/install-test-deps
	$(AGAIN) $(ASAN) all units
	$(AGAIN) $(TSAN) all units
	@tools/run-tests asan-unit asan-cli asan-api asan-sdk-python asan-crash asan-postgres-api \
	                 tsan-unit tsan-cli tsan-api tsan-sdk-python tsan-crash tsan-postgres-api

debug: ## the program with debugging information, at build/debug/recalld
	$(AGAIN) $(DEBUG) all

fuzz: ## libFuzzer on every parser of outside bytes, FUZZ_SECONDS=60 each
	@tools/install-deps build test
	$(AGAIN) $(FUZZ) fuzzers
	@tools/run-tests --seconds $(FUZZ_SECONDS) fuzz

soak: ## the long crash rounds, SOAK_ROUNDS=200
	@tools/install-deps build test
	$(AGAIN) all
	@tools/run-tests --rounds $(SOAK_ROUNDS) crash postgres-nodes

bench: ## measure against nginx and print the budgets beside the figures
	@tools/install-deps build bench
	$(AGAIN) all
	@bench/run

# ---- tidiness ----

format: ## bring every C file into the project's format
	clang-format -i $(ALL_C) $(ALL_H)

format-check:
	@bad=0; for f in $(ALL_C) $(ALL_H); do clang-format $$f | cmp -s - $$f || \
	    { echo "not formatted (make format): $$f"; bad=1; }; done; exit $$bad

lint: $(BUILD)/gen/schema.h ## clang-tidy, and clang's own warnings
	@tools/lint $(CPPFLAGS) -- $(filter src/%,$(ALL_C))

clean: ## remove everything that was built
	rm -rf build

# ---- installing ----

install: all ## the program, its man page, systemd unit and example config, under PREFIX and DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/doc/recalld
	install -m 755 $(BUILD)/recalld $(DESTDIR)$(PREFIX)/bin/recalld
	install -m 644 docs/recalld.1 $(DESTDIR)$(PREFIX)/share/man/man1/recalld.1
	install -m 644 etc/recalld.conf $(DESTDIR)$(PREFIX)/share/doc/recalld/recalld.conf
	sed 's|@PREFIX@|$(PREFIX)|g; s|@SYSCONF@|$(SYSCONF)|g' etc/recalld.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/recalld.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/recalld.service

uninstall: ## what install put there; data and configuration stay
	rm -f $(DESTDIR)$(PREFIX)/bin/recalld $(DESTDIR)$(PREFIX)/share/man/man1/recalld.1 \
	    $(DESTDIR)$(PREFIX)/share/doc/recalld/recalld.conf \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system/recalld.service
	-rmdir $(DESTDIR)$(PREFIX)/share/doc/recalld

help: ## this list
	@echo 'make             the program, at build/recalld'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | \
	    while IFS="$$(printf '\t')" read -r name what; do printf 'make %-11s %s\n' "$$name" "$$what"; done

-include $(LIB_OBJ:.o=.d) $(BUILD)/obj/main.d $(UNIT_BIN:=.d) $(UNIT_HELP:.o=.d) $(FUZZ_BIN:=.d)
