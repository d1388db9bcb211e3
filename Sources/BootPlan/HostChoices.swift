// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes

/// How a kernel starts in a PVH domain (decision 20).
public enum KernelStart: Equatable, Sendable {
  /// Unpacked by the loader, and entered as its PVH note says.
  case entry
  /// As a bzImage, by Linux's 64-bit boot protocol: it unpacks itself.
  case bzImage
}

/// What becomes of the domain when nothing boots and nobody is at the console (decision 44).
public enum FailureAction: Equatable, Sendable {
  /// The domain ends as a crashed one, after a wait for a person.
  case crash
  /// It ends as one that powers off, after the wait.
  case powerOff
  /// It starts again, after the wait.
  case reboot
  /// The other entries of the menu are tried first, in order; then as `crash`.
  case next
  /// The menu waits for ever.
  case wait

  /// The action of a name in `onfail=`; nil if there is none.
  init?(_ name: ByteString) {
    if name == "crash" {
      self = .crash
    } else if name == "poweroff" {
      self = .powerOff
    } else if name == "reboot" {
      self = .reboot
    } else if name == "next" {
      self = .next
    } else if name == "wait" {
      self = .wait
    } else {
      return nil
    }
  }

  /// How the domain ends, for a person; nil if it does not.
  public var name: ByteString? {
    switch self {
    case .crash, .next: "crash"
    case .powerOff: "poweroff"
    case .reboot: "reboot"
    case .wait: nil
    }
  }
}

/// How much the loader says.
public enum LogDetail: Equatable, Sendable {
  /// Errors, and what is loaded.
  case quiet
  /// Also what a menu has that was skipped.
  case normal
  /// Also what is on the disks.
  case all
}
