// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression
import Foundation
import KernelImage
import TestSupport
import Testing

/// Kernels of distributions, where the environment names some: `PVGRUB_KERNELS=file:file`.
private let realKernels =
  ProcessInfo.processInfo.environment["PVGRUB_KERNELS"]?.split(separator: ":").map(String.init)
  ?? []

struct RealKernelTests {
  @Test(.enabled(if: !realKernels.isEmpty), arguments: realKernels)
  func loads(path: String) throws {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let memory = FakeMemory(window: 2 << 20)
    var loader = KernelLoader(
      source: FakeFile(file, chunk: 1 << 20), memory: memory,
      decoderMemoryLimit: DecoderMemory.byteCountMax)
    let loaded = try loader.load()
    let kernel = try loaded.pvKernel()
    let segmentCount = loaded.layout.segments.count
    print(
      path, loaded.kindName.text, loaded.unpackedByteCount, segmentCount,
      loaded.layout.zeroRanges, kernel.memory, kernel.features.supported)
    #expect(kernel.virtBase == ELFBuilder.linuxBase)
    #expect(kernel.acceptsModulePFN)

    // The size that the kernel's build put after the packed data.
    guard case .bzImage(let image) = loaded.container else { return }
    let end = Int(image.payloadByteOffset + image.payloadByteCount)
    let size = ByteView(file).u32(at: end - 4)
    #expect(size == UInt32(loaded.unpackedByteCount))
  }
}
