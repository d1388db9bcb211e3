// SPDX-License-Identifier: GPL-2.0-or-later
import BlockIO
import BootPlan
import Bytes
import KernelImage
import StubMachine
import XenFrontends

/// Reads an entry's files into frames. It does not know what kind of domain they are for, so that
/// the image has it once.
final class FilesReader<M: Machine> {
  private let attempt: Attempt<M>
  private let files: GuestBootFiles<M>
  /// What is read beside the kernel.
  private let ahead: RamdisksAhead<M>

  init(_ files: GuestBootFiles<M>, _ attempt: Attempt<M>, _ ahead: RamdisksAhead<M>) {
    self.files = files
    self.attempt = attempt
    self.ahead = ahead
  }

  /// Gives up what is under way.
  func drop() { ahead.drop() }

  /// Reads the ramdisks, each into its frames. One whose reads failed while the kernel was read is
  /// read once more.
  func readRamdisks(into places: RamdiskPlaces) throws(BootError) {
    for (index, file) in files.initrds.enumerated() {
      var reading =
        ahead.takeFirst() ?? FileReading(file, into: places.frames[index], on: attempt.machine)
      let wasBegun = reading.hasBegun
      do throws(BlockError) {
        if wasBegun, attempt.isDue(.readAhead) { try reading.failForTest() }
        try finish(&reading)
      } catch {
        guard wasBegun, error != .cancelled, reading.areDisksConnected else {
          throw BootError(error).at(file.name)
        }
        attempt.say("pvgrub-swift: \(file.name): \(error.message); reading it once more")
        do throws(BlockError) {
          try finish(&reading)
        } catch { throw BootError(error).at(file.name) }
      }
      attempt.finish(file.byteCount)
    }
  }

  private func finish(_ reading: inout FileReading<M>) throws(BlockError) {
    do throws(BlockError) {
      if !reading.isSubmitted { try reading.submit() }
    } catch {
      reading.drop()
      throw error
    }
    let byteCount = reading.file.byteCount
    try reading.finish { count throws(BlockError) in
      try self.attempt.goOn(min(count(), byteCount))
    }
  }

  // MARK: The kernel

  /// Brings the kernel into its memory, unpacked or `asItIs`.
  func loadKernel(
    into payload: PayloadFrames<M>, asItIs: Bool
  ) throws(BootError) -> LoadedFile {
    let file = files.kernel
    let loaded: LoadedFile =
      asItIs ? .bzImage(try loadAsItIs(file, payload)) : .kernel(try unpack(file, payload))
    attempt.finish(file.byteCount)
    return loaded
  }

  /// A stream of a file, to be ended whatever comes.
  private func openStream(
    _ file: GuestFile<M>
  ) throws(BootError) -> FileStream<M> {
    do throws(HypervisorError) {
      return try FileStream(file, attempt, ahead: ahead)
    } catch { throw BootError(error).at(file.name) }
  }

  /// Unpacks a kernel. gzip that can't be unpacked as a whole is read again, as a stream.
  private func unpack(
    _ file: GuestFile<M>, _ payload: PayloadFrames<M>
  ) throws(BootError) -> LoadedKernel {
    var gathersGzip = true
    while true {
      let stream = try openStream(file)
      defer { stream.end() }
      try attempt.check(.buffers)
      let free = attempt.machine.freeFrameCount
      let limit = free > FrameList.reserve ? (free - FrameList.reserve) * Page.byteCount : 0
      var loader = KernelLoader(
        source: stream, memory: payload, decoderMemoryLimit: limit, gathersGzip: gathersGzip,
        work: file.volume?.work ?? WorkAccount())
      do throws(KernelLoadError<BlockError, MemoryError>) {
        let loaded = try loader.load()
        attempt.kernelKind = loaded.kindName
        attempt.copiedByteCount = loaded.copiedByteCount
        return loaded
      } catch {
        if loader.hasGathered, case .decompression = error {
          payload.release()
          gathersGzip = false
          continue
        }
        if case .image(.elf32) = error { attempt.isKernel32Bit = true }
        throw BootError(error).at(file.name)
      }
    }
  }

  /// Loads a bzImage as it is.
  private func loadAsItIs(
    _ file: GuestFile<M>, _ payload: PayloadFrames<M>
  ) throws(BootError) -> LinuxBootHeader {
    let stream = try openStream(file)
    defer { stream.end() }
    try attempt.check(.buffers)
    var loader = BootProtocolLoader(source: stream, memory: payload)
    do throws(KernelLoadError<BlockError, MemoryError>) {
      let header = try loader.load()
      attempt.kernelKind = "bzImage that unpacks itself"
      return header
    } catch { throw BootError(error).at(file.name) }
  }
}
