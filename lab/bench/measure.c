/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bench runs in dom0: small programs that measure one thing each and print
 * nanoseconds of CLOCK_MONOTONIC. In the bench's QEMU one instruction is one nanosecond.
 *
 *   measure await TTY TEXT[|TEXT...] COMMAND... starts COMMAND, then waits for each TEXT in turn on
 *                                               TTY; one number each, counted from the start
 *   measure read DEVICE BYTES                   reads as `dd bs=1M` does
 *   measure decode gzip|xz|zstd|lz4 FILE BYTES  unpacks a whole payload that is in memory, once
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lzma.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#define AWAIT_LIMIT_NS 300000000000ull
#define CONSOLE_BYTES (1 << 20)
#define LZ4_CHUNK_BYTES (8u << 20)

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "measure: %s\n", what);
  exit(1);
}

/* Zeros would hide the next text from strstr. */
static void blank_zeros(char *text, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!text[i]) text[i] = ' ';
}

static int await(const char *tty, char *texts, char **command) {
  static char console[CONSOLE_BYTES + 1];
  size_t used = 0, searched = 0;
  int file = open(tty, O_RDONLY | O_NOCTTY);
  if (file < 0) die("cannot open the console");
  uint64_t start = now();
  pid_t child = fork();
  if (child == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  for (char *text = strtok(texts, "|"); text; text = strtok(NULL, "|")) {
    char *found;
    while (!(found = strstr(console + searched, text))) {
      struct pollfd ready = {file, POLLIN, 0};
      if (used == CONSOLE_BYTES) die("too much on the console");
      if (now() - start > AWAIT_LIMIT_NS || poll(&ready, 1, 60000) <= 0) {
        fwrite(console, 1, used, stderr);
        die("the text did not come");
      }
      ssize_t count = read(file, console + used, CONSOLE_BYTES - used);
      if (count <= 0) {
        fwrite(console, 1, used, stderr);
        die("the console ended");
      }
      blank_zeros(console + used, (size_t)count);
      used += (size_t)count;
      console[used] = 0;
    }
    printf("%llu\n", (unsigned long long)(now() - start));
    searched = (size_t)(found - console) + strlen(text);
  }
  waitpid(child, NULL, 0);
  return 0;
}

static int read_device(const char *device, size_t wanted) {
  size_t block = 1 << 20, done = 0;
  char *buffer = malloc(block);
  int file = open(device, O_RDONLY);
  if (file < 0 || !buffer) die("cannot open the device");
  uint64_t start = now();
  while (done < wanted) {
    ssize_t count = read(file, buffer, wanted - done < block ? wanted - done : block);
    if (count <= 0) die("the device ended");
    done += (size_t)count;
  }
  printf("%llu\n", (unsigned long long)(now() - start));
  return 0;
}

static size_t ungzip(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  struct libdeflate_decompressor *state = libdeflate_alloc_decompressor();
  size_t count = 0;
  return state && !libdeflate_gzip_decompress(state, in, in_size, out, out_size, &count) ? count : 0;
}

static size_t unxz(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  uint64_t limit = UINT64_MAX;
  size_t in_done = 0, out_done = 0;
  lzma_ret answer =
      lzma_stream_buffer_decode(&limit, 0, NULL, in, &in_done, in_size, out, &out_done, out_size);
  return answer == LZMA_OK ? out_done : 0;
}

static size_t unzstd(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  size_t whole = ZSTD_findFrameCompressedSize(in, in_size);
  size_t count = ZSTD_isError(whole) ? whole : ZSTD_decompress(out, out_size, in, whole);
  return ZSTD_isError(count) ? 0 : count;
}

static uint32_t word(const uint8_t *at) {
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The legacy frame of `lz4 -l`: a magic number, then chunks of 8 MiB with their sizes in front. */
static size_t unlz4(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size) {
  size_t at = 4, done = 0;
  while (done < out_size && at + 4 <= in_size) {
    uint32_t size = word(in + at);
    at += 4;
    if (size > in_size - at) break;
    size_t room = out_size - done < LZ4_CHUNK_BYTES ? out_size - done : LZ4_CHUNK_BYTES;
    int count = LZ4_decompress_safe((const char *)in + at, (char *)out + done, (int)size, (int)room);
    if (count <= 0) return 0;
    at += size;
    done += (size_t)count;
  }
  return done;
}

static int decode(const char *method, const char *path, size_t out_size) {
  struct stat status;
  int file = open(path, O_RDONLY);
  if (file < 0 || fstat(file, &status) < 0) die("cannot open the payload");
  size_t in_size = (size_t)status.st_size, done = 0;
  uint8_t *in = malloc(in_size);
  for (ssize_t count; in && done < in_size; done += (size_t)count)
    if ((count = read(file, in + done, in_size - done)) <= 0) die("the payload ended");
  uint64_t start = now();
  uint8_t *out = malloc(out_size);
  if (!in || !out) die("no memory");
  size_t count = 0;
  if (!strcmp(method, "gzip")) count = ungzip(in, in_size, out, out_size);
  if (!strcmp(method, "xz")) count = unxz(in, in_size, out, out_size);
  if (!strcmp(method, "zstd")) count = unzstd(in, in_size, out, out_size);
  if (!strcmp(method, "lz4")) count = unlz4(in, in_size, out, out_size);
  uint64_t end = now();
  if (count != out_size) die("the payload did not unpack to its size");
  printf("%llu\n", (unsigned long long)(end - start));
  return 0;
}

int main(int count, char **words) {
  if (count >= 5 && !strcmp(words[1], "await")) return await(words[2], words[3], words + 4);
  if (count == 4 && !strcmp(words[1], "read"))
    return read_device(words[2], strtoull(words[3], NULL, 10));
  if (count == 5 && !strcmp(words[1], "decode"))
    return decode(words[2], words[3], strtoull(words[4], NULL, 10));
  die("usage: measure await|read|decode ...");
}
