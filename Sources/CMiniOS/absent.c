/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that the libraries' archives refer to and that nobody calls here: libbz2's functions for files
 * share an object with those for memory, and libzstd has decoders for formats before version 0.8,
 * which a state that was given to it never reaches. Defined here, those decoders are not linked. Only
 * reports of internal errors are real: libbz2 prints twice and exits, libtomcrypt prints and aborts. */
#if !defined(__linux__)

void minios_library_failed(void) __attribute__((noreturn));

void *stdin, *stdout, *stderr;

int __fprintf_chk(void *file, int flag, const char *format, ...)
{
    (void)file, (void)flag, (void)format;
    return 0;
}

unsigned long fwrite(const void *bytes, unsigned long size, unsigned long count, void *file)
{
    (void)bytes, (void)size, (void)count, (void)file;
    return 0;
}

void exit(int status)
{
    (void)status;
    minios_library_failed();
}

void abort(void) { minios_library_failed(); }

#define NEVER_CALLED(name) \
    void name(void) { __builtin_trap(); }

/* libbz2's compressor, which its object for the state of both directions refers to. */
NEVER_CALLED(BZ2_bsInitWrite)
NEVER_CALLED(BZ2_compressBlock)

NEVER_CALLED(__ctype_b_loc)
NEVER_CALLED(fclose)
NEVER_CALLED(fdopen)
NEVER_CALLED(ferror)
NEVER_CALLED(fflush)
NEVER_CALLED(fgetc)
NEVER_CALLED(fopen64)
NEVER_CALLED(fputc)
NEVER_CALLED(fread)
NEVER_CALLED(ungetc)

#define NO_OLD_ZSTD(version)                           \
    NEVER_CALLED(ZBUFF##version##_createDCtx)              \
    NEVER_CALLED(ZBUFF##version##_decompressContinue)      \
    NEVER_CALLED(ZBUFF##version##_decompressInitDictionary) \
    NEVER_CALLED(ZBUFF##version##_freeDCtx)                \
    NEVER_CALLED(ZSTD##version##_createDCtx)               \
    NEVER_CALLED(ZSTD##version##_decompress_usingDict)     \
    NEVER_CALLED(ZSTD##version##_findFrameSizeInfoLegacy)  \
    NEVER_CALLED(ZSTD##version##_freeDCtx)                 \
    NEVER_CALLED(ZSTD##version##_getFrameParams)

NO_OLD_ZSTD(v05)
NO_OLD_ZSTD(v06)
NO_OLD_ZSTD(v07)

#endif
