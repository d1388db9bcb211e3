// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import TestSupport
import Testing

struct PayloadFormatTests {
  @Test(
    arguments: [
      (["gzip"], .gzip), (["bzip2"], .bzip2), (["xz"], .xz), (["xz", "--format=lzma"], .lzma),
      (["lzop"], .lzo), (["lz4", "-l"], .lz4), (["zstd"], .zstd),
    ] as [([String], PayloadFormat)])
  func knowsWhatThePackersWrite(command: [String], format: PayloadFormat) throws {
    let packed = try HostTool.output(command, input: Oracle.sample(byteCount: 2000))
    #expect(PayloadFormat.detect(ByteView(packed)) == format)
  }

  @Test func knowsELFAndLzop() {
    #expect(PayloadFormat.detect(ByteView([0x7f, 0x45, 0x4c, 0x46, 2])) == .uncompressed)
    let lzop: [UInt8] = [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]
    #expect(PayloadFormat.detect(ByteView(lzop)) == .lzo)
    #expect(PayloadFormat.detect(ByteView(Array(lzop.dropLast()))) == nil)
  }

  @Test func anythingElseIsNoFormat() {
    #expect(PayloadFormat.detect(ByteView([])) == nil)
    #expect(PayloadFormat.detect(ByteView(Array("#!/bin/sh\n".utf8))) == nil)
  }
}
