// SPDX-License-Identifier: GPL-2.0-or-later
public import BootMenu
public import BootPlan
public import Bytes

/// What a session reacts to.
public indirect enum SessionEvent: Sendable {
  /// The menu was looked for. Nil: there is none, and the command line is all there is.
  case found(Menu?)
  /// Bytes came from the terminal or the display's keyboard.
  case input([UInt8])
  /// Nothing came, but time has passed.
  case tick
  /// The boot of the last `boot` effect failed, and everything is as it was before it.
  case bootFailed(BootFailureReport)
  /// The toolstack asked for something that only the administrator can be told of.
  case toolstackSaid(ByteString)
}

/// Why a boot failed.
public struct BootFailureReport: Equatable, Sendable {
  /// The reason.
  public var error: BootError
  /// Whether what was to be started is a 32-bit kernel, as Xen's own file is.
  public var isKernel32Bit: Bool

  /// A failure.
  public init(_ error: BootError, isKernel32Bit: Bool = false) {
    self.error = error
    self.isKernel32Bit = isKernel32Bit
  }
}

/// What a session wants to be done, in this order.
public indirect enum SessionEffect: Equatable, Sendable {
  /// Bytes for the terminal.
  case write(ByteString)
  /// A line for the administrator, who may read it in a log.
  case say(ByteString)
  /// To save what a menu or an entry wants to be kept.
  case save([BootTarget.SavedVariable])
  /// To tell the toolstack that a menu or command line waits.
  case reportMenu
  /// To tell the toolstack why an entry failed: the titles of the entry and of the menus around it,
  /// and the reason.
  case reportFailure(titles: [ByteString], reason: ByteString)
  /// To boot. `bootFailed` follows, if anything does; always the last effect of a step.
  case boot(BootTarget, titles: [ByteString])
  /// To end the domain; the last effect there is.
  case end(DomainEnd)
}

/// How a domain ends that becomes no guest.
public enum DomainEnd: Equatable, Sendable {
  /// As a guest that crashed.
  case crash
  /// As one that powers off.
  case powerOff
  /// As one that reboots.
  case reboot
}
