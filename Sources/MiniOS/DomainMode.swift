// SPDX-License-Identifier: GPL-2.0-or-later

/// What kind of domain the one image was started in (decision 18).
public enum DomainMode: Equatable {
  /// `type="pv"`: ring 3, page tables by hypercalls, frames have machine numbers.
  case pv
  /// `type="pvh"`: ring 0 of a virtual machine, page tables of our own, machine frame = frame.
  case pvh
}
