# SPDX-License-Identifier: MIT
#
# The user's way in. meson does the building; this file only fetches what is
# lacking, configures once and calls the right program. `make help` lists it all.

BUILD   ?= build
DEPS    ?= 1
FILE    ?=
ARGS    ?=
PREFIX  ?= /usr/local
DESTDIR ?=
MESON   ?= meson
NINJA   ?= ninja

# Length of `make soak`.
SOAK_MINUTES ?= 30

# ci/deps.sh keeps its two notes there: "something is new, configure again" and
# "these optional packages cannot be had here, do not ask each time".
DEPS_STATE = $(BUILD)

export DEPS DEPS_STATE FILE DESTDIR

.NOTPARALLEL:
.PHONY: all demo check bench docs install clean soak check-kernel check-origin mutants help

all:
	@ci/deps.sh build
	@$(call configure)
	@$(call compile)

demo:
	@ci/deps.sh build demo
	@$(call configure)
	@$(call compile)
	@$(BUILD)/dmabuf demo $(ARGS) $${FILE:+"$$FILE"}

check:
	@ci/check.sh

bench: all
	$(BUILD)/dmabuf bench $(ARGS) --json bench.json

docs:
	@ci/deps.sh build docs
	@$(call configure)
	@docs/build.sh "$(BUILD)"

install: all
	@$(call set_prefix)
	$(MESON) install -C "$(BUILD)" --no-rebuild

soak:
	@ci/deps.sh build check
	@ci/soak.sh $(SOAK_MINUTES)

check-origin:
	@ci/deps.sh origin
	@ci/check-origin.py

check-kernel:
	@ci/check-kernel.sh

mutants:
	@ci/deps.sh build check
	@tests/mutants/run.sh

# A directory is removed only when meson made it (or deps.sh, or the mutants).
clean:
	@for d in "$(BUILD)" build-*; do \
		if [ -d "$$d/meson-private" ] || [ -e "$$d/.libdmabuf-build" ]; then \
			echo "rm -r $$d"; rm -rf -- "$$d"; \
		fi; \
	done
	@rm -rf "$(BUILD)/origin"
	@rm -f demo.png bench.json

help:
	@echo "make               build the library and build/dmabuf"
	@echo "make demo          send a video through three processes; writes demo.png"
	@echo "make demo FILE=x   the same with your video: any file ffmpeg reads, a .y4m, or -"
	@echo "make check         build and test everything there is to test; under 15 minutes"
	@echo "make bench         measure; writes bench.json"
	@echo "make docs          render the book"
	@echo "make install       to PREFIX=$(PREFIX), below DESTDIR if set"
	@echo "make soak          races, models, kills and the demo for SOAK_MINUTES=$(SOAK_MINUTES)"
	@echo "make check-kernel  run the kernel's own tests and two of its drivers, unmodified, on the library"
	@echo "make check-origin  compare our sources with Linux 6.12: we wrote every line"
	@echo "make mutants       build in known bugs and see that the tests find each"
	@echo "make clean         remove what the above have built"
	@echo
	@echo "BUILD=dir   where to build (now: $(BUILD))"
	@echo "DEPS=0      never install packages, only say what is lacking"
	@echo "ARGS=...    further options for demo and bench"

# Configure the first time, and again when deps.sh has brought something new
# that meson may have missed before.
define configure
set -e; \
if [ ! -f "$(BUILD)/build.ninja" ]; then \
	$(MESON) setup "$(BUILD)" --prefix="$(PREFIX)"; \
	printf '%s\n' "$(PREFIX)" >"$(BUILD)/.prefix"; \
elif [ -e "$(BUILD)/.deps-new" ]; then \
	$(MESON) setup --reconfigure "$(BUILD)"; \
fi; \
rm -f "$(BUILD)/.deps-new"
endef

define compile
$(NINJA) -C "$(BUILD)"
endef

# `make install PREFIX=...` after a `make` with another prefix. Nobody else's
# choice is overruled: without a PREFIX on the command line nothing changes.
define set_prefix
set -e; \
if [ "$(origin PREFIX)" != file ] && \
   [ "$$(cat "$(BUILD)/.prefix" 2>/dev/null)" != "$(PREFIX)" ]; then \
	$(MESON) configure "$(BUILD)" -Dprefix="$(PREFIX)"; \
	$(NINJA) -C "$(BUILD)"; \
	printf '%s\n' "$(PREFIX)" >"$(BUILD)/.prefix"; \
fi
endef
