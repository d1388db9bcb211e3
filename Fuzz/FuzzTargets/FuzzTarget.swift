// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Something that takes bytes of an enemy. Each is run by libFuzzer (`tools/fuzz`), and over its
/// seeds by a unit test.
public protocol FuzzTarget: AnyObject {
  /// The name, which is also its folder's.
  var name: String { get }

  /// The longest input that is tried, in bytes.
  var byteCountMax: Int { get }

  /// The processor time in milliseconds that nobody need pay for in an execution.
  var freeMilliseconds: UInt64 { get }

  /// The images that it wants to be made.
  var recipes: [BaseRecipe] { get }

  /// The images, in the order of `recipes`. Comes before `seeds` and `run`.
  func use(_ bases: [BaseImage])

  /// Inputs to begin with.
  func seeds() -> [[UInt8]]

  /// Feeds an input to the code. What is not an error of it, but should not be, ends the program.
  func run(_ input: ArraySlice<UInt8>, _ work: WorkAccount)
}

/// A target without images.
extension FuzzTarget {
  /// Opening a disk, or reading a small menu.
  public var freeMilliseconds: UInt64 { 2 }
  /// None.
  public var recipes: [BaseRecipe] { [] }
  /// Nothing to do.
  public func use(_ bases: [BaseImage]) {}
}

/// All targets.
public enum FuzzTargets {
  /// All of them, made anew.
  public static func all() -> [any FuzzTarget] {
    FileSystemTargets.all() + [DiskTarget.partitions(), DiskTarget.volumes(), DiskTarget.guest()]
      + MenuTarget.all() + [
        RegularExpressionTarget(), KernelTarget(), DecoderTarget(), KeyTarget(), XenStoreTarget(),
        ConsoleTarget(), BlockRingTarget(),
      ]
  }

  /// The one of a name.
  public static func named(_ name: String) -> (any FuzzTarget)? { all().first { $0.name == name } }
}

extension FuzzTargets {
  /// The bytes that arrays and groups hold: a guest's file system.
  public static func memberContents() throws -> [UInt8] { try DiskTarget.contents.bytes() }
}
