// SPDX-License-Identifier: GPL-2.0-or-later
import Glibc
import TestSupport

/// How a base image is made: a recipe of `testimages/` and its arguments.
public struct BaseRecipe: Sendable {
  /// The recipe.
  public let recipe: String
  /// What it is told. `@0` is a file with `data`.
  public let arguments: [String]
  /// How many images it makes, `IMAGE.0` and on; 0 if it makes `IMAGE` alone.
  public let memberCount: Int

  /// A recipe that makes one image.
  init(recipe: String, arguments: [String]) {
    self.recipe = recipe
    self.arguments = arguments
    memberCount = 0
  }

  /// The same with its arguments in a list.
  public init(_ recipe: String, _ arguments: String...) {
    self.recipe = recipe
    self.arguments = arguments
    memberCount = 0
  }

  /// A recipe that makes the disks of an array or a group.
  public init(_ recipe: String, memberCount: Int, _ arguments: String...) {
    self.recipe = recipe
    self.arguments = arguments
    self.memberCount = memberCount
  }

  /// The name of its files.
  public var fileName: String {
    let words = [recipe] + arguments
    return words.map { word in
      String(decoding: word.utf8.prefix(40).map { Self.isPlain($0) ? $0 : 0x5f }, as: UTF8.self)
    }.joined(separator: ".")
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte)
      || byte == 0x2d
  }

  /// Makes the images and keeps them until the result goes.
  public func make(data: [UInt8]) throws -> MadeImages {
    if memberCount == 0 {
      let image = try TestImage(recipe, arguments: arguments)
      return MadeImages(paths: [image.path], owner: image)
    }
    let images = try MemberImages(recipe, count: memberCount, data: [data], arguments)
    return MadeImages(paths: images.paths, owner: images)
  }
}

/// Images that go with their owner.
public struct MadeImages {
  /// Where they are.
  public let paths: [String]
  let owner: AnyObject
}

/// The disks of a base, mapped once and never copied.
public final class BaseImage {
  /// A disk's bytes.
  struct Disk {
    let bytes: UnsafeRawBufferPointer
  }

  let disks: [Disk]

  /// The files' bytes. They stay mapped when the files are gone.
  public init?(paths: [String]) {
    var disks: [Disk] = []
    for path in paths {
      let file = open(path, O_RDONLY)
      guard file >= 0 else { return nil }
      defer { close(file) }
      let count = Int(lseek(file, 0, SEEK_END))
      guard count > 0, let start = mmap(nil, count, PROT_READ, MAP_SHARED, file, 0),
        start != MAP_FAILED
      else { return nil }
      disks.append(Disk(bytes: UnsafeRawBufferPointer(start: start, count: count)))
    }
    self.disks = disks
  }

  deinit {
    for disk in disks {
      munmap(UnsafeMutableRawPointer(mutating: disk.bytes.baseAddress), disk.bytes.count)
    }
  }
}

extension BaseRecipe {
  /// The bytes of the image that it makes.
  func bytes() throws -> [UInt8] { try TestImage(recipe, arguments: arguments).bytes() }
}
