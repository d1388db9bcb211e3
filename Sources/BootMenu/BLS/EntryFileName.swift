// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// The name of an entry's file (Boot Loader Specification, "Boot counting"): `ID.conf`,
/// `ID+LEFT.conf` or `ID+LEFT-DONE.conf`, and the same with `.efi`.
struct EntryFileName {
  /// The name without the counters, and without `.conf`.
  let id: ByteString
  /// How often the entry may still be tried; nil without boot counting.
  let triesLeft: UInt64?
  /// How often it was tried.
  let triesDone: UInt64

  /// Takes a name with an ending apart. Nil if it is no entry's: hidden, or with another ending.
  init?(_ name: ByteString, ending: ByteString) {
    guard name.bytes.first != 0x2e, name.count > ending.count,
      name.lowercased.hasSuffix(ending)
    else { return nil }
    let stem = ByteString(name.bytes.dropLast(ending.count))
    // The id of a unified kernel image has its ending.
    let tail: ByteString = ending == ".conf" ? "" : ending
    if let plus = stem.bytes.lastIndex(of: 0x2b), plus > 0,
      let (left, done) = EntryFileName.counters(ByteString(stem.bytes[(plus + 1)...]))
    {
      id = ByteString(stem.bytes[..<plus]) + tail
      triesLeft = left
      triesDone = done
    } else {
      id = stem + tail
      triesLeft = nil
      triesDone = 0
    }
  }

  /// Whether systemd-boot passes over a file of this name, as its own entries are called so
  /// (`src/boot/boot.c`, `valid_type1_filename`).
  static func isReserved(_ name: ByteString) -> Bool { name.lowercased.hasPrefix("auto-") }

  /// Whether all tries are used up: such an entry comes last.
  var isBad: Bool { triesLeft == 0 }

  private static func counters(_ text: ByteString) -> (UInt64, UInt64)? {
    guard text.count <= MenuLimits.patternByteCountMax else { return nil }
    let parts = text.split(on: 0x2d)
    guard let first = parts.first, let left = Numbers.decimal(first) else { return nil }
    if parts.count == 1 { return (left, 0) }
    guard parts.count == 2, let done = Numbers.decimal(parts[1]) else { return nil }
    return (left, done)
  }
}
