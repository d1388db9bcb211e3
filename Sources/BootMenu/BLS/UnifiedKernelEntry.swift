// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes

/// An entry that is a unified kernel image (Boot Loader Specification, "Type #2 EFI Unified Kernel
/// Images"), of one profile.
final class UnifiedKernelEntry {
  /// Where images are on a file system.
  static var paths: [ByteString] { ByteString.words("/EFI/Linux /boot/EFI/Linux") }

  /// The image.
  let file: MenuFile
  /// What the file's name says.
  let name: EntryFileName
  /// The number of the profile.
  let profile: Int
  private let release: OSRelease
  private let text: UnifiedKernelText

  /// An entry for a profile of an image.
  init(_ file: MenuFile, _ name: EntryFileName, profile: Int, _ text: UnifiedKernelText) {
    self.file = file
    self.name = name
    self.profile = profile
    self.text = text
    release = OSRelease(text.osRelease)
  }

  /// The text for people: that of the release, with the profile's after it.
  var title: ByteString {
    let system = release.first(["PRETTY_NAME", "IMAGE_ID", "NAME", "ID"]) ?? name.id
    let fields = OSRelease(text.profile)
    if let title = fields.value("TITLE") { return "\(system) (\(title))" }
    guard profile > 0 else { return system }
    return "\(system) (\(fields.value("ID") ?? "Profile #\(profile + 1)"))"
  }

  /// The name for files: that of the image, with the profile's after it.
  var id: ByteString {
    guard profile > 0 else { return name.id }
    return "\(name.id)@\(OSRelease(text.profile).value("ID") ?? "\(profile)")"
  }

  /// The version.
  var version: ByteString? {
    let named = release.first(["IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"])
    return named ?? (text.kernelRelease.isEmpty ? nil : text.kernelRelease)
  }

  /// What entries are sorted by first.
  var sortKey: ByteString? { release.first(["IMAGE_ID", "ID"]) }

  /// The command line; the number of a profile stands in front, as systemd-stub takes it.
  var options: ByteString {
    let line = text.commandLine.bytes.map { $0 < 0x20 ? ASCII.space : $0 }
    let options = ByteString(line).trimmed
    return profile > 0 ? ByteString.joined("@\(profile)", options) : options
  }

  /// The entry as the text of an entry's file.
  var source: ByteString {
    let options = self.options
    // Quotes around a value are not its own.
    let value = options.withoutQuotes.count < options.count ? "\"\(options)\"" : options
    return "uki \(file.path)\n" + (options.isEmpty ? "" : "options \(value)\n")
  }
}

/// Finds the unified kernel images of a device.
struct UnifiedKernelDirectory<Environment: MenuEnvironment> {
  /// The world.
  let environment: Environment
  /// What was skipped.
  private(set) var warnings: [MenuWarning] = []
  private let work: MenuWork
  private var byteCount = 0

  /// A reader of directories.
  init(environment: Environment, _ work: MenuWork) {
    self.environment = environment
    self.work = work
  }

  /// The images of a directory in the order of their names, each with its profiles.
  mutating func entries(in directory: MenuFile) -> [UnifiedKernelEntry] {
    let found = environment.names(inDirectory: directory) {
      !EntryFileName.isReserved($0) && EntryFileName($0, ending: ".efi") != nil
    }
    guard let found else { return [] }
    var result: [UnifiedKernelEntry] = []
    let images = found.names.sorted { work.pay(.textBytes, $0.count) && $0 < $1 }
    for (index, name) in images.enumerated() {
      guard let parsed = EntryFileName(name, ending: ".efi") else { continue }
      let file = MenuFile(device: directory.device, path: "\(directory.path)/\(name)")
      guard index < MenuLimits.unifiedKernelCountMax else {
        warn("more than \(MenuLimits.unifiedKernelCountMax) images", file)
        break
      }
      let texts = environment.unifiedKernelTexts(of: file)
      let textByteCount = texts.reduce(0) { $0 + $1.byteCount }
      byteCount += textByteCount
      // The fields of a release and a profile are taken apart several times.
      guard work.pay(.nodes, texts.count), work.pay(.textBytes, 4 * textByteCount) else { break }
      guard byteCount <= MenuLimits.unifiedKernelByteCountMax else {
        let limit = MenuLimits.unifiedKernelByteCountMax >> 20
        warn("the texts of all images are over \(limit) MiB", file)
        break
      }
      for (profile, text) in texts.enumerated() {
        result.append(UnifiedKernelEntry(file, parsed, profile: profile, text))
      }
      if !texts.isEmpty {
        nameAddons(in: MenuFile(device: file.device, path: "\(file.path).extra.d"))
      }
    }
    if !result.isEmpty {
      nameAddons(in: MenuFile(device: directory.device, path: "/loader/addons"))
    }
    return result
  }

  /// systemd-stub would add the command lines of addons (systemd-stub(7), `.addon.efi`).
  private mutating func nameAddons(in directory: MenuFile) {
    let limit = MenuLimits.warningCountMax
    let found = environment.names(inDirectory: directory, limit: limit) {
      $0.lowercased.hasSuffix(".addon.efi")
    }
    for name in found?.names ?? [] {
      let file = MenuFile(device: directory.device, path: "\(directory.path)/\(name)")
      note("the addon is not applied", file)
    }
  }

  private mutating func warn(_ what: ByteString, _ file: MenuFile) {
    note("image skipped: \(what)", file)
  }

  private mutating func note(_ what: ByteString, _ file: MenuFile) {
    guard warnings.count < MenuLimits.warningCountMax else { return }
    let place = MenuPlace(file: file.name, line: 1, column: 1)
    warnings.append(MenuWarning(place: place, kind: .failed(what)))
  }
}
