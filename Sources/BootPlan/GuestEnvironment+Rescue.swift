// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import BootMenu
public import Bytes
import Passwords

extension GuestEnvironment {
  /// The bytes of a file from `byteOffset` on.
  public func bytes(
    of file: MenuFile, at byteOffset: UInt64, countMax: Int
  ) throws(RescueFailure) -> ByteString {
    let located = try found(file)
    do throws(BootError) {
      return ByteString(try located.bytes(at: byteOffset, countMax: countMax))
    } catch { throw RescueFailure(error.message) }
  }

  /// The SHA-256 of a file's contents.
  public func sha256(of file: MenuFile) throws(RescueFailure) -> ByteString {
    let located = try found(file)
    guard located.byteCount <= MenuLimits.rescueByteCountMax else {
      throw RescueFailure("\(located.name): over \(MenuLimits.rescueByteCountMax >> 30) GiB")
    }
    var sum = SHA256()
    var offset: UInt64 = 0
    while offset < located.byteCount {
      if isInterrupted() { throw .interrupted }
      let piece: [UInt8]
      do throws(BootError) {
        piece = try located.bytes(at: offset, countMax: MenuLimits.pieceByteCount)
      } catch { throw RescueFailure(error.message) }
      guard !piece.isEmpty else {
        throw RescueFailure("\(located.name): ends at byte \(offset) of \(located.byteCount)")
      }
      sum.update(piece)
      offset += UInt64(piece.count)
    }
    return ByteString(sum.finish())
  }

  /// Where a file's bytes are.
  public func storedParts(of file: MenuFile) throws(RescueFailure) -> [StoredPart] {
    try found(file).extents.map { extent in
      let form: StoredPart.Form =
        switch extent {
        case .run(let byteOffset, _): .plain(byteOffset: byteOffset)
        case .zeros: .zeros
        case .inline: .inline
        case .encoded: .packed
        }
      return StoredPart(form, byteCount: extent.byteCount)
    }
  }

  /// Why a path can't be read.
  public func failure(of file: MenuFile) -> ByteString? {
    do throws(BootError) {
      if let list = BlockList(file.path) {
        _ = try locate(list, on: file.device)
      } else {
        let system = try fileSystem(file.device)
        _ = try system.kind(path(of: file, in: system))
      }
      return nil
    } catch { return error.message }
  }

  /// The size of a disk, a partition or a volume.
  public func byteCount(ofDevice device: ByteString) -> UInt64? {
    disks.position(named: device).map { disks[$0].volume.byteCount }
  }

  /// What a file system calls itself.
  public func fileSystemName(ofDevice device: ByteString) -> ByteString? {
    disks.position(named: device).flatMap { disks[$0].fileSystem?.formatName }
  }

  /// The guest's memory.
  public func memoryMap() -> [MemoryRange] { machine?.memoryMap() ?? [] }

  /// The names below a node of xenstore.
  public func storeNames(below path: ByteString) throws(RescueFailure) -> [ByteString] {
    guard let machine else { throw RescueFailure("no xenstore here") }
    return try machine.storeNames(below: path)
  }

  /// The value of a node of xenstore.
  public func storeValue(of path: ByteString) throws(RescueFailure) -> ByteString {
    guard let machine else { throw RescueFailure("no xenstore here") }
    return try machine.storeValue(of: path)
  }

  /// The domain's clock.
  public func nanoseconds() -> UInt64? { machine?.nanoseconds() }

  /// Whether a person has pressed Ctrl-C.
  public func isInterrupted() -> Bool { machine?.isInterrupted() ?? false }

  /// The file, located once for all pieces that are read of it in a row.
  private func found(_ file: MenuFile) throws(RescueFailure) -> LocatedFile<Device> {
    if let known = lastFiles.first(where: { $0.file == file }) { return known.located }
    do throws(BootError) {
      let located = try locate(file)
      if lastFiles.count > 1 { lastFiles.removeFirst() }
      lastFiles.append((file, located))
      return located
    } catch { throw RescueFailure(error.message) }
  }
}
