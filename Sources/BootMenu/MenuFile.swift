// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// A file on a device, as a menu names it.
public struct MenuFile: Equatable, Sendable {
  /// The device's name without brackets, such as `hd0,gpt2`. Empty means the device that the
  /// environment holds to be the root while nothing else is said.
  public var device: ByteString
  /// The path on the device, as written.
  public var path: ByteString

  /// A file on a device.
  public init(device: ByteString, path: ByteString) {
    self.device = device
    self.path = path
  }

  /// A file named as `(device)/path`, or as a path on `root`; nil if a bracket is not closed.
  public init?(_ name: ByteString, root: ByteString) {
    guard name.bytes.first == 0x28 else {
      self.init(device: root, path: name)
      return
    }
    guard let close = name.bytes.firstIndex(of: 0x29) else { return nil }
    let inner = ByteString(name.bytes[1..<close])
    self.init(
      device: inner.isEmpty ? root : inner, path: ByteString(name.bytes[(close + 1)...]))
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
