// SPDX-License-Identifier: GPL-2.0-or-later
public import BlockIO
import Bytes

/// Volumes encrypted with LUKS (cryptsetup, "LUKS On-Disk Format").
public enum EncryptedVolume {
  /// The version of LUKS, 1 or 2, that `volume` is encrypted with; nil if it is not, or can't be
  /// read.
  public static func version<Device: BlockDevice>(_ volume: Volume<Device>) -> UInt16? {
    let bytes: [UInt8]
    do { bytes = try volume.read(at: 0, count: 512) } catch { return nil }
    let view = ByteView(bytes)
    guard view.slice(at: 0, count: 6)?.bytes == [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe],
      let version = view.u16BigEndian(at: 6), version == 1 || version == 2
    else { return nil }
    return version
  }
}
