// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A file on a device, as a menu names it.
public final class MenuFile: Equatable, Sendable {
  /// The device's name without brackets, such as `hd0,gpt2`. Empty means the device that the
  /// environment holds to be the root while nothing else is said.
  public let device: ByteString
  /// The path on the device, as written.
  public let path: ByteString

  /// A file on a device.
  public init(device: ByteString, path: ByteString) {
    self.device = device
    self.path = path
  }

  /// A file named as `(device)/path`, or as a path on `root`; nil if a bracket is not closed.
  public convenience init?(_ name: ByteString, root: ByteString) {
    guard name.bytes.first == 0x28 else {
      self.init(device: root, path: name)
      return
    }
    guard let close = name.bytes.firstIndex(of: 0x29) else { return nil }
    let inner = ByteString(name.bytes[1..<close])
    self.init(
      device: inner.isEmpty ? root : inner, path: ByteString(name.bytes[(close + 1)...]))
  }

  /// A file named in a menu of GRUB legacy, which counts partitions from zero; nil if a bracket is
  /// not closed.
  convenience init?(legacy name: ByteString, root: ByteString) {
    guard let file = MenuFile(name, root: root) else { return nil }
    let isNamed = name.bytes.first == 0x28
    self.init(
      device: isNamed ? DeviceName.modern(legacy: file.device) : file.device, path: file.path)
  }

  /// Whether two names are of the same device and path, as written.
  public static func == (left: MenuFile, right: MenuFile) -> Bool {
    left.device == right.device && left.path == right.path
  }

  /// The name as a menu would write it: `(device)/path`, or the path alone without a device.
  public var name: ByteString { device.isEmpty ? path : "(\(device))\(path)" }

  /// The directory that the file is in, without a slash at the end.
  public var directory: MenuFile {
    guard let slash = path.bytes.lastIndex(of: ASCII.slash) else {
      return MenuFile(device: device, path: "")
    }
    return MenuFile(device: device, path: ByteString(path.bytes[..<slash]))
  }
}
