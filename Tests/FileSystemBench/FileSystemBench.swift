// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Glibc

/// Reads a file or walks a tree of an ext4 image with this project's reader or with libext2fs, for
/// tools/bench. Prints what was done, how long it took, and how often the disk was asked.
///
/// Usage: fs-bench ours|libext2fs read IMAGE PATH, fs-bench ours|libext2fs walk IMAGE,
/// fs-bench prices IMAGE..., fs-bench limited IMAGE PATH
@main
enum FileSystemBench {
  static func main() throws {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[1] == "limited" {
      try PriceMeter(arguments[2])?.runLimited(ByteString(arguments[3]))
      return
    }
    if arguments.count > 2, arguments[1] == "prices" {
      for image in arguments.dropFirst(2) { try PriceMeter(image)?.run() }
      return
    }
    guard arguments.count >= 4, let reader = reader(named: arguments[1], arguments[3]) else {
      print("usage: fs-bench ours|libext2fs read IMAGE PATH | walk IMAGE")
      print("       fs-bench prices IMAGE... | limited IMAGE PATH")
      exit(2)
    }
    let start = ContinuousClock.now
    let result: BenchResult
    if arguments[2] == "read", arguments.count == 5 {
      result = try reader.read(ByteString(arguments[4]))
    } else {
      result = try reader.walk()
    }
    let seconds = Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
    print(
      "files=\(result.fileCount) bytes=\(result.byteCount) check=\(result.check) "
        + "requests=\(result.requestCount) seconds=\(seconds)")
  }

  private static func reader(named name: String, _ image: String) -> (any BenchReader)? {
    switch name {
    case "ours": OurReader(image)
    case "libext2fs": LibraryReader(image)
    default: nil
    }
  }
}

/// What a run came to. `check` must be the same for both readers.
struct BenchResult {
  var fileCount = 0
  var byteCount: UInt64 = 0
  var check: UInt64 = 0
  /// Calls that read from the disk; what a library does by itself is not known, and 0.
  var requestCount = 0

  /// Looks at one byte of each page, so that both readers' work is known to be the same.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    byteCount += UInt64(bytes.count)
    for index in stride(from: 0, to: bytes.count, by: 4096) {
      check = check &* 31 &+ UInt64(bytes[index])
    }
  }

  /// Looks at a file of a walk.
  mutating func add(inode: UInt32, byteCount count: UInt64) {
    fileCount += 1
    byteCount += count
    check &+= UInt64(inode) &* (count | 1)
  }
}

/// One of the two readers.
protocol BenchReader {
  /// Reads a whole file into one buffer of 1 MiB, again and again.
  func read(_ path: ByteString) throws -> BenchResult
  /// Looks at every name of the tree and at its attributes.
  func walk() throws -> BenchResult
}
