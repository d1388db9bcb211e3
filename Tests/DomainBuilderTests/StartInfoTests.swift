// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import DomainBuilder
import TestSupport
import Testing

struct StartInfoTests {
  /// The loader's own page, as Xen's builder leaves it.
  private func ownPage() -> [UInt8] {
    var page = [UInt8](repeating: 0, count: 4096)
    page.replaceSubrange(0..<14, with: Array("xen-3.0-x86_64".utf8))
    func store(_ value: UInt64, _ offset: Int, _ count: Int) {
      for index in 0..<count {
        page[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    store(65536, 32, 8)
    store(0x1234_5000, 40, 8)
    store(0x10 | 0x4, 48, 4)
    store(0x7001, 56, 8)
    store(3, 64, 4)
    store(0x7002, 72, 8)
    store(4, 80, 4)
    store(0x100_0000, 88, 8)
    store(9, 96, 8)
    store(0x80_0000_0000, 104, 8)
    page.replaceSubrange(128..<135, with: Array("own=1 x".utf8))
    store(77, 1152, 8)
    store(131, 1160, 8)
    return page
  }

  private func bytes(_ info: StartInfo) -> [UInt8] {
    var page = [UInt8](repeating: 0xff, count: 4096)
    page.withUnsafeMutableBytes { info.write(to: $0) }
    return page
  }

  @Test func writesWhatItReads() throws {
    let info = try #require(StartInfo(ByteView(ownPage())))
    #expect(bytes(info) == ownPage())
    #expect(StartInfo(ByteView([UInt8](repeating: 0, count: 4096))) == nil)
    #expect(StartInfo(ByteView(Array(ownPage().prefix(1167)))) == nil)
  }

  @Test func tellsLinuxWhereEverythingIs() throws {
    let own = try #require(StartInfo(ByteView(ownPage())))
    let plan = try DomainPlan(
      DomainRequest(pageCount: 65536, kernel: Kernels.linux(), moduleByteCount: 5001))
    let info = try StartInfo(plan, own: own, commandLine: "root=/dev/xvda1 ro")
    let view = ByteView(bytes(info))
    #expect(view.terminatedString(at: 0, count: 32) == "xen-3.0-x86_64")
    #expect(view.u64(at: 32) == 65536)
    #expect(view.u64(at: 40) == 0x1234_5000)
    #expect(view.u32(at: 48) == 0x18)
    #expect(view.u64(at: 56) == 0x7001)
    #expect(view.u32(at: 64) == 3)
    #expect(view.u64(at: 72) == 0x7002)
    #expect(view.u32(at: 80) == 4)
    #expect(view.u64(at: 88) == Kernels.linuxBase + 0x500_3000)
    #expect(view.u64(at: 96) == 45)
    #expect(view.u64(at: 104) == 0x80_0000_0000)
    #expect(view.u64(at: 112) == 0x5400)
    #expect(view.u64(at: 120) == 5001)
    #expect(view.terminatedString(at: 128, count: 1024) == "root=/dev/xvda1 ro")
    #expect(view.u64(at: 1152) == 0x5402)
    #expect(view.u64(at: 1160) == 128 + 3)
    #expect(bytes(info)[1168...].allSatisfy { $0 == 0 })
  }

  @Test func givesAddressesToKernelsWithAMappedModule() throws {
    let own = try #require(StartInfo(ByteView(ownPage())))
    let plan = try DomainPlan(
      DomainRequest(pageCount: 8192, kernel: Kernels.small(), moduleByteCount: 5001))
    let info = try StartInfo(plan, own: own, commandLine: "")
    #expect(info.flags == 0x10)
    #expect(info.moduleStart == 256 * 4096)
    #expect(info.moduleByteCount == 5001)
    #expect(info.p2mAddress == 258 * 4096)
    #expect(info.firstP2MFrame == 0)
    #expect(info.p2mFrameCount == 0)
  }

  @Test func aListOfModulesIsMappedWhateverTheKernelTakes() throws {
    let own = try #require(StartInfo(ByteView(ownPage())))
    var request = DomainRequest(
      pageCount: 65536, kernel: try Kernels.linux(), moduleByteCount: 5001)
    request.hasModuleList = true
    let plan = try DomainPlan(request)
    #expect(plan.isModuleMapped)
    #expect(plan.module == plan.kernel.upperBound..<plan.kernel.upperBound + 2)
    let info = try StartInfo(plan, own: own, commandLine: "")
    #expect(info.flags == 0x14)
    #expect(info.moduleStart == Kernels.linuxBase + plan.kernel.upperBound * 4096)
    request.moduleByteCount = 0
    #expect(try StartInfo(DomainPlan(request), own: own, commandLine: "").flags == 0x10)
  }

  @Test func tellsOfNoModuleWhereThereIsNone() throws {
    let own = try #require(StartInfo(ByteView(ownPage())))
    let plan = try DomainPlan(
      DomainRequest(pageCount: 65536, kernel: Kernels.linux(), moduleByteCount: 0))
    let info = try StartInfo(plan, own: own, commandLine: "")
    #expect(info.flags == 0x10)
    #expect(info.moduleStart == 0)
    #expect(info.moduleByteCount == 0)
  }

  @Test func refusesACommandLineThatDoesNotFit() throws {
    let own = try #require(StartInfo(ByteView(ownPage())))
    let plan = try DomainPlan(
      DomainRequest(pageCount: 65536, kernel: Kernels.linux(), moduleByteCount: 0))
    let longest = ByteString([UInt8](repeating: 0x61, count: 1023))
    #expect(try StartInfo(plan, own: own, commandLine: longest).commandLine == longest)
    #expect(throws: DomainBuilderError.commandLineTooLong(byteCount: 1024, byteCountMax: 1023)) {
      try StartInfo(plan, own: own, commandLine: longest + "a")
    }
  }
}
