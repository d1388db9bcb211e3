# SPDX-License-Identifier: GPL-2.0-or-later
# Names for the commands; docs/HACKING.md says what each is for.

SHELL := /bin/sh
IMAGE := build/pvgrub-swift
TOOL := build/pvgrub-tool
TOOLSET := Toolset/x86_64-xen.json
# SwiftPM does not notice changed linker flags or libraries: a build folder for each set of them.
IMAGE_KEY := $(shell cat $(TOOLSET) Sources/PVGrub/image.ld tools/decoders.mk | sha256sum | cut -c1-12)
IMAGE_BUILD := .build-image/$(IMAGE_KEY)
SWIFT_IMAGE := swift build -c release --triple x86_64-unknown-none-elf \
	--toolset $(TOOLSET) --scratch-path $(IMAGE_BUILD) --experimental-lto-mode full \
	--explicit-target-dependency-import-check error --product
PROBE := build/stub-domain-probe

.PHONY: bench fuzz-smoke all image decoders size probe tool test unit images-all fuzz lab demo install format lint clean check-image

all: image tool

image: decoders
	@mkdir -p build
	$(SWIFT_IMAGE) PVGrub
	tools/check-image $(IMAGE_BUILD)/x86_64-unknown-none-elf/release/PVGrub
	@cp $(IMAGE_BUILD)/x86_64-unknown-none-elf/release/PVGrub $(IMAGE).debug
	@strip -o $(IMAGE) $(IMAGE).debug
	@ls -l $(IMAGE)

# The C libraries inside the image, from Debian's sources.
decoders: install
	@$(MAKE) --no-print-directory -j2 -f tools/decoders.mk

# Where the image's bytes are.
size: image
	tools/image-size $(IMAGE).debug

# A stub domain that reports what it was given; the lab boots it in place of a guest's kernel.
probe: decoders
	@mkdir -p build
	$(SWIFT_IMAGE) StubDomainProbe
	@cp $(IMAGE_BUILD)/x86_64-unknown-none-elf/release/StubDomainProbe $(PROBE)

tool: install
	@mkdir -p build
	swift build -c release --product pvgrub-tool --scratch-path .build-tool
	@cp .build-tool/release/pvgrub-tool $(TOOL)

# Installs what is missing: compilers' companions, headers, QEMU, Xen.
install:
	@tools/install

unit: install
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --skip-build

# What `unit` does with a few: all images of each reader against its judge, and
# 20,000 damaged ones each. Optimised.
READER_TESTS := swift test -c release -Xswiftc -enable-testing --scratch-path .build-release
images-all: install
	IMAGES=all $(READER_TESTS) --filter '(Ext4|XFS|Btrfs)Tests.OracleTests'

fuzz: install
	FIELD_VARIANTS=all MUTATION_COUNT=20000 $(READER_TESTS) \
		--filter '(Ext4|XFS|SquashFS|EROFS)Tests.(FieldTests|MutationTests)|BtrfsTests.DamageTests|PartitionsTests.(LVM|Raid)FaultTests'

# Damaged menus of every language for a minute: none may trap or hang.
fuzz-smoke: install
	swift build -c release --product menu-fuzz --scratch-path .build-tool
	.build-tool/release/menu-fuzz menus

# As the image is compiled: over module borders, and without checks for overlapping accesses.
BENCH_FLAGS := -Xswiftc -cross-module-optimization -Xswiftc -enforce-exclusivity=unchecked
# Boots on real Xen beside the toolstack's and GRUB's, then parts of the loader beside their C peers;
# all of it goes to docs/BENCHMARKS.md. An hour. `lab/bench-boots --only REGEX` measures some boots.
bench: image tool
	lab/install
	swift build -c release --product fs-bench --scratch-path .build-bench $(BENCH_FLAGS)
	swift build -c release --product core-bench --scratch-path .build-bench $(BENCH_FLAGS)
	tools/bench

# Everything that CI wants to see: unit tests, the image, and a few guests on real Xen.
test: install
	tools/run-tests ci

# The whole matrix of guests.
lab: image probe
	lab/install
	lab/run --set full

demo: image
	@lab/install
	@lab/demo

format:
	swift format --in-place --recursive Sources Tests Package.swift

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

clean:
	rm -rf .build .build-* build
