# ngx_http_veriff_module: build, install, test.  "make help" lists what there
# is.  GNU make; nothing is written outside build/ except by "install", "deps"
# and the tests' own t/servroot_*.

# ---- what may be set on the command line -----------------------------------

# The nginx to build for.  Without NGINX_SRC: the installed one, against the
# headers of its distribution.  With it: a source tree (never written to).
NGINX       ?= $(shell PATH="$$PATH:/usr/sbin" command -v nginx)
NGINX_DEV   ?= /usr/share/nginx/src
NGINX_SRC   ?=

# Options that a source tree is configured with; those it does not know yet
# (HTTP/3 before 1.25) are left out.
NGINX_FLAGS ?= --with-compat --with-debug --with-threads \
               --with-http_ssl_module --with-http_v2_module \
               --with-http_v3_module --with-http_realip_module \
               --with-http_auth_request_module --with-http_sub_module \
               --with-http_slice_module --with-http_addition_module \
               --with-http_gunzip_module --with-http_stub_status_module \
               --with-http_secure_link_module --with-http_dav_module

# CC=clang builds with clang; WERROR=0 lets warnings pass; SANITIZE=1 builds
# with ASan and UBSan; FAULTS=1 with t/fault/wrap.c, which lets calls fail, and
# COVERAGE=1 for gcov, PALLOC=1 with a malloc() for each piece of a pool,
# VALGRIND=1 with a store that valgrind has room for; JOBS is how much runs
# side by side.
WERROR      ?= 1
SANITIZE    ?=
FAULTS      ?=
COVERAGE    ?=
PALLOC      ?=
VALGRIND    ?=
JOBS        ?= 6

# The suites to run, and what "make demo" does: CHECK=1 walks through it alone.
TESTS       ?= $(wildcard t/*.t)
GRIND       ?= t/webhook-body.t t/json-var.t t/session-answer.t \
               t/session-errors.t t/gate.t t/status.t
CHECK       ?=

# What "make fault-test" lets fail: only flows whose names begin so.
FLOWS       ?=

# What "make crash-test" and "make reload-test" do: kill it so many times, cut
# the power so many times, reload so many times.
KILLS       ?= 60
CUTS        ?= 60
RELOADS     ?= 50

# What "make mutants" takes away: PROMISES='3 12', or words of an entry; all.
PROMISES    ?=

# What "make fuzz" does: so many seconds for each target, and which (all).
FUZZ_TIME   ?= 15
FUZZ        ?=

DESTDIR     ?=
PREFIX      ?= /usr
DOCDIR      ?= $(PREFIX)/share/doc/ngx_http_veriff_module
MODULES_DIR ?= $(shell t/tools/nginx-flags modules-path $(NGINX))

# ---- derived ---------------------------------------------------------------

BUILD   := $(CURDIR)/build
VARIANT := $(if $(findstring clang,$(CC)),-clang)$(if $(SANITIZE),-asan)$(if \
           $(FAULTS),-faults)$(if $(COVERAGE),-coverage)$(if \
           $(PALLOC),-palloc)$(if $(VALGRIND),-valgrind)

ifeq ($(NGINX_SRC),)
SRC     := $(NGINX_DEV)
FLAGS    = $(shell t/tools/nginx-flags configure $(NGINX))
OUT     := $(BUILD)/dist$(VARIANT)
BINARY   = $(NGINX)
else
SRC     := $(abspath $(NGINX_SRC))
FLAGS    = $(shell t/tools/nginx-flags known $(SRC) $(NGINX_FLAGS))
OUT     := $(BUILD)/$(notdir $(SRC))$(VARIANT)
BINARY  := $(OUT)/nginx
endif

MODULE  := $(OUT)/ngx_http_veriff_module.so

ifneq ($(COVERAGE),)
CC_OPT  := -g -O0 --coverage -fprofile-update=atomic
LD_OPT  := --coverage
else ifeq ($(SANITIZE),)
CC_OPT  := -g -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2
LD_OPT  := -Wl,-z,relro -Wl,-z,now
else
CC_OPT  := -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined
# -z nodelete: reports made at exit can still name our functions
LD_OPT  := -fsanitize=address,undefined -Wl,-z,nodelete
endif

CC_OPT  += $(if $(PALLOC),-DNGX_DEBUG_PALLOC=1)
# valgrind has no room for the usual one
CC_OPT  += $(if $(VALGRIND),-DNGX_VERIFF_LMDB_MAP=0x40000000)
# a call has a place of its own, and a caller
CC_OPT  += $(if $(FAULTS),-fno-optimize-sibling-calls -fno-omit-frame-pointer)
CC_OPT  += -Wall -Wextra -Wno-unused-parameter
CC_OPT  += $(if $(COVERAGE),,-ffile-prefix-map=$(CURDIR)/=)
CC_OPT  += $(if $(filter 0,$(WERROR)),-Wno-error)

CONFIGURE = --with-cc='$(CC)' --with-cc-opt='$(CC_OPT)' \
            --with-ld-opt='$(LD_OPT)' $(FLAGS)

# the module's calls into nginx and libraries go by way of wrap.c
ifneq ($(FAULTS),)
export VERIFF_LINK := $(CC) $(shell t/fault/link-options)
endif

export JOBS

# nginx takes this one for the sockets that it inherits, and complains; make
# hands it on if it was set on the command line.
unexport NGINX

# ---- build -----------------------------------------------------------------

## module: build the module (the default)
module:
	@test -z "$(FAULTS)" || test $(MODULE) -nt t/fault/wrap.c \
	    || rm -f $(MODULE)
	@t/tools/build-nginx $(SRC) $(OUT) modules dynamic $(CONFIGURE)
	@echo "built $(patsubst $(CURDIR)/%,%,$(MODULE))"

## nginx: with NGINX_SRC=dir, build nginx itself and the module
nginx: need-source
	@t/tools/build-nginx $(SRC) $(OUT) 'binary modules' dynamic $(CONFIGURE)
	@echo "built $(patsubst $(CURDIR)/%,%,$(BINARY) $(MODULE))"

## static: with NGINX_SRC=dir, build nginx with the module linked in
static: need-source
	@t/tools/build-nginx $(SRC) $(OUT)-static binary static $(CONFIGURE)
	@echo "built $(patsubst $(CURDIR)/%,%,$(OUT)-static/nginx)"

need-source:
	@test -n "$(NGINX_SRC)" || { echo "say NGINX_SRC=dir" >&2; exit 1; }

## install: put the module where nginx looks, the examples under share/doc
install: module
	install -d $(DESTDIR)$(MODULES_DIR) \
	    $(DESTDIR)$(DOCDIR)/conf-examples/payloads
	install -m 644 $(MODULE) $(DESTDIR)$(MODULES_DIR)
	install -m 644 README.md CHANGELOG.md LICENSE $(DESTDIR)$(DOCDIR)
	install -m 644 conf-examples/*.* $(DESTDIR)$(DOCDIR)/conf-examples
	install -m 644 conf-examples/payloads/* \
	    $(DESTDIR)$(DOCDIR)/conf-examples/payloads

## clean: remove everything that was built
clean:
	rm -rf build t/servroot t/servroot_*

# ---- test ------------------------------------------------------------------

## deps: install what building and testing need (Debian packages)
deps:
	t/tools/deps

## test: everything below but test-asan and test-browser
test: deps
	$(MAKE) unit
	$(MAKE) sandbox-check
	$(MAKE) module CC=clang
	$(MAKE) suites
	$(MAKE) suites-newer
	$(MAKE) conf-check docs-check style-check
	$(MAKE) demo CHECK=1

## unit: the core's unit tests and fuzz corpora, under ASan and UBSan
unit:
	$(MAKE) -C t/unit test BUILD=$(BUILD)/unit
	$(MAKE) -s -j$(JOBS) -C t/fuzz replay BUILD=$(BUILD)/fuzz

## sandbox-check: the sandbox's own tests
sandbox-check:
	prove -j$(JOBS) -r t/sandbox/t

## suites: t/*.t on the installed nginx, or on NGINX_SRC=dir; TESTS='t/x.t ..'
suites: $(if $(NGINX_SRC),nginx,module)
	t/tools/run-suites $(BINARY) $(MODULE) $(TESTS)

## suites-newer: the same on the nginx of Debian's next release
suites-newer:
	t/tools/nginx-source $(BUILD)/nginx-newer
	$(MAKE) suites NGINX_SRC=$$(readlink -f $(BUILD)/nginx-newer)

## test-asan: the suites with the module built with ASan and UBSan
test-asan: deps
	$(MAKE) suites-asan SANITIZE=1

suites-asan: $(if $(NGINX_SRC),nginx,module)
	t/tools/asan $(BINARY) $(MODULE) $(TESTS)

## conf-check: every file of conf-examples through nginx -t, offline
conf-check: module
	t/tools/conf-check $(BINARY) $(MODULE)

## docs-check: the code against README.md, the tests against t/README.md
docs-check:
	t/tools/docs-check
	t/tools/table-check

## style-check: what a machine can check of the code's style
style-check:
	t/tools/style-check

## test-browser: the whole path and reference clients, in a real browser
test-browser: deps
	$(MAKE) $(if $(NGINX_SRC),nginx,module)
	NGINX=$(BINARY) MODULE=$(MODULE) t/browser/run

## fuzz: hostile input for each parser; FUZZ_TIME=60 seconds, FUZZ='way ..'
fuzz: deps
	$(MAKE) -s -j$(JOBS) -C t/fuzz fuzz BUILD=$(BUILD)/fuzz FUZZ_TIME=$(FUZZ_TIME) \
	    $(if $(FUZZ),TARGETS='$(FUZZ)')

## crash-test: kills nginx and cuts its power under load; KILLS=300: all
crash-test: deps
	$(MAKE) $(if $(NGINX_SRC),nginx,module)
	NGINX=$(BINARY) MODULE=$(MODULE) KILLS=$(KILLS) t/crash/kill
	NGINX=$(BINARY) MODULE=$(MODULE) t/crash/order
	NGINX=$(BINARY) MODULE=$(MODULE) CUTS=$(CUTS) t/crash/power

## disk-test: a disk that is full, read-only or broken, under nginx
disk-test: deps
	$(MAKE) $(if $(NGINX_SRC),nginx,module)
	NGINX=$(BINARY) MODULE=$(MODULE) t/crash/disk

## reload-test: reloads and binary upgrades under load, and what they cost
reload-test: deps
	$(MAKE) $(if $(NGINX_SRC),nginx,module)
	NGINX=$(BINARY) MODULE=$(MODULE) RELOADS=$(RELOADS) t/crash/reload

## mutants: each promise's guards taken away, one by one: a test must notice
mutants: deps
	NGINX=$(NGINX) t/mutants/run $(BUILD)/mutants $(PROMISES)

## unit-mutants: the same for the rules of the core and its unit tests
unit-mutants:
	$(MAKE) -C t/unit mutants BUILD=$(BUILD)/unit

reload-test-asan: deps
	$(MAKE) run-reload-asan SANITIZE=1

run-reload-asan: $(if $(NGINX_SRC),nginx,module)
	RELOADS=$(RELOADS) t/tools/asan $(BINARY) $(MODULE) t/crash/reload

## bench: what the module costs, beside njs, Lua and auth_request (20 min)
bench: deps
	t/tools/deps wrk libnginx-mod-http-js libnginx-mod-http-lua \
	    lua-resty-core lua-luaossl lua-cjson
	$(MAKE) module NGINX_SRC=
	NGINX=$(NGINX) MODULE=$(BUILD)/dist/ngx_http_veriff_module.so \
	    MODULES_DIR=$(MODULES_DIR) BENCH_DIR=$(BUILD)/bench bench/run

## fault-test: each call of the module that may fail does, in every flow
fault-test: deps
	$(MAKE) run-faults FAULTS=1 SANITIZE=1

FAULT_TESTS := $(if $(FLOWS),alloc,alloc start cuts gone)

# they wait most of the time
run-faults: module
	$(MAKE) -j$(JOBS) -Otarget $(FAULT_TESTS:%=run-fault-%)

run-fault-%:
	t/tools/asan $(BINARY) $(MODULE) t/fault/$* $(FLOWS)

## test-palloc: the suites on an nginx without pools, all under ASan and UBSan
test-palloc: deps
	t/tools/nginx-source $(BUILD)/nginx-newer
	$(MAKE) suites-asan SANITIZE=1 PALLOC=1 \
	    NGINX_SRC=$$(readlink -f $(BUILD)/nginx-newer)

## test-valgrind: unit tests and some suites under valgrind
test-valgrind: deps
	$(MAKE) run-valgrind VALGRIND=1

run-valgrind: module
	t/tools/valgrind $(BINARY) $(MODULE) $(GRIND)

## gates: faults are planted in a copy, and each of these checks finds them
gates: deps
	t/tools/gates

## coverage: lines and branches of src/ that the tests run, with gcov
coverage: deps
	$(MAKE) run-coverage COVERAGE=1 FAULTS=1

run-coverage: module
	t/tools/coverage $(BINARY) $(MODULE) $(TESTS)

## demo: sandbox, an app and nginx, to click through; CHECK=1 checks itself
demo: deps
	$(MAKE) $(if $(NGINX_SRC),nginx,module)
	CHECK=$(CHECK) NGINX=$(BINARY) MODULE=$(MODULE) t/demo/run

## help: this list
help:
	@sed -n 's/^## //p' Makefile | awk -F': ' '{ printf "%-14s %s\n", $$1, \
		substr($$0, length($$1) + 3) }'

.DEFAULT_GOAL := module
.PHONY: module nginx static need-source install clean deps test unit \
        sandbox-check suites suites-newer test-asan suites-asan conf-check \
        docs-check style-check test-browser crash-test disk-test reload-test \
        mutants unit-mutants reload-test-asan run-reload-asan fuzz bench \
        fault-test run-faults coverage run-coverage test-palloc \
        test-valgrind run-valgrind gates demo help
