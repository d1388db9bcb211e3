// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import Bytes

/// The structures from byte 32768 on that say which formats a volume has (ECMA-167, 2/8.1).
enum VolumeRecognition {
  static var firstByte: UInt64 { 32768 }

  /// Whether they announce UDF. Each has 2048 bytes, or a sector if that is more.
  static func announcesUDF<Device: BlockDevice>(
    _ volume: Volume<Device>
  ) throws(UDFError) -> Bool {
    for distance: UInt64 in [2048, 4096, 8192, 16384, 32768] {
      walk: for index in 0..<UDFLimits.recognitionCount {
        let offset = firstByte + index * distance
        guard offset + 8 <= volume.byteCount else { break }
        let bytes: [UInt8]
        do { bytes = try volume.read(at: offset, count: 8) } catch { throw .device(error) }
        switch ByteString(bytes[1..<6]) {
        case "NSR02", "NSR03": return true
        case "BEA01", "BOOT2", "CD001", "CDW02": continue
        // Without anything in the first place no other distance will find more.
        default: if index == 0 { return false } else { break walk }
        }
      }
    }
    return false
  }
}
