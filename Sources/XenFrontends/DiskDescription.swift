// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// What xenstore says about a disk before it is connected.
public struct DiskDescription: Equatable, Sendable {
  /// Where it is in xenstore.
  public let address: XenbusAddress

  /// The name that its number stands for: `xvda`, `xvda1`, `hdc`, `sda`.
  public let name: ByteString

  /// Whether it is a CD-ROM drive, which may be empty.
  public let isCDROM: Bool

  /// The virtual device number: the name of its directory below `device/vbd`.
  public var number: UInt64 { address.number }

  /// The backend's directory, absolute.
  public var backendPath: ByteString { address.backendPath }

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
    // Letters count a to z, aa, ab...: base 26 without a zero. The number has at most 20 bits.
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

  /// Describes the disk at `address`.
  init<H: Hypervisor>(_ address: XenbusAddress, store: XenStore<H>) throws(XenStoreError) {
    self.address = address
    name = Self.name(of: address.number)
    isCDROM = try store.readIfPresent(address.path + "/device-type") == "cdrom"
  }

  /// All disks of this domain that the toolstack has set up, by number, at most 256.
  public static func all<H: Hypervisor>(
    _ store: XenStore<H>
  ) throws(XenStoreError) -> [DiskDescription] {
    var result: [DiskDescription] = []
    for address in try XenbusAddress.all(kind: "vbd", store: store) {
      result.append(try DiskDescription(address, store: store))
    }
    return result
  }
}
