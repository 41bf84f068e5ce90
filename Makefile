# make demo       a service breaks in a lab, is noticed, repaired and proven healthy (says what it will install)
# make test       everything that CI runs; the last line is `N passed, N failed`
# make build      debug binaries in .build/debug
# make release    static release binaries in .build/release
# make check      format lint
# make evidence   the long campaigns; writes docs/evidence/
# make install    as a package would: DESTDIR=/tmp/root make install

SWIFT    ?= swift
DESTDIR  ?=
BUILD    ?= .build/release
PREFIX   := $(DESTDIR)/usr
SHARE    := $(PREFIX)/share/nightshift
UNITS    := $(DESTDIR)/usr/lib/systemd/system

.PHONY: build release check test demo evidence install packages

build:
	$(SWIFT) build

release:
	$(SWIFT) build -c release --static-swift-stdlib --product nightshift
	$(SWIFT) build -c release --static-swift-stdlib --product nightshift-exec

check:
	$(SWIFT) format lint --strict --recursive --configuration .swift-format Sources Tests Package.swift

packages:
	Tests/Lab/packages

test: packages
	Tests/all

demo:
	Tests/Lab/demo

evidence: packages
	Tests/Lab/evidence

install:
	install -d $(PREFIX)/bin $(PREFIX)/lib/sysusers.d $(PREFIX)/lib/tmpfiles.d $(UNITS) $(SHARE)/rules \
	    $(SHARE)/runbooks/pipeline $(SHARE)/runbooks/roles
	install -m 0755 $(BUILD)/nightshift $(BUILD)/nightshift-exec $(PREFIX)/bin/
	install -m 0644 packaging/*.service packaging/*.socket $(UNITS)/
	install -m 0644 packaging/sysusers.conf $(PREFIX)/lib/sysusers.d/nightshift.conf
	install -m 0644 packaging/tmpfiles.conf $(PREFIX)/lib/tmpfiles.d/nightshift.conf
	install -m 0644 rules/*.yaml $(SHARE)/rules/
	install -m 0644 runbooks/*.yaml $(SHARE)/runbooks/
	install -m 0644 runbooks/pipeline/*.yaml $(SHARE)/runbooks/pipeline/
	install -m 0644 runbooks/roles/*.md $(SHARE)/runbooks/roles/
	install -d -m 0755 $(DESTDIR)/etc/nightshift/rules $(DESTDIR)/etc/nightshift/runbooks
	test -e $(DESTDIR)/etc/nightshift/nightshift.yaml || \
	    install -m 0644 packaging/nightshift.yaml $(DESTDIR)/etc/nightshift/nightshift.yaml
