// SPDX-License-Identifier: GPL-2.0-or-later
import CMiniOS
import StubMachine

/// The domain's free frames.
enum Frames {
  /// Free frames; none before `start`.
  nonisolated(unsafe) static var free = FrameAllocator(table: nil, rangeCountMax: 0)

  /// Gives the allocator its table, which is in the image: the heap stands on it.
  static func start() {
    free = FrameAllocator(
      table: minios_free_ranges(), rangeCountMax: Int(MINIOS_FREE_RANGE_MAX))
  }
}
