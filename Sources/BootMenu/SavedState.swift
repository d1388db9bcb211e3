// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// The new contents of a file that keeps a menu's state, made from the old ones.
public enum SavedState {
  /// Why a file can't keep what is to be saved.
  public enum Refusal: Equatable, Sendable {
    /// It is no environment block.
    case noBlock
    /// The variables do not fit into it.
    case full

    /// The reason in words.
    public var text: ByteString {
      switch self {
      case .noBlock: "is no environment block"
      case .full: "has no room for the variables"
      }
    }
  }

  /// The contents, of the same size, with the variables saved. A file named `default` is that of
  /// GRUB legacy, which begins with a number and a line's end; all others are environment blocks.
  public static func contents(
    _ old: ByteString, of file: MenuFile, saving variables: [BootTarget.SavedVariable]
  ) -> Result<ByteString, Refusal> {
    if file.path.hasSuffix("/default") { return legacy(old, variables) }
    guard var block = EnvironmentBlock(old) else { return .failure(.noBlock) }
    for variable in variables { block.set(variable.name, variable.value) }
    guard let new = block.contents else { return .failure(.full) }
    return .success(new)
  }

  /// `grub-set-default` makes the file with room after the number.
  private static func legacy(
    _ old: ByteString, _ variables: [BootTarget.SavedVariable]
  ) -> Result<ByteString, Refusal> {
    guard old.bytes.first.map(ASCII.isDigit) == true else { return .failure(.noBlock) }
    guard let number = variables.last?.value else { return .success(old) }
    let line = number + "\n"
    guard line.count <= old.count else { return .failure(.full) }
    return .success(ByteString(line.bytes + old.bytes[line.count...]))
  }
}

extension SavedState.Refusal: Error {}
