# SPDX-License-Identifier: GPL-2.0-or-later
#
# The C libraries inside the image, built from Debian's sources (decision 0054): the decoding half, with
# a section for each function, so that the linker drops what nobody calls. Debian's own archives have
# both halves in one object.
#
# Usage: make -f tools/decoders.mk [SOURCES=FOLDER], from the project's root. Leaves
# build/decoders/lib*.a. FOLDER: where the source packages are, or are put (tools/decoder-sources).

OUT := build/decoders
SOURCES ?= build/sources
.PHONY: all raise pins
.DEFAULT_GOAL := all
SOURCE := $(OUT)/source

# Loops that unpack a whole kernel are optimised for speed, the rest for size.
FAST := -O2
SMALL := -Os
CFLAGS := -std=gnu99 -w -DNDEBUG -fno-pic -fno-pie -fstack-protector-strong -fcf-protection=none \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)/=

ZLIB := inflate inffast inftrees adler32 zutil
LZMA := common/common common/block_util common/stream_decoder common/stream_flags_common \
	common/stream_flags_decoder common/block_decoder common/block_header_decoder common/filter_common \
	common/filter_decoder common/filter_flags_decoder common/index_hash common/vli_decoder \
	common/vli_size common/alone_decoder common/microlzma_decoder check/check check/crc64_small \
	lz/lz_decoder lzma/lzma_decoder lzma/lzma2_decoder \
	simple/simple_coder simple/simple_decoder simple/x86 simple/arm simple/armthumb simple/arm64 \
	simple/powerpc simple/ia64 simple/sparc delta/delta_common delta/delta_decoder
BZIP2 := bzlib decompress huffman crctable randtable
LZ4 := lz4
ZSTD := common/entropy_common common/error_private common/fse_decompress common/zstd_common \
	common/xxhash decompress/huf_decompress decompress/zstd_ddict decompress/zstd_decompress \
	decompress/zstd_decompress_block
DEFLATE := deflate_decompress gzip_decompress utils crc32 x86/cpu_features
TOMCRYPT := hashes/md5 hashes/sha1 hashes/sha2/sha256 hashes/sha2/sha512 misc/zeromem

OBJECTS := $(ZLIB:%=$(OUT)/zlib/%.o) $(LZMA:%=$(OUT)/xz-utils/%.o) $(BZIP2:%=$(OUT)/bzip2/%.o) \
	$(LZ4:%=$(OUT)/lz4/%.o) $(ZSTD:%=$(OUT)/libzstd/%.o) $(DEFLATE:%=$(OUT)/libdeflate/%.o) \
	$(TOMCRYPT:%=$(OUT)/libtomcrypt/%.o)
# The names of Debian's archives: -Lbuild/decoders makes the linker find these first.
ARCHIVES := $(addprefix $(OUT)/lib,z.a lzma.a bz2.a lz4.a zstd.a deflate.a tomcrypt.a)

all: $(ARCHIVES)
	@sed 's/^/tools\/decoders.mk: /' $(SOURCE)/versions

$(OUT)/libz.a: $(filter $(OUT)/zlib/%,$(OBJECTS))
$(OUT)/liblzma.a: $(filter $(OUT)/xz-utils/%,$(OBJECTS))
$(OUT)/libbz2.a: $(filter $(OUT)/bzip2/%,$(OBJECTS))
$(OUT)/liblz4.a: $(filter $(OUT)/lz4/%,$(OBJECTS))
$(OUT)/libzstd.a: $(filter $(OUT)/libzstd/%,$(OBJECTS))
$(OUT)/libdeflate.a: $(filter $(OUT)/libdeflate/%,$(OBJECTS))
$(OUT)/libtomcrypt.a: $(filter $(OUT)/libtomcrypt/%,$(OBJECTS))
$(ARCHIVES):
	@rm -f $@
	@ar rcsD $@ $^

# Checked each time, and written only when another version is to be unpacked.
pins:
	@tools/decoder-sources fetch $(SOURCES) $(OUT)/pins
$(OUT)/pins: pins

$(SOURCE)/versions: $(OUT)/pins tools/decoder-sources tools/decoders.mk $(wildcard tools/decoders/*.patch)
	tools/decoder-sources unpack $(SOURCES) $(OUT)/pins $(SOURCE)

raise:
	@tools/decoder-sources raise $(SOURCES)

$(OBJECTS): $(SOURCE)/versions

compile = @mkdir -p $(@D) && gcc $(CFLAGS) $(1) -c $(SOURCE)/$(2)/$*.c -o $@

# Left out: copies for BMI2, tables for two symbols at a time and a second loop for far offsets. They are
# 53 KB and save a tenth of the time.
ZSTD_OPTIONS := -DZSTD_LEGACY_SUPPORT=0 -DXXH_NAMESPACE=ZSTD_ -DDYNAMIC_BMI2=0 -DZSTD_DISABLE_ASM=1 \
	-DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT
# All filters and checks that a stream may name; SHA-256 comes from libtomcrypt.
LZMA_OPTIONS := $(addprefix -D,HAVE_STDBOOL_H HAVE_STDINT_H HAVE_INTTYPES_H HAVE_STRING_H HAVE_LIMITS_H \
	HAVE__BOOL HAVE_DECODERS $(addprefix HAVE_DECODER_,LZMA1 LZMA2 X86 POWERPC IA64 ARM ARMTHUMB ARM64 \
	SPARC DELTA) HAVE_CHECK_CRC32 HAVE_CHECK_CRC64 HAVE_CHECK_SHA256 HAVE_SHA256_H \
	HAVE_SHA256_CTX HAVE_SHA256_INIT TUKLIB_FAST_UNALIGNED_ACCESS \
	TUKLIB_SYMBOL_PREFIX=lzma_ SIZEOF_SIZE_T=8) \
	$(addprefix -I$(SOURCE)/xz-utils/src/,common $(addprefix liblzma/,api common check lz rangecoder \
	lzma delta simple)) \
	-Itools/decoders -I$(SOURCE)/libtomcrypt/src/headers
# A wrong argument is an error for the caller and does not end the program.
TOMCRYPT_OPTIONS := $(addprefix -D,LTC_SOURCE LTC_SMALL_CODE LTC_NO_TEST LTC_NO_FILE LTC_NO_ASM ARGTYPE=4) \
	-I$(SOURCE)/libtomcrypt/src/headers

$(OUT)/zlib/inffast.o: $(OUT)/zlib/%.o: ; $(call compile,$(FAST),zlib)
$(OUT)/zlib/%.o: ; $(call compile,$(SMALL),zlib)
$(OUT)/xz-utils/lzma/lzma_decoder.o: $(OUT)/xz-utils/%.o:
	$(call compile,$(FAST) $(LZMA_OPTIONS),xz-utils/src/liblzma)
$(OUT)/xz-utils/%.o: ; $(call compile,$(SMALL) $(LZMA_OPTIONS),xz-utils/src/liblzma)
$(OUT)/bzip2/%.o: ; $(call compile,$(SMALL) -DBZ_NO_STDIO,bzip2)
$(OUT)/lz4/%.o: ; $(call compile,$(FAST),lz4/lib)
$(OUT)/libzstd/%.o: ; $(call compile,$(FAST) $(ZSTD_OPTIONS),libzstd/lib)
$(OUT)/libdeflate/%.o: ; $(call compile,$(FAST) -I$(SOURCE)/libdeflate,libdeflate/lib)
$(OUT)/libtomcrypt/%.o: ; $(call compile,$(SMALL) $(TOMCRYPT_OPTIONS),libtomcrypt/src)
