// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
public import BootMenu
public import Bytes

/// Writes what a menu wants to be kept (`save_env`, `savedefault`) into the blocks that its file
/// has already. Nothing but the file's bytes changes, and with any doubt nothing at all.
extension GuestEnvironment {
  /// The largest file that is written, in bytes.
  private static var writtenByteCountMax: Int { EnvironmentBlock.byteCountMax }
  /// The most pieces that such a file may lie in.
  private static var pieceCountMax: Int { 16 }

  /// Writes the variables, file by file. Gives a line for the log for each file: that it was
  /// written, or why not.
  public func save(
    _ variables: [BootTarget.SavedVariable], options: HostOptions
  ) -> [ByteString] {
    defer { pendingVariables = [] }
    var lines: [ByteString] = []
    var files: [MenuFile] = []
    for variable in variables where !files.contains(variable.file) { files.append(variable.file) }
    for file in files {
      if let first = variables.first(where: { $0.file == file }), first.isTakenTry {
        let count = variables.filter { $0.file == file }.count
        lines.append(takeTries(count, of: file.device, options: options))
        continue
      }
      if options.isReadOnly {
        lines.append("\(file.name) is not written: the host says readonly")
        continue
      }
      do throws(BootError) {
        if try write(variables.filter { $0.file == file }, to: file) {
          lines.append("saved \(names(variables, file)) in \(file.name)")
        }
      } catch { lines.append("\(file.name) is not written: \(error.message)") }
    }
    return lines
  }

  private func names(_ variables: [BootTarget.SavedVariable], _ file: MenuFile) -> ByteString {
    var result: ByteString = ""
    for variable in variables where variable.file == file {
      if !result.isEmpty { result.append(ASCII.space) }
      result += variable.name
    }
    return result
  }

  /// Writes a file; false if it holds all of that already.
  private func write(
    _ variables: [BootTarget.SavedVariable], to file: MenuFile
  ) throws(BootError) -> Bool {
    let reason: ByteString?
    if let list = BlockList(file.path) {
      reason = try writeObstacle(of: list, on: file.device)
    } else {
      reason = try fileSystem(file.device).writeObstacle
    }
    if let reason { throw BootError(.wrongRequest, reason) }
    let located = try locate(file)
    let runs = try runs(of: located)
    guard let volume = located.volume else {
      throw BootError(.wrongRequest, "it is not on a disk")
    }
    let old = try readAgain(runs, on: volume)
    guard let known = contents(of: file, byteCountMax: Self.writtenByteCountMax), known == old
    else { throw BootError(.wrongRequest, "its blocks hold something else than was read") }
    let new: ByteString
    switch SavedState.contents(old, of: file, saving: variables) {
    case .success(let contents): new = contents
    case .failure(let refusal): throw BootError(.wrongRequest, "it \(refusal.text)")
    }
    if new == old { return false }
    guard new.count == old.count else { throw BootError(.wrongRequest, "its size would change") }
    var offset = 0
    for run in runs {
      let end = min(offset + run.byteCount, new.count)
      do throws(BlockError) {
        try volume.write(Array(new.bytes[offset..<end]), at: run.byteOffset)
      } catch { throw BootError(error) }
      offset = end
    }
    guard try readAgain(runs, on: volume) == new else {
      throw BootError(.device, "the disk does not hold what was written")
    }
    return true
  }

  /// Where the bytes of a small file are, if all of them are in blocks of their own.
  private func runs(
    of file: LocatedFile<Device>
  ) throws(BootError) -> [(byteOffset: UInt64, byteCount: Int)] {
    guard file.byteCount > 0, file.byteCount <= UInt64(Self.writtenByteCountMax),
      file.extents.count <= Self.pieceCountMax
    else { throw BootError(.wrongRequest, "it has an unusual size") }
    var result: [(byteOffset: UInt64, byteCount: Int)] = []
    for extent in file.extents {
      guard case .run(let offset, let count) = extent, let size = Int(exactly: count) else {
        throw BootError(.wrongRequest, "its bytes are not in blocks of their own")
      }
      result.append((offset, size))
    }
    return result
  }

  private func readAgain(
    _ runs: [(byteOffset: UInt64, byteCount: Int)], on volume: Volume<Device>
  ) throws(BootError) -> ByteString {
    var bytes: [UInt8] = []
    do throws(BlockError) {
      for run in runs { bytes += try volume.readAgain(at: run.byteOffset, count: run.byteCount) }
    } catch { throw BootError(error) }
    return ByteString(bytes)
  }
}
