# SPDX-License-Identifier: GPL-2.0-or-later
# Short names for the commands; docs/HACKING.md says what each is for.

SHELL := /bin/sh
IMAGE := build/pvgrub-swift
TOOL := build/pvgrub-tool
TOOLSET := Toolset/x86_64-xen.json
# SwiftPM does not notice changed linker flags or libraries: each set of them has a build folder.
IMAGE_KEY = $(shell cat $(TOOLSET) Toolset/image.ld tools/decoders.mk tools/decoders/* \
	build/decoders/pins | sha256sum | cut -c1-12)
IMAGE_BUILD = .build-image/$(IMAGE_KEY)
PROBE := build/stub-domain-probe

.PHONY: all bench check-reproducible clean decoders demo format fuzz fuzz-all fuzz-smoke image images-all install \
	install-image install-tool lab lint probe raise-sources size test tool unit

all: image tool

image: decoders
	@mkdir -p build
	tools/build-image PVGrub $(IMAGE_BUILD)
	tools/check-image $(IMAGE_BUILD)/x86_64-unknown-none-elf/release/PVGrub
	@cp $(IMAGE_BUILD)/x86_64-unknown-none-elf/release/PVGrub $(IMAGE).debug
	@strip -o $(IMAGE) $(IMAGE).debug
	@ls -l $(IMAGE)

# The C libraries inside the image, from Debian's sources. SOURCES=FOLDER: where these are, or are put.
decoders: install-image
	@$(MAKE) --no-print-directory -j2 -f tools/decoders.mk

# Pins the newest sources that Debian has, in tools/decoders/sources.pins.
raise-sources: install-image
	@$(MAKE) --no-print-directory -f tools/decoders.mk raise

# Builds the image in two folders, without a network, and compares. Ten minutes on two cores.
check-reproducible: decoders
	tools/check-reproducible

# Where the image's bytes are.
size: image
	tools/image-size $(IMAGE).debug

# A stub domain that reports what it was given; the lab boots it in place of a guest's kernel.
probe: decoders
	@mkdir -p build
	tools/build-image StubDomainProbe $(IMAGE_BUILD)
	@cp $(IMAGE_BUILD)/x86_64-unknown-none-elf/release/StubDomainProbe $(PROBE)

tool: install-tool
	@mkdir -p build
	swift build -c release --product pvgrub-tool --scratch-path .build-tool
	@cp .build-tool/release/pvgrub-tool $(TOOL)

# Installs what is missing to build and to run the unit tests; lab/install does it for the lab.
install:
	@tools/install image tool tests

install-image:
	@tools/install image

install-tool:
	@tools/install tool

unit: install
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --skip-build

# `unit` takes a few images and a few hundred damaged ones. These take all images of each reader, against
# its judge, and 20,000 damaged ones each. Optimised.
READER_TESTS := swift test -c release -Xswiftc -enable-testing --scratch-path .build-release
images-all: install
	IMAGES=all $(READER_TESTS) --filter '(Ext4|XFS|Btrfs)Tests.OracleTests'

fuzz: install
	FIELD_VARIANTS=all MUTATION_COUNT=20000 $(READER_TESTS) \
		--filter '(Ext4|XFS|SquashFS|EROFS|UDF)Tests.(FieldTests|MutationTests)|BtrfsTests.DamageTests|PartitionsTests.(LVM|Raid)FaultTests'

# Feeds all that takes bytes of an enemy with inputs that libFuzzer makes, on both cores, and prints what
# came of it. MINUTES are for all targets together; the corpus stays in build/fuzz.
MINUTES := 20
fuzz-all: install
	tools/fuzz --minutes $(MINUTES)

# The same for two minutes.
fuzz-smoke: install
	tools/fuzz --minutes 2

# As the image is compiled: across modules, and without checks for overlapping accesses.
BENCH_FLAGS := -Xswiftc -cross-module-optimization -Xswiftc -enforce-exclusivity=unchecked
# Boots on real Xen beside the toolstack's and GRUB's, then parts of the loader beside their C peers,
# written to docs/BENCHMARKS.md. It takes an hour. `lab/bench-boots --only REGEX` measures some boots.
bench: image tool
	lab/install
	swift build -c release --product fs-bench --scratch-path .build-bench $(BENCH_FLAGS)
	swift build -c release --product core-bench --scratch-path .build-bench $(BENCH_FLAGS)
	tools/bench

# What CI runs: unit tests, the image, and a few guests on real Xen.
test: install
	tools/run-tests ci

# All guests on Xen 4.17 and on 4.20, each with its suite's kernel. SUITES=trixie KERNEL=sid: others.
SUITES := bookworm trixie
lab: image probe
	lab/run-suites "$(SUITES)" --set full $(if $(KERNEL),--kernel $(KERNEL))

demo: image
	@lab/install
	@lab/demo

format:
	swift format --in-place --recursive Sources Tests Fuzz Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift

clean:
	rm -rf .build .build-* build
