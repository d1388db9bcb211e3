// SPDX-License-Identifier: GPL-2.0-or-later
import FakeDom0
import Testing

extension FakeGuest {
  /// The guest has left nothing behind.
  func expectClean(_ backend: FakeDisk, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(leftovers(backend) == [], sourceLocation: sourceLocation)
  }
}
