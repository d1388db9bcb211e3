// SPDX-License-Identifier: GPL-2.0-or-later
import Decompression

/// Packs with the host's tools.
package enum Packer {
  /// All formats that kernels are packed in.
  package static let formats: [PayloadFormat] = [
    .uncompressed, .gzip, .bzip2, .lzma, .xz, .lzo, .lz4, .zstd,
  ]

  package static func gzip(_ input: [UInt8]) throws -> [UInt8] {
    try HostTool.output(["gzip", "-9"], input: input)
  }

  /// As the kernel's `scripts/xz_wrap.sh` does, with the size after.
  package static func xz(_ input: [UInt8], dictionary: String = "32MiB") throws -> [UInt8] {
    var size = [UInt8](repeating: 0, count: 4)
    size.store(UInt64(input.count), at: 0, count: 4)
    return try HostTool.output(
      ["xz", "--check=crc32", "--x86", "--lzma2=dict=" + dictionary], input: input) + size
  }

  /// The command of each format, as the kernel's build has it where that takes no minutes.
  package static func command(_ format: PayloadFormat) -> [String] {
    switch format {
    case .uncompressed: ["cat"]
    case .gzip: ["gzip", "-n", "-9"]
    case .bzip2: ["bzip2", "-9"]
    case .lzma: ["xz", "--format=lzma", "-6"]
    case .xz: ["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"]
    case .lzo: ["lzop", "-9"]
    case .lz4: ["lz4", "-l", "-9", "-", "-"]
    case .zstd: ["zstd", "-19"]
    }
  }

  package static func pack(_ input: [UInt8], _ format: PayloadFormat) throws -> [UInt8] {
    try HostTool.output(command(format), input: input)
  }

  /// A bzImage's payload: most formats have the unpacked size after, which can be made to lie.
  package static func payload(
    _ input: [UInt8], _ format: PayloadFormat, stated: Int? = nil
  ) throws -> [UInt8] {
    let packed = try pack(input, format)
    guard format.hasSizeField else { return packed }
    var size = [UInt8](repeating: 0, count: 4)
    size.store(UInt64(stated ?? input.count), at: 0, count: 4)
    return packed + size
  }
}
