// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// Why a menu could not be read or an entry of it can't boot.
public indirect enum MenuError: BootFailure {
  /// The menu is not there, can't be read or is larger than `MenuLimits.fileByteCountMax`.
  case unreadable(MenuFile)
  /// The menu has no entries.
  case noEntries(MenuFile)
  /// There is no entry at this place.
  case noSuchEntry(index: Int, entryCount: Int)
  /// The entry ran to its end and named no kernel.
  case noKernel(title: ByteString)
  /// A command of the entry failed, and no kernel was named.
  case commandFailed(title: ByteString, reason: ByteString)
  /// The entry hands over to a boot sector, which a PV guest has no use for.
  case chainloader(title: ByteString, file: ByteString)
  /// The entry starts a program for UEFI that is no kernel.
  case firmwareProgram(title: ByteString, file: ByteString)
  /// The entry wants something of the machine that a guest does not have.
  case notForGuests(title: ByteString, what: ByteString)
  /// The entry is locked and no password was given.
  case locked(title: ByteString)
  /// The menu asks for more work than `MenuLimits.stepCountMax`.
  case tooManySteps(place: MenuPlace)
  /// The menu asks for more work than the account has.
  case work(WorkError, place: MenuPlace)
  /// Blocks, calls or files are nested more deeply than `MenuLimits.callDepthMax`.
  case nestedTooDeeply(place: MenuPlace)
  /// The menu is larger than `MenuLimits` allow.
  case tooLarge(place: MenuPlace, what: ByteString)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .unreadable, .noSuchEntry, .locked: .wrongRequest
    case .chainloader, .firmwareProgram, .notForGuests: .unsupported
    case .noEntries, .noKernel, .commandFailed, .tooManySteps, .nestedTooDeeply, .tooLarge:
      .corrupt
    case .work(let error, _): error.family
    }
  }

  /// One line that names the place.
  public var message: ByteString {
    switch self {
    case .unreadable(let file): "menu \(file.name) can't be read"
    case .noEntries(let file): "menu \(file.name) has no entries"
    case .noSuchEntry(let index, let count): "no entry \(index) in a menu of \(count)"
    case .noKernel(let title): "entry '\(title)' names no kernel"
    case .commandFailed(let title, let reason): "entry '\(title)': \(reason)"
    case .chainloader(let title, let file):
      "entry '\(title)' chainloads \(file), which a PV guest can't run"
    case .firmwareProgram(let title, let file):
      "entry '\(title)' chainloads \(file), a program for UEFI with no kernel in it, "
        + "which a guest can't run"
    case .notForGuests(let title, let what): "entry '\(title)': \(what)"
    case .locked(let title): "entry '\(title)' is locked by a password"
    case .tooManySteps(let place):
      "\(place.text): more than \(MenuLimits.stepCountMax) steps"
    case .work(let error, let place): "\(place.text): \(error.message)"
    case .nestedTooDeeply(let place):
      "\(place.text): nested more than \(MenuLimits.callDepthMax) deep"
    case .tooLarge(let place, let what): "\(place.text): \(what)"
    }
  }
}
