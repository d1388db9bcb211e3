// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-or-later
import PackageDescription
import Foundation

/// Settings of every module that is compiled into the image as well as for the host.
let freestanding: [SwiftSetting] = [
  .treatWarning("EmbeddedRestrictions", as: .error),  // the host refuses what the image can't use
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the core: the image, the host program and the tests share it.
func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> [Target] {
  exists("Sources/\(name)")
    ? [.target(name: name, dependencies: dependencies, swiftSettings: freestanding)] : []
}

/// A module of C declarations and inline functions.
func headers(_ name: String, _ dependencies: [Target.Dependency] = []) -> [Target] {
  exists("Sources/\(name)") ? [.target(name: name, dependencies: dependencies)] : []
}

/// The tests of one module.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> [Target] {
  exists("Tests/\(name)") ? [.testTarget(name: name, dependencies: dependencies)] : []
}

func exists(_ path: String) -> Bool {
  FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + path)
}

var targets: [Target] = []
targets += core("Bytes")
targets += core("BlockIO", ["Bytes"])
targets += core("Partitions", ["Bytes", "BlockIO"])
targets += core("FileSystem", ["Bytes", "BlockIO"])
targets += core("Ext4", ["Bytes", "BlockIO", "FileSystem"])
targets += core("BootMenu", ["Bytes"])
targets += core("MenuScreen", ["Bytes", "BootMenu"])
targets += headers("CDecoders")
targets += core("Decompression", ["Bytes", "CDecoders"])
targets += core("KernelImage", ["Bytes", "Decompression"])
targets += core("DomainBuilder", ["Bytes", "KernelImage"])
targets += core(
  "BootPlan",
  ["Bytes", "BlockIO", "Partitions", "FileSystem", "Ext4", "BootMenu", "KernelImage", "Decompression",
   "DomainBuilder"])
targets += headers("CXen")
targets += core("XenFrontends", ["Bytes", "BlockIO", "CXen"])

// The host program, with the one dependency that the image does not share.
var dependencies: [Package.Dependency] = []
if exists("Sources/pvgrub-tool") {
  dependencies.append(
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"))
  targets.append(
    .executableTarget(
      name: "pvgrub-tool",
      dependencies: [
        "Bytes", "BootMenu", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]))
}

targets += tests("BytesTests", ["Bytes"])
targets += tests("BlockIOTests", ["BlockIO", "Bytes"])
targets += tests("PartitionsTests", ["Partitions", "BlockIO", "Bytes"])
targets += tests("FileSystemTests", ["FileSystem", "BlockIO", "Bytes"])
targets += tests("Ext4Tests", ["Ext4", "FileSystem", "BlockIO", "Bytes"])
targets += tests("BootMenuTests", ["BootMenu", "Bytes"])
targets += tests("MenuScreenTests", ["MenuScreen", "BootMenu", "Bytes"])
targets += tests("DecompressionTests", ["Decompression", "Bytes"])
targets += tests("KernelImageTests", ["KernelImage", "Decompression", "Bytes"])
targets += tests("DomainBuilderTests", ["DomainBuilder", "KernelImage", "Bytes"])
targets += tests("XenFrontendsTests", ["XenFrontends", "CXen", "BlockIO", "Bytes"])

let package = Package(name: "pvgrub-swift", dependencies: dependencies, targets: targets)
