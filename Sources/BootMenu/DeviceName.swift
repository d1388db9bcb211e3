// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A device's name taken apart: which disk, and which partition of it.
///
/// Names are those of GRUB 2 (manual, "Device syntax"), with partitions counted from one. Names of
/// a legacy menu go through `init(legacy:)`, which counts them from zero.
public struct DeviceName: Equatable, Sendable {
  /// How a disk is named.
  public indirect enum Disk: Equatable, Sendable {
    /// `hd0`: by its place among the hard disks.
    case hardDisk(UInt64)
    /// `cd0`: by its place among the optical disks.
    case opticalDisk(UInt64)
    /// `xen/xvda`, `/dev/xvda` or `xvda`: by the name that the guest gives it.
    case named(ByteString)
    /// Anything else, such as `lvm/vg-root`, `md/0`, `loop0` or `memdisk`.
    case other(ByteString)
  }

  /// How a partition is counted.
  public enum Scheme: Equatable, Sendable {
    /// `msdos1`.
    case mbr
    /// `gpt1`.
    case gpt
    /// `1`: whatever the disk has.
    case any
  }

  /// A partition of a disk.
  public struct Partition: Equatable, Sendable {
    /// How it is counted.
    public var scheme: Scheme
    /// Its number, from one.
    public var number: UInt64
  }

  /// The disk.
  public var disk: Disk
  /// The partition; nil for the whole disk.
  public var partition: Partition?

  /// A name taken apart already.
  public init(disk: Disk, partition: Partition?) {
    self.disk = disk
    self.partition = partition
  }

  /// Takes a name of GRUB 2 apart. Brackets around it are allowed; a partition inside a partition
  /// (`hd0,msdos1,bsd1`) is taken for the outer one.
  public init?(_ name: ByteString) {
    guard name.count <= MenuLimits.patternByteCountMax else { return nil }
    let parts = DeviceName.withoutBrackets(name).split(on: 0x2c)
    guard let first = parts.first, let disk = DeviceName.disk(first) else { return nil }
    self.disk = disk
    guard parts.count > 1 else { return }
    guard let partition = DeviceName.partition(parts[1]) else { return nil }
    self.partition = partition
  }

  /// The name as GRUB 2 would write it, of a name in a legacy menu, which counts partitions from
  /// zero: `(hd0,0)` gives `hd0,1`, `(hd0)` gives `hd0`. A name of any other form is kept.
  public static func modern(legacy name: ByteString) -> ByteString {
    let bare = withoutBrackets(name)
    guard bare.count <= MenuLimits.patternByteCountMax else { return bare }
    let parts = bare.split(on: 0x2c)
    guard parts.count > 1, let number = Numbers.decimal(parts[1]), number < 1 << 16 else {
      return bare
    }
    return "\(parts[0]),\(number + 1)"
  }

  /// The same device named as partition of a disk, for a name that ends in digits: `xvda2` is a
  /// disk of its own where one is attached so, and else partition 2 of `xvda`.
  public var asPartitionOfDisk: DeviceName? {
    guard case .named(let name) = disk, partition == nil else { return nil }
    let digits = name.bytes.reversed().prefix { ASCII.isDigit($0) }.count
    let stem = ByteString(name.bytes.dropLast(digits))
    guard digits > 0, !stem.isEmpty,
      let number = Numbers.decimal(ByteString(name.bytes.suffix(digits))), number > 0
    else { return nil }
    return DeviceName(disk: .named(stem), partition: Partition(scheme: .any, number: number))
  }

  private static func withoutBrackets(_ name: ByteString) -> ByteString {
    guard name.bytes.first == 0x28, name.bytes.last == 0x29, name.count >= 2 else { return name }
    return ByteString(name.bytes[1..<(name.count - 1)])
  }

  private static func disk(_ name: ByteString) -> Disk? {
    if name.isEmpty { return nil }
    if let index = number(name, after: "hd") { return .hardDisk(index) }
    if let index = number(name, after: "cd") { return .opticalDisk(index) }
    for prefix in ByteString.words("xen/ /dev/") where name.hasPrefix(prefix) {
      let rest = name.dropFirst(prefix.count)
      return rest.isEmpty ? nil : .named(rest)
    }
    for prefix in ByteString.words("xvd sd vd hd") where name.hasPrefix(prefix) {
      return .named(name)
    }
    return .other(name)
  }

  private static func partition(_ text: ByteString) -> Partition? {
    var scheme = Scheme.any
    var digits = text
    for (prefix, kind): (ByteString, Scheme) in [("msdos", .mbr), ("gpt", .gpt)]
    where text.hasPrefix(prefix) {
      scheme = kind
      digits = text.dropFirst(prefix.count)
    }
    guard let number = Numbers.decimal(digits), number > 0 else { return nil }
    return Partition(scheme: scheme, number: number)
  }

  private static func number(_ text: ByteString, after prefix: ByteString) -> UInt64? {
    text.hasPrefix(prefix) ? Numbers.decimal(text.dropFirst(prefix.count)) : nil
  }
}
