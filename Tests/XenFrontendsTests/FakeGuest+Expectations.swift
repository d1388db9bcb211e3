// SPDX-License-Identifier: GPL-2.0-or-later
import FakeDom0
import Testing

extension FakeGuest {
  /// Nothing of ours is left anywhere.
  func expectClean(_ backend: FakeDisk, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(leftovers(backend) == [], sourceLocation: sourceLocation)
  }
}
