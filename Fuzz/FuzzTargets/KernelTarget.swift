// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
import KernelImage
import TestSupport

/// Kernels: an ELF file, a bzImage of one, a unified kernel image, each with patches anywhere.
final class KernelTarget: FuzzTarget {
  let name = "kernels"
  let byteCountMax = 512
  // There is no account: what is done is bounded by other things.
  let freeMilliseconds: UInt64 = 50
  private let patches = PatchList()
  private let kernels: [[UInt8]]
  private let memory = FuzzMemory.Pages()

  init() {
    let builder = ELFBuilder.linux(textByteCount: 6000, tailByteCount: 200)
    let elf = builder.bytes
    let image = PortableExecutable([
      .init(".osrel", "ID=debian\n"), .init(".cmdline", "quiet"), .init(".uname", "6.1"),
      .init(".linux", ELFBuilder.bzImage(elf)), .init(".profile", "TITLE=x"),
      .init(".initrd", "initrd"),
    ])
    kernels = [
      elf, ELFBuilder.bzImage(elf, setupSectorCount: 1), image.bytes, Self.withSections(elf),
    ]
  }

  /// The same with a table of sections, one of them the notes.
  private static func withSections(_ elf: [UInt8]) -> [UInt8] {
    var result = elf
    while result.count % 8 != 0 { result.append(0) }
    let table = result.count
    let names = Array("\0.notes\0.shstrtab\0".utf8)
    result += [UInt8](repeating: 0, count: 3 * 64) + names
    let notes = ELFBuilder.linux(textByteCount: 6000, tailByteCount: 200).segments[2]
    for (index, (name, type, offset, count)) in [
      (1, 7, Int(notes.fileOffset), Int(notes.fileByteCount)),
      (8, 3, table + 3 * 64, names.count),
    ].enumerated() {
      let place = table + 64 * (index + 1)
      result.store(UInt64(name), at: place, count: 4)
      result.store(UInt64(type), at: place + 4, count: 4)
      result.store(UInt64(offset), at: place + 24, count: 8)
      result.store(UInt64(count), at: place + 32, count: 8)
    }
    result.store(UInt64(table), at: 40, count: 8)
    result.store(64, at: 58, count: 2)
    result.store(3, at: 60, count: 2)
    result.store(2, at: 62, count: 2)
    return result
  }

  /// Each kernel as it is, and with patches of its headers that change nothing.
  func seeds() -> [[UInt8]] {
    var result: [[UInt8]] = []
    for (number, kernel) in kernels.enumerated() {
      result.append([UInt8(number)])
      for start in stride(from: 0, to: min(kernel.count, 0x600), by: 8) {
        result.append(
          [UInt8(number)] + PatchList.encode(read: 0, place: start, kernel[start..<start + 8]))
      }
      for start in stride(from: max(0, kernel.count - 600), to: kernel.count - 8, by: 8) {
        result.append(
          [UInt8(number)] + PatchList.encode(read: 0, place: start, kernel[start..<start + 8]))
      }
    }
    return result
  }

  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount) {
    guard let first = input.first else { return }
    patches.begin(input.dropFirst(), isFlat: true)
    var bytes = kernels[Int(first) % kernels.count]
    patches.apply(to: &bytes, disk: 0, at: 0)
    let head = ByteView(Array(bytes.prefix(UnifiedKernelImage.headByteCount)))
    if let image = try? UnifiedKernelImage(head, fileByteCount: UInt64(bytes.count)) {
      for profile in 0..<min(image.profileCount, 4) { _ = image.section(.linux, profile: profile) }
    }
    load(bytes)
    _ = try? LinuxBootHeader(head, fileByteCount: UInt64(bytes.count))
  }

  private func load(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { buffer in
      var loader = KernelLoader(
        source: FuzzFile(buffer), memory: FuzzMemory(memory), decoderMemoryLimit: 16 << 20,
        unpackedByteCountMax: 1 << 20)
      guard let kernel = try? loader.load() else { return }
      _ = (try? kernel.pvKernel(), try? kernel.pvhKernel(), kernel.canStartItself)
    }
  }
}

/// A file of bytes, in chunks.
private struct FuzzFile: KernelSource {
  static let chunkByteCount = 4096

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var byteCount: UInt64 { UInt64(bytes.count) }

  mutating func nextChunk() throws(FuzzFailure) -> UnsafeRawBufferPointer {
    let end = min(bytes.count, position + Self.chunkByteCount)
    defer { position = end }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<end])
  }

  mutating func bytes(at byteOffset: UInt64, count: Int) throws(FuzzFailure) -> [UInt8]? {
    guard byteOffset <= byteCount, count >= 0 else { fatalError("a read outside of the file") }
    return Array(bytes.dropFirst(Int(byteOffset)).prefix(count))
  }
}

/// What a fake can fail with.
private enum FuzzFailure: BootFailure {
  case full

  var family: FailureFamily { .device }
  var message: ByteString { "full" }
}

/// The memory of a kernel, at most `Pages.byteCount` of it. It is not cleared in between.
private struct FuzzMemory: KernelMemory {
  final class Pages {
    static let byteCount = 64 << 20
    let kernel = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4096)
    let window = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4096)

    deinit {
      kernel.deallocate()
      window.deallocate()
    }
  }

  private let pages: Pages
  private var base: UInt64 = 0
  private var end: UInt64 = 0

  init(_ pages: Pages) { self.pages = pages }

  mutating func prepare(physicalAddresses: Range<UInt64>) throws(FuzzFailure) {
    guard physicalAddresses.count <= Pages.byteCount else { throw .full }
    base = physicalAddresses.lowerBound
    end = physicalAddresses.upperBound
  }

  mutating func region(
    physicalAddress: UInt64, byteCount: Int
  ) throws(FuzzFailure) -> UnsafeMutableRawBufferPointer {
    guard physicalAddress >= base, physicalAddress < end else { fatalError("no such address") }
    let start = Int(physicalAddress - base)
    return UnsafeMutableRawBufferPointer(
      rebasing: pages.kernel[start..<min(Int(end - base), start + byteCount)])
  }

  mutating func linearWindow(
    _ plan: LinearPlan, byteCount: UInt64, filledByteCount: UInt64
  ) throws(FuzzFailure) -> UnsafeMutableRawBufferPointer {
    guard byteCount <= Pages.byteCount else { throw .full }
    return UnsafeMutableRawBufferPointer(rebasing: pages.window[..<Int(byteCount)])
  }

  mutating func endLinearWindow() throws(FuzzFailure) {}

  mutating func contents(
    physicalAddress: UInt64, byteCount: Int
  ) throws(FuzzFailure) -> [UInt8]? {
    guard physicalAddress >= base, physicalAddress <= end, byteCount >= 0,
      UInt64(byteCount) <= end - physicalAddress
    else { fatalError("no such address") }
    let start = Int(physicalAddress - base)
    return Array(pages.kernel[start..<start + byteCount])
  }
}
