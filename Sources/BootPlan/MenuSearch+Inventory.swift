// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import Bytes

extension MenuSearch {
  /// Lines that say what is on the disks, for a guest without a menu.
  public func inventory() -> [ByteString] {
    var lines: [ByteString] = []
    for disk in environment.disks.disks {
      let size = disk.whole.byteCount >> 20
      lines.append("\(disk.name): \(size) MiB" + (disk.isOptical ? ", optical" : ""))
      if let failure = disk.failure { lines.append("  \(failure.message)") }
      for volume in disk.volumes {
        if let system = volume.fileSystem {
          let label: ByteString = system.label.isEmpty ? "" : " '\(system.label)'"
          let uuid: ByteString = system.uuid.isEmpty ? "" : " \(system.uuid)"
          lines.append("  \(system.place)\(label)\(uuid)")
          for detail in system.details { lines.append("    \(detail)") }
        } else if let failure = volume.failure {
          lines.append("  \(failure.message)")
        } else if volume.partitionNumber != nil || (!disk.isPartitioned && disk.failure == nil) {
          lines.append("  \(volume.volume.name): no file system that is known here")
        }
      }
    }
    return lines
  }
}
