// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootMenu
import BootPlan
import Bytes
import Synchronization
import TestSupport

/// The bytes of a guest's disk, made by `testimages/guest-disk.sh`.
struct GuestImage {
  /// How the disk is laid out.
  enum Layout: String {
    case bare, msdos, gpt
  }

  static let uuid: ByteString = "01234567-89ab-cdef-0123-456789abcdef"
  /// A menu, a kernel of 11 bytes and an initrd of 6.
  static let stock: [String] = [
    "/boot/grub/grub.cfg",
    """
    set timeout=3
    search --no-floppy --fs-uuid --set=root 01234567-89AB-CDEF-0123-456789abcdef
    menuentry 'Debian' { linux /boot/vmlinuz root=/dev/xvda1 ro
    initrd /boot/initrd.img }
    """, "/boot/vmlinuz", "the kernel!", "/boot/initrd.img", "initrd",
  ]

  private static let made = Mutex<[(key: [String], bytes: [UInt8])]>([])

  var bytes: [UInt8]
  let layout: Layout

  /// An image of the files, which are pairs of a path and contents. Each is made once.
  init(_ layout: Layout, _ files: [String] = stock) throws {
    let key = [layout.rawValue] + files
    self.layout = layout
    if let known = Self.made.withLock({ $0.first { $0.key == key } }) {
      bytes = known.bytes
      return
    }
    let bytes = try TestImage("guest-disk", arguments: key).bytes()
    Self.made.withLock { $0.append((key, bytes)) }
    self.bytes = bytes
  }

  /// An image that was made elsewhere.
  init(bytes: [UInt8], layout: Layout = .bare) {
    self.bytes = bytes
    self.layout = layout
  }

  /// Where the superblock is.
  var superblock: Int { (layout == .bare ? 0 : 64 * 512) + 1024 }

  /// The same with a little-endian number of 32 bits put into the superblock.
  func editing(_ offset: Int, _ value: UInt32) -> GuestImage {
    var result = self
    for index in 0..<4 {
      result.bytes[superblock + offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
    return result
  }

  func disk(_ name: ByteString = "xvda", isOptical: Bool = false) -> GuestDisk<MemoryDevice> {
    GuestDisk(MemoryDevice(name: name, bytes: bytes), isOptical: isOptical)
  }
}

extension GuestImage {
  /// A disk with a DOS partition table whose partitions are these file systems.
  static func partitioned(_ images: [GuestImage], name: ByteString = "xvda") -> MemoryDevice {
    var disk = [UInt8](repeating: 0, count: 512 * 64)
    for (index, image) in images.enumerated() {
      let record = 446 + 16 * index
      disk[record + 4] = 0x83
      for (offset, value) in [(8, disk.count / 512), (12, image.bytes.count / 512)] {
        for byte in 0..<4 {
          disk[record + offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
        }
      }
      disk += image.bytes
    }
    disk[510] = 0x55
    disk[511] = 0xaa
    return MemoryDevice(name: name, bytes: disk)
  }
}

/// A disk of zeros.
func blankDisk(_ name: ByteString, isOptical: Bool = false) -> GuestDisk<MemoryDevice> {
  let device = MemoryDevice(name: name, bytes: [UInt8](repeating: 0, count: 1 << 20))
  return GuestDisk(device, isOptical: isOptical)
}

typealias Environment = GuestEnvironment<MemoryDevice>

func environment(_ disks: GuestDisk<MemoryDevice>...) -> Environment {
  Environment(GuestDisks(disks))
}

/// The message of what `body` throws; empty if it throws nothing.
func message<Value>(_ body: () throws(BootError) -> Value) -> ByteString {
  do {
    _ = try body()
    return ""
  } catch { return error.message }
}

extension GuestEnvironment {
  /// What the default entry of the menu that is found boots.
  func defaultTarget() throws -> BootTarget? {
    guard let menu = MenuSearch(self).find().menu,
      let run = MenuInterpreter(environment: self).runDefault(of: menu),
      case .boot(let target) = try run.result.get().outcome
    else { return nil }
    return target
  }
}
