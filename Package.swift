// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-or-later
import PackageDescription

/// Settings of every module that is compiled into the image as well as for the host.
let freestanding: [SwiftSetting] = [
  .treatWarning("EmbeddedRestrictions", as: .error),  // the host refuses what the image can't use
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the core: the image, the host program and the tests share it.
func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: freestanding)
}

/// A module of C declarations, inline functions and assembly. `hostLibraries` are linked on the
/// host only: what the image links is in the toolset.
func cModule(
  _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
  hostLibraries: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path,
    linkerSettings: hostLibraries.map { .linkedLibrary($0, .when(platforms: [.linux])) })
}

/// The tests of one module.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies)
}

let package = Package(
  name: "pvgrub-swift",
  products: [
    .executable(name: "PVGrub", targets: ["PVGrub"]),
    .executable(name: "StubDomainProbe", targets: ["StubDomainProbe"]),
    .executable(name: "pvgrub-tool", targets: ["pvgrub-tool"]),
  ],
  dependencies: [
    // The host program alone; the image has no Swift dependency.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // Who may import whom: docs/ARCHITECTURE.md.
    core("Bytes"),
    core("BlockIO", ["Bytes"]),
    core("Partitions", ["Bytes", "BlockIO"]),
    core("FileSystem", ["Bytes", "BlockIO", "Decompression"]),
    core("Ext4", ["Bytes", "BlockIO", "FileSystem"]),
    core("ISO9660", ["Bytes", "BlockIO", "FileSystem"]),
    core("FAT", ["Bytes", "BlockIO", "FileSystem"]),
    core("ExFAT", ["Bytes", "BlockIO", "FileSystem"]),
    core("XFS", ["Bytes", "BlockIO", "FileSystem"]),
    core("Btrfs", ["Bytes", "BlockIO", "FileSystem"]),
    core("SquashFS", ["Bytes", "BlockIO", "FileSystem"]),
    core("EROFS", ["Bytes", "BlockIO", "FileSystem"]),
    core("UDF", ["Bytes", "BlockIO", "FileSystem"]),
    core("BootMenu", ["Bytes"]),
    core("MenuScreen", ["Bytes", "BootMenu"]),
    cModule("CCrypto", hostLibraries: ["tomcrypt"]),
    core("Passwords", ["Bytes", "CCrypto"]),
    core("Framebuffer", ["Bytes"]),
    cModule("CDecoders", hostLibraries: ["z", "lzma", "bz2", "lzo2", "lz4", "zstd", "deflate"]),
    core("Decompression", ["Bytes", "CDecoders"]),
    core("KernelImage", ["Bytes", "Decompression"]),
    core("DomainBuilder", ["Bytes", "KernelImage"]),
    core(
      "BootPlan",
      [
        "Bytes", "BlockIO", "Partitions", "FileSystem", "Ext4", "ISO9660", "FAT", "XFS", "Btrfs",
        "SquashFS", "EROFS", "ExFAT", "UDF", "BootMenu", "KernelImage", "Passwords",
      ]),

    cModule("CXen"),
    core("XenFrontends", ["Bytes", "BlockIO", "CXen"]),
    cModule("CMiniOS", ["CXen"]),
    core("StubMachine", ["Bytes", "XenFrontends"]),
    core("MiniOS", ["Bytes", "StubMachine", "XenFrontends", "CXen", "CMiniOS"]),

    cModule("CTrampolines"),
    core("BootSession", ["Bytes", "BootMenu", "BootPlan", "MenuScreen"]),
    core(
      "BootEngine",
      [
        "Bytes", "BlockIO", "FileSystem", "BootMenu", "BootPlan", "BootSession", "MenuScreen",
        "Framebuffer", "KernelImage", "DomainBuilder", "StubMachine", "XenFrontends", "CXen",
        "CTrampolines",
      ]),
    .executableTarget(
      name: "PVGrub", dependencies: ["Bytes", "BootPlan", "BootSession", "BootEngine", "MiniOS"],
      swiftSettings: freestanding),
    cModule("CStubDomainProbe", ["CXen"]),
    .executableTarget(
      name: "StubDomainProbe",
      dependencies: [
        "Bytes", "BlockIO", "MiniOS", "StubMachine", "XenFrontends", "CXen", "CMiniOS",
        "CStubDomainProbe",
      ],
      swiftSettings: freestanding),
    .executableTarget(
      name: "pvgrub-tool",
      dependencies: [
        "Bytes", "BlockIO", "BootMenu", "BootPlan", "FileSystem",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .systemLibrary(name: "CExt2fs", path: "Tests/CExt2fs"),
    .systemLibrary(name: "CLinux", path: "Tests/CLinux"),
    .target(
      name: "TestSupport",
      dependencies: [
        "BlockIO", "Bytes", "FileSystem", "Decompression", "CDecoders", "KernelImage",
        "DomainBuilder", "BootMenu",
      ],
      path: "Tests/TestSupport"),
    tests("BytesTests", ["Bytes"]),
    tests("BlockIOTests", ["BlockIO", "Bytes", "TestSupport"]),
    tests("PartitionsTests", ["Partitions", "BlockIO", "Bytes", "TestSupport"]),
    tests("FileSystemTests", ["FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests("Ext4Tests", ["Ext4", "FileSystem", "BlockIO", "Bytes", "TestSupport", "CExt2fs"]),
    tests("ISO9660Tests", ["ISO9660", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests("FATTests", ["FAT", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests("ExFATTests", ["ExFAT", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests("XFSTests", ["XFS", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests(
      "BtrfsTests", ["Btrfs", "BootPlan", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests("UDFTests", ["UDF", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests("SquashFSTests", ["SquashFS", "FileSystem", "BlockIO", "Bytes", "TestSupport"]),
    tests(
      "EROFSTests",
      ["EROFS", "FileSystem", "BlockIO", "Bytes", "Decompression", "TestSupport"]),
    tests("BootMenuTests", ["BootMenu", "Bytes", "TestSupport"]),
    tests("BootPlanTests", ["BootPlan", "BootMenu", "BlockIO", "Bytes", "TestSupport"]),
    cModule("CFuzz", path: "Fuzz/CFuzz"),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "CFuzz", "TestSupport", "FakeDom0", "Bytes", "BlockIO", "FileSystem", "Ext4", "XFS",
        "Btrfs", "ISO9660", "UDF", "FAT", "ExFAT", "SquashFS", "EROFS", "BootMenu", "BootPlan",
        "Decompression", "KernelImage", "MenuScreen", "Framebuffer", "XenFrontends",
      ],
      path: "Fuzz/FuzzTargets"),
    .executableTarget(
      name: "fuzz-runner", dependencies: ["FuzzTargets", "CFuzz", "TestSupport"],
      path: "Fuzz/FuzzRunner"),
    .executableTarget(
      name: "fs-bench",
      dependencies: ["Ext4", "FileSystem", "BootPlan", "BlockIO", "Bytes", "CExt2fs"],
      path: "Tests/FileSystemBench"),
    .executableTarget(
      name: "core-bench",
      dependencies: [
        "Decompression", "CDecoders", "DomainBuilder", "KernelImage", "Bytes", "TestSupport",
      ],
      path: "Tests/CoreBench"),
    tests(
      "PvgrubToolTests",
      ["pvgrub-tool", "BootPlan", "BlockIO", "Bytes", "TestSupport", "FileSystem"]),
    tests("MenuScreenTests", ["MenuScreen", "BootMenu", "Bytes", "TestSupport"]),
    tests("PasswordsTests", ["Passwords", "Bytes", "TestSupport"]),
    tests("FramebufferTests", ["Framebuffer", "MenuScreen", "BootMenu", "Bytes", "TestSupport"]),
    tests("DecompressionTests", ["Decompression", "CDecoders", "Bytes", "TestSupport"]),
    tests("KernelImageTests", ["KernelImage", "Decompression", "Bytes", "TestSupport"]),
    tests(
      "DomainBuilderTests",
      ["DomainBuilder", "KernelImage", "Bytes", "CXen", "CLinux", "TestSupport"]),
    tests("TidyTests", ["Bytes"]),
    tests("FuzzTargetsTests", ["FuzzTargets", "TestSupport", "Bytes"]),
    .target(
      name: "FakeDom0", dependencies: ["XenFrontends", "CXen", "BlockIO", "Bytes"],
      path: "Tests/FakeDom0"),
    .target(
      name: "FakeMachine",
      dependencies: ["FakeDom0", "StubMachine", "XenFrontends", "CXen", "Bytes", "TestSupport"],
      path: "Tests/FakeMachine"),
    tests("StubMachineTests", ["StubMachine", "Bytes", "TestSupport"]),
    tests(
      "BootSessionTests",
      ["BootSession", "BootMenu", "BootPlan", "MenuScreen", "BlockIO", "Bytes", "TestSupport"]),
    tests(
      "BootEngineTests",
      [
        "BootEngine", "BootSession", "BootPlan", "BlockIO", "FakeMachine", "FakeDom0",
        "StubMachine",
        "XenFrontends", "DomainBuilder", "CTrampolines", "Bytes", "TestSupport",
      ]),
    tests("XenFrontendsTests", ["XenFrontends", "FakeDom0", "CXen", "BlockIO", "Bytes"]),
    // As somebody outside of the package: it sees what is public, and no more.
    .testTarget(
      name: "ForeignFrontendTests", dependencies: ["XenFrontends", "FakeDom0", "Bytes"],
      packageAccess: false),
    .target(name: "CMemory", path: "Tests/CMemory"),
    .target(name: "CFakeXen", dependencies: ["CXen"], path: "Tests/CFakeXen"),
    tests(
      "MiniOSTests",
      ["MiniOS", "StubMachine", "XenFrontends", "Bytes", "CMiniOS", "CXen", "CMemory", "CFakeXen"]),
  ])

if Context.environment["PVGRUB_IMAGE_ONLY"] != nil {
  // SwiftPM fetches every package that a manifest names, needed or not. The image needs none, and a
  // distribution builds it without a network.
  package.dependencies = []
  package.products.removeAll { $0.name == "pvgrub-tool" }
  package.targets.removeAll { ["pvgrub-tool", "PvgrubToolTests"].contains($0.name) }
}
