// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Testing

/// The rules of style that a machine can check. `swift format lint --strict` checks the others.
struct TidyTests {
  let tree = SourceTree.project

  /// What may hold code that the compiler can't vouch for: whole modules that touch hardware, and
  /// single files. A new place needs a reason here.
  static let unsafePlaces = [
    // Pages shared with the hypervisor, page tables, the processor.
    "Sources/MiniOS/", "Sources/StubMachine/", "Sources/StubDomainProbe/",
    // The views that everything else reads through.
    "Sources/Bytes/ByteView.swift", "Sources/Bytes/CRC32.swift", "Sources/Bytes/Literal.swift",
    // Where the stack is.
    "Sources/Bytes/WorkAccount.swift",
    // Rings: the page comes in through the first three and is touched in the last one.
    "Sources/XenFrontends/Console.swift", "Sources/XenFrontends/Hypervisor.swift",
    "Sources/XenFrontends/XenStore.swift", "Sources/XenFrontends/SharedMemory.swift",
    // The streams of C decoders.
    "Sources/Decompression/",
    // The kernel on its way into guest memory, without a copy.
    "Sources/KernelImage/BootProtocolLoader.swift",
    "Sources/KernelImage/ChunkReader.swift", "Sources/KernelImage/KernelLoader.swift",
    "Sources/KernelImage/KernelMemory.swift", "Sources/KernelImage/KernelSource.swift",
    "Sources/KernelImage/PayloadLoader.swift", "Sources/KernelImage/PayloadLoader+Linear.swift",
    "Sources/KernelImage/PayloadStream.swift", "Sources/KernelImage/SectionSearch.swift",
    "Sources/KernelImage/Unpacker.swift", "Sources/KernelImage/UnpackingSource.swift",
    "Sources/KernelImage/ZeroPage.swift",
    "Sources/BootEngine/Loading/FileStream.swift", "Sources/BootEngine/Loading/PayloadFrames",
    "Sources/BootEngine/Loading/PlanRemainder.swift",
    // A file that is on no disk gives its bytes into a buffer.
    "Sources/BootPlan/LocatedFile",
    // Pages of the new domain.
    "Sources/BootEngine/HandOver/HandOver.swift",
    "Sources/BootEngine/HandOver/PVHandOver+Fill.swift",
    "Sources/BootEngine/HandOver/PVHHandOver+Fill.swift",
    "Sources/DomainBuilder/FramePermutation.swift", "Sources/DomainBuilder/HypercallPage.swift",
    "Sources/DomainBuilder/PageTableWriter.swift", "Sources/DomainBuilder/StartInfo.swift",
  ]

  /// Modules without tests of their own, and what tests them.
  static let testedElsewhere = [
    "CDecoders": "DecompressionTests", "CCrypto": "PasswordsTests", "CXen": "XenFrontendsTests",
    "CTrampolines": "BootEngineTests", "CMiniOS": "MiniOSTests",
    // They need a domain: the lab boots them.
    "PVGrub": "lab", "StubDomainProbe": "lab", "CStubDomainProbe": "lab",
  ]

  @Test func findsTheProject() {
    #expect(tree.files.count > 100)
    #expect(tree.modules.contains("Bytes"))
  }

  @Test func everyFileNamesItsLicence() {
    let licence = "SPDX-License-Identifier: GPL-2.0-or-later"
    for file in tree.files where !file.lines.isEmpty {
      #expect(file.lines.prefix(2).contains { $0.contains(licence) }, "\(file.path)")
    }
  }

  @Test func linesHaveAtMost100Columns() {
    let long = tree.files.filter { $0.path.hasSuffix(".swift") }.flatMap { file in
      file.lines.indices.filter { file.lines[$0].count > 100 }.map { "\(file.path):\($0 + 1)" }
    }
    #expect(long == [])
  }

  @Test func filesHaveAtMost600Lines() {
    #expect(tree.files.filter { $0.lines.count > 600 }.map { $0.path } == [])
  }

  @Test func functionsHaveAtMost70Lines() {
    #expect(tree.files.map { $0.functions.count }.reduce(0, +) > 1000)
    let long = tree.files.filter { $0.path.hasSuffix(".swift") }.flatMap { file in
      file.functions.filter { $0.lineCount > 70 }.map { "\(file.path):\($0.line)" }
    }
    #expect(long == [])
  }

  @Test func nothingIsForced() {
    let places = tree.swift("Sources/").flatMap { $0.places(of: /\b(try|as)!/, in: $0.code) }
    #expect(places == [], "throw, or prove it with a guard")
  }

  @Test func nothingIsLeftForLater() {
    let others = tree.files.filter { !$0.path.hasPrefix("Tests/TidyTests/") }
    #expect(others.flatMap { $0.places(of: /\b(TODO|FIXME|XXX)\b/, in: $0.lines) } == [])
  }

  @Test func theCoreEndsInNoTrapOfItsOwn() {
    let places = tree.swift("Sources/").flatMap { $0.places(of: /\bfatalError\(/, in: $0.code) }
    #expect(places == [], "throw; precondition is for our own mistakes")
  }

  @Test func onlyTheHostProgramPrints() {
    let core = tree.swift("Sources/").filter {
      // The two images say on the host how they are built.
      !$0.path.hasPrefix("Sources/pvgrub-tool/") && $0.path != "Sources/PVGrub/PVGrub.swift"
        && $0.path != "Sources/StubDomainProbe/StubDomainProbe.swift"
    }
    #expect(core.flatMap { $0.places(of: /\b(debugPrint|print|dump)\(/, in: $0.code) } == [])
  }

  @Test func onlyTheHostProgramHasAnOperatingSystem() {
    let core = tree.swift("Sources/").filter { !$0.path.hasPrefix("Sources/pvgrub-tool/") }
    let pattern = /^\s*(public |package |@_exported )?import (Foundation|Glibc|Musl|Darwin)/
    #expect(core.flatMap { $0.places(of: pattern, in: $0.code) } == [])
  }

  @Test func noPathOfAMachine() {
    let others = tree.files.filter { !$0.path.hasPrefix("Tests/TidyTests/") }
    #expect(others.flatMap { $0.places(of: #/["' =](/home/|/work/|/Users/)/#, in: $0.lines) } == [])
    let sources = others.filter { $0.path.hasPrefix("Sources/") }
    #expect(sources.flatMap { $0.places(of: #//tmp//#, in: $0.lines) } == [])
  }

  @Test func unsafeCodeIsInItsPlaces() {
    let pattern = /Unsafe|unsafeBitCast|Pointer\(bitPattern|unowned\(unsafe\)/
    let others = tree.swift("Sources/").filter { file in
      !Self.unsafePlaces.contains { file.path.hasPrefix($0) }
    }
    #expect(others.flatMap { $0.places(of: pattern, in: $0.code) } == [])
    for place in Self.unsafePlaces {
      let files = tree.swift(place)
      #expect(files.contains { !$0.places(of: pattern, in: $0.code).isEmpty }, "\(place)")
    }
  }

  @Test func everyModuleIsInTheArchitecture() throws {
    let text = try #require(tree.text("docs/ARCHITECTURE.md"), "docs/ARCHITECTURE.md is missing")
    let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "-" }
    for module in tree.modules { #expect(words.contains { $0 == module }, "\(module)") }
  }

  @Test func everyModuleHasTests() throws {
    // A call may start on the line before its first argument.
    let manifest = try #require(tree.text("Package.swift")).filter { !$0.isWhitespace }
    for module in tree.modules {
      if Self.testedElsewhere[module] != nil { continue }
      let name = module == "pvgrub-tool" ? "PvgrubToolTests" : "\(module)Tests"
      #expect(!tree.swift("Tests/\(name)/").isEmpty, "no Tests/\(name)")
      #expect(manifest.contains("tests(\"\(name)\""), "\(name) is not in Package.swift")
    }
  }
}
