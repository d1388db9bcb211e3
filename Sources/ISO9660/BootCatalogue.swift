// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import Bytes

/// An image that a PC's firmware would boot from the disk (El Torito 1.0, section 2).
public struct BootImage: Equatable, Sendable {
  /// The platform: 0 for BIOS, 0xef for UEFI.
  public let platform: UInt8
  /// Whether it is marked as one to boot.
  public let isBootable: Bool
  /// 0 for none, 1 to 3 for floppy disks, 4 for a hard disk.
  public let emulation: UInt8
  /// Where it starts, in bytes of the volume.
  public let byteOffset: UInt64
  /// The number of sectors of 512 bytes that a BIOS loads.
  public let sectorCount: UInt16

  /// One line about it.
  public var text: ByteString {
    let firmware: ByteString =
      switch platform {
      case 0: "BIOS"
      case 0xef: "UEFI"
      default: "platform \(platform)"
      }
    let kind: ByteString = emulation == 0 ? "" : ", emulates disk \(emulation)"
    let mark: ByteString = isBootable ? "" : ", not bootable"
    return "El Torito: \(firmware) image at byte \(byteOffset)" + kind + mark
  }
}

extension ISO9660FileSystem {
  /// A line for each image that firmware would boot, or why they are not known.
  public var details: [ByteString] {
    do throws(ISO9660Error) { return try bootImages().map { $0.text } } catch {
      return [error.message]
    }
  }

  /// The images of the boot catalogue in order; empty if the volume has no catalogue.
  public func bootImages() throws(ISO9660Error) -> [BootImage] {
    guard let sector = descriptors.bootCatalogueSector.map({ UInt64($0) }) else { return [] }
    let place = ISO9660Structure.bootCatalogue(sector: sector)
    let byteCount = VolumeDescriptor.byteCount
    guard sector > 0, (sector + 1) * UInt64(byteCount) <= volume.byteCount else {
      throw .blockOutOfRange(place, block: sector)
    }
    let view: ByteView
    do {
      view = ByteView(try volume.read(at: sector * UInt64(byteCount), count: byteCount))
    } catch { throw .device(error) }
    guard view.u8(at: 0) == 1, var platform = view.u8(at: 1), view.u16(at: 30) == 0xaa55,
      Self.wordSum(view, count: 16) == 0, let first = Self.image(view, at: 32, platform)
    else { throw .badBootCatalogue(place) }
    var result = [first]
    // Section headers say for which platform the entries after them are.
    for slot in 2..<ISO9660Limits.bootEntryCount {
      switch view.u8(at: 32 * slot) {
      case 0x90, 0x91: platform = view.u8(at: 32 * slot + 1) ?? platform
      case 0x88:
        if let image = Self.image(view, at: 32 * slot, platform) { result.append(image) }
      case 0, nil: return result
      default: break  // An extension of the entry before.
      }
    }
    return result
  }

  private static func image(_ view: ByteView, at offset: Int, _ platform: UInt8) -> BootImage? {
    guard let mark = view.u8(at: offset), mark == 0x88 || mark == 0,
      let media = view.u8(at: offset + 1), let count = view.u16(at: offset + 6),
      let block = view.u32(at: offset + 8)
    else { return nil }
    return BootImage(
      platform: platform, isBootable: mark == 0x88, emulation: media & 15,
      byteOffset: UInt64(block) * UInt64(VolumeDescriptor.byteCount), sectorCount: count)
  }

  private static func wordSum(_ view: ByteView, count: Int) -> UInt16 {
    var sum: UInt16 = 0
    for index in 0..<count { sum &+= view.u16(at: 2 * index) ?? 0 }
    return sum
  }
}
