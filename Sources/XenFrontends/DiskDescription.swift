// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What xenstore says of a disk before anyone connects to it.
public struct DiskDescription: Equatable, Sendable {
  /// The virtual device number: the name of its directory below `device/vbd`.
  public let number: UInt64

  /// The name that the number stands for: `xvda`, `xvda1`, `hdc`, `sda`.
  public let name: ByteString

  /// Our directory, relative: `device/vbd/51712`.
  public let path: ByteString

  /// The backend's directory, absolute.
  public let backendPath: ByteString

  /// The domain of the backend.
  public let backendDomain: UInt16

  /// Whether it is a CD-ROM drive, which may be empty.
  public let isCDROM: Bool

  /// The name of the virtual device `number`, by xen-vbd-interface(7).
  public static func name(of number: UInt64) -> ByteString {
    if number >> 28 == 1 {
      return name("xvd", disk: (number & 0xfff_ffff) >> 8, partition: number & 0xff)
    }
    let minor = number & 0xff
    switch number >> 8 {
    case 202: return name("xvd", disk: minor >> 4, partition: minor & 15)
    case 8: return name("sd", disk: minor >> 4, partition: minor & 15)
    case 3: return name("hd", disk: minor >> 6, partition: minor & 63)
    case 22: return name("hd", disk: 2 + minor >> 6, partition: minor & 63)
    default: return "vbd\(number)"
    }
  }

  private static func name(
    _ prefix: ByteString, disk: UInt64, partition: UInt64
  ) -> ByteString {
    // Letters count a...z, aa, ab...: base 26 without a zero. At most 20 bits come here.
    var letters: [UInt8] = []
    var rest = disk + 1
    while rest > 0 {
      letters.append(0x61 + UInt8((rest - 1) % 26))
      rest = (rest - 1) / 26
    }
    letters.reverse()
    let whole = prefix + ByteString(letters)
    return partition == 0 ? whole : whole + "\(partition)"
  }

  /// Describes the disk `number` from the toolstack's nodes; nil if they are not complete.
  init?<H: Hypervisor>(number: UInt64, store: XenStore<H>) throws(XenStoreError) {
    let path: ByteString = "device/vbd/\(number)"
    guard let backend = try store.readIfPresent(path + "/backend"), !backend.isEmpty,
      let domainText = try store.readIfPresent(path + "/backend-id"),
      let domainNumber = Numbers.decimal(domainText), let domain = UInt16(exactly: domainNumber)
    else { return nil }
    self.number = number
    self.path = path
    name = Self.name(of: number)
    backendPath = backend
    backendDomain = domain
    isCDROM = try store.readIfPresent(path + "/device-type") == "cdrom"
  }

  /// All disks of this domain that the toolstack has set up, by number.
  public static func all<H: Hypervisor>(
    _ store: XenStore<H>
  ) throws(XenStoreError) -> [DiskDescription] {
    let names: [ByteString]
    do throws(XenStoreError) {
      names = try store.directory("device/vbd")
    } catch {
      if error.isNotFound { return [] }
      throw error
    }
    var numbers: [UInt64] = []
    for name in names.prefix(countMax) {
      if let number = Numbers.decimal(name) { numbers.append(number) }
    }
    numbers.sort()
    var result: [DiskDescription] = []
    for number in numbers {
      if let disk = try DiskDescription(number: number, store: store) { result.append(disk) }
    }
    return result
  }

  /// More disks than this are not looked at.
  private static let countMax = 256
}
