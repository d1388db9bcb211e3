// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import BootMenu
public import Bytes
import Partitions

/// Partitions that hold one of several systems each.
extension GuestEnvironment {
  /// The system that a disk would start next.
  public func nextSlot(ofDisk disk: ByteString, taken: [ByteString]) -> BootSlot? {
    guard let place = disks.blockPosition(named: disk) else { return nil }
    var slots: [SystemSlot] = []
    var volumes: [GuestVolume<Device>] = []
    for volume in disks.disks[place.disk].volumes {
      guard var slot = volume.slot, let number = volume.partitionNumber else { continue }
      let name: ByteString = "\(disk),gpt\(number)"
      let count = taken.filter { $0 == name }.count + takenTryCount(of: volume)
      slot.triesLeft = max(0, slot.triesLeft - count)
      slots.append(slot)
      volumes.append(volume)
    }
    guard let index = SystemSlot.next(of: slots), let number = volumes[index].partitionNumber
    else { return nil }
    return BootSlot(
      number: number, identifier: volumes[index].partitionIdentifier,
      takesTry: slots[index].triesLeft > 0)
  }

  /// The tries that were taken since the table was read.
  private func takenTryCount(of volume: GuestVolume<Device>) -> Int {
    takenTries.filter { $0 == volume.partitionIdentifier }.count
  }

  /// Takes tries of a partition, in the table if that may be written; a line for the log.
  func takeTries(
    _ count: Int, of name: ByteString, options: HostOptions
  ) -> ByteString {
    guard let place = disks.position(named: name), let number = disks[place].partitionNumber
    else { return "(\(name)): no such partition" }
    // Without this a fallback to the same entry would start the same system for ever.
    for _ in 0..<min(count, 15) { takenTries.append(disks[place].partitionIdentifier) }
    let left: ByteString = "the tries left for (\(name)) are not written: "
    if options.isReadOnly { return left + "the host says readonly" }
    let disk = disks.disks[place.disk]
    if disk.kind != .hardDisk { return left + "it is no partition of a disk" }
    guard disk.whole.isWritable else { return left + "the disk may not be written" }
    for _ in 0..<min(count, 15) {
      if let reason = GPTTries.take(of: number, on: disk.whole) { return left + reason }
    }
    return "took a try of (\(name))"
  }
}
