// SPDX-License-Identifier: GPL-2.0-or-later

/// Limits, so that no menu on a guest's disk can hang the loader.
public enum MenuLimits {
  /// The largest menu file that is read, in bytes: NixOS may list thousands of generations.
  public static let fileByteCountMax = 8 << 20
  /// The memory that a menu may cost for each byte of its text, the text too. Beside it there is
  /// what the limits below allow any text, however short.
  public static let memoryPerTextByteMax = 12
  /// The largest number of entries in one menu.
  public static let entryCountMax = 20_000
  /// The entries that a menu may have however short its text is.
  public static let shortEntryCountMax = 4096
  /// The bytes of text that each further entry must have: it costs some 500 bytes of memory.
  public static let entryTextByteCountMin = 64
  /// The largest sum of entry bodies and titles in one menu, in bytes.
  public static let entryByteCountMax = 16 << 20
  /// The work that one menu or one entry may ask for: a command costs one, and one for each
  /// `bytesPerStep` bytes that it expands or that it reads from a file.
  public static let stepCountMax = 200_000
  /// The number of expanded or parsed bytes that cost as much as a command.
  public static let bytesPerStep = 256
  /// The depth of blocks within blocks in the text of a script: each takes 1040 bytes of the
  /// image's stack (of 256 KiB) while a script is checked.
  public static let syntaxDepthMax = 24
  /// The depth of blocks, function calls and sourced files while a script runs: each takes at most
  /// 1488 bytes of the stack (`eval`). With the deepest block in the deepest call, and menus that
  /// open menus, these are 78 KB.
  public static let callDepthMax = 32
  /// The depth of menus within menus.
  public static let submenuDepthMax = 8
  /// The number of variables of a script.
  public static let variableCountMax = 1024
  /// The length of a variable's value in bytes.
  public static let variableByteCountMax = 64 << 10
  /// The sum of the names and values of all variables of a script in bytes.
  public static let variablesByteCountMax = 1 << 20
  /// The sum of all arguments of one command in bytes.
  public static let argumentsByteCountMax = 1 << 20
  /// The number of paths that one word with `*` or `?` becomes.
  public static let pathMatchCountMax = 512
  /// The number of functions of a script.
  public static let functionCountMax = 256
  /// The length of all functions of a script in bytes: they stay when their texts are gone.
  public static let functionByteCountMax = 8 << 20
  /// The length of a pattern of paths or names in bytes.
  public static let patternByteCountMax = 4096
  /// The number of options of one command.
  public static let optionCountMax = 256
  /// The number of initial ramdisks or modules of one entry.
  public static let payloadCountMax = 64
  /// The number of passwords of one menu or entry.
  public static let passwordCountMax = 64
  /// The number of users of one menu or entry.
  public static let userCountMax = 256
  /// The number of entries that are tried when the default fails.
  public static let fallbackCountMax = 64
  /// The length of a name or a reason in a warning or failure in bytes.
  public static let warningByteCountMax = 512
  /// The number of warnings kept for one menu.
  public static let warningCountMax = 64
  /// The output of one command line that is kept, in bytes.
  public static let outputByteCountMax = 64 << 10
  /// The number of pieces in the name of a file that is a list of blocks.
  public static let blockListPieceCountMax = 256
  /// The length of such a name in bytes.
  public static let blockListByteCountMax = 16 << 10
  /// The number of files that one configuration of syslinux includes, one in another counted too.
  public static let includeCountMax = 64
  /// The depth of included files within included files.
  public static let includeDepthMax = 8
  /// How many labels of syslinux may each stand for the next.
  public static let aliasDepthMax = 8
  /// The number of labels of syslinux in one menu that stand for another.
  public static let aliasCountMax = 256
  /// The size in bytes of one entry file of the Boot Loader Specification.
  public static let entryFileByteCountMax = 64 << 10
  /// The number of unified kernel images that are looked at on one device.
  public static let unifiedKernelCountMax = 256
  /// The sum of the texts of all unified kernel images of one menu in bytes, each profile counted.
  public static let unifiedKernelByteCountMax = 4 << 20
  /// The length of one line of a configuration of syslinux in bytes.
  public static let syslinuxLineByteCountMax = 64 << 10
  /// The length of one logical line of a legacy menu in bytes.
  public static let legacyLineByteCountMax = 16 << 10
  /// The names of one directory that are kept where some are chosen of them; a machine with many
  /// kernels has 200 in its largest one.
  public static let directoryNameCountMax = 4096
  /// The names that Tab lists where several fit.
  public static let completionChoiceCountMax = 100
  /// The bytes that a person's command reads between two looks at the keyboard.
  public static let pieceByteCount = 1 << 20
  /// The bytes of one file that a person's command reads; a sparse file may say any size.
  public static let rescueByteCountMax: UInt64 = 64 << 30
  /// The names in a directory, the parts of a file or the nodes of xenstore that are listed.
  public static let listedCountMax = 1000
  /// The names that `find` looks at.
  public static let findNameCountMax = 50_000
  /// The depth of directories that `find` goes down, and of nodes that `xenstore ls` does.
  public static let findDepthMax = 16

  /// Whether a menu of some text may have one entry more.
  static func hasRoom(entryCount: Int, textByteCount: Int) -> Bool {
    entryCount < min(entryCountMax, shortEntryCountMax + textByteCount / entryTextByteCountMin)
  }
}
