// SPDX-License-Identifier: GPL-2.0-or-later
import FakeDom0
import Testing

@testable import XenFrontends

@Suite struct GrantTableTests {
  @Test func grantedFrameCanBeMappedUntilTheEnd() throws {
    let xen = FakeXen()
    let grants = try GrantTable(hypervisor: xen)
    let page = xen.makePages(count: 1)
    let reference = try grants.grant(frame: page.frames[0], to: 0, readOnly: false)
    #expect(reference >= 8)
    #expect(xen.map(reference, writable: true) == page.address)
    #expect(grants.activeCount == 1)
    #expect(throws: GrantError.inUse(reference: reference)) { try grants.end(reference) }
    #expect(grants.activeCount == 1)
    xen.unmap(reference)
    try grants.end(reference)
    #expect(grants.activeCount == 0)
    #expect(xen.usedGrantCount == 0)
    #expect(xen.map(reference, writable: false) == nil)
  }

  @Test func readOnlyGrantCanNotBeMappedWritable() throws {
    let xen = FakeXen()
    let grants = try GrantTable(hypervisor: xen)
    let reference = try grants.grant(
      frame: xen.makePages(count: 1).frames[0], to: 0, readOnly: true)
    #expect(xen.map(reference, writable: true) == nil)
    #expect(xen.map(reference, writable: false) != nil)
  }

  @Test func tableGrowsUpToItsLimit() throws {
    let xen = FakeXen()
    xen.grantFrameCountMax = 3
    let grants = try GrantTable(hypervisor: xen)
    let frame = xen.makePages(count: 1).frames[0]
    let total = 3 * 512 - 8
    #expect(grants.availableCount == total)
    var references: Set<UInt32> = []
    for _ in 0..<total { references.insert(try grants.grant(frame: frame, to: 0, readOnly: false)) }
    #expect(references.count == total)
    #expect(references.allSatisfy { $0 >= 8 })
    #expect(throws: GrantError.exhausted(entryCount: 3 * 512)) {
      try grants.grant(frame: frame, to: 0, readOnly: false)
    }
    for reference in references { try grants.end(reference) }
    #expect(grants.availableCount == total)
    #expect(grants.activeCount == 0)
  }

  @Test func entriesOfOthersAreLeftAlone() throws {
    let xen = FakeXen()
    xen.grantFrameCountMax = 1
    for reference in 8..<500 as Range<UInt32> { xen.occupy(reference) }
    let grants = try GrantTable(hypervisor: xen)
    #expect(grants.availableCount == 12)
    let frame = xen.makePages(count: 1).frames[0]
    for _ in 0..<12 { #expect(try grants.grant(frame: frame, to: 0, readOnly: false) >= 500) }
  }

  @Test func frameBeyondThirtyTwoBitsIsRefused() throws {
    let xen = FakeXen()
    let grants = try GrantTable(hypervisor: xen)
    #expect(throws: GrantError.frameTooHigh(frame: 1 << 32)) {
      try grants.grant(frame: 1 << 32 - FakeXen.machineOffset, to: 0, readOnly: false)
    }
    #expect(grants.activeCount == 0)
  }

  @Test func refusedGrowthIsAnErrorOnce() throws {
    let xen = FakeXen()
    let grants = try GrantTable(hypervisor: xen)
    xen.grantFrameCountMax = 1
    let frame = xen.makePages(count: 1).frames[0]
    for _ in 0..<504 { _ = try grants.grant(frame: frame, to: 0, readOnly: false) }
    #expect(throws: GrantError.hypervisor(.refused(operation: "setup", errno: 22))) {
      try grants.grant(frame: frame, to: 0, readOnly: false)
    }
    #expect(grants.availableCount == 0)
  }
}
