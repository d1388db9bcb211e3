// SPDX-License-Identifier: GPL-2.0-or-later

/// Pages of ours that a backend may use for as long as it is connected.
struct GrantedPages {
  let pages: SharedPages
  let memory: SharedMemory
  var references: [UInt32]

  /// Takes `count` zeroed pages and grants each to `domain`; takes nothing if that fails.
  init<H: Hypervisor>(
    count: Int, for domain: UInt16, hypervisor: H, grants: GrantTable<H>
  ) throws(GrantError) {
    let pages: SharedPages
    do throws(HypervisorError) {
      pages = try hypervisor.allocateSharedPages(count: count)
    } catch {
      throw .hypervisor(error)
    }
    self.pages = pages
    memory = SharedMemory(pages.address, byteCount: count * 4096)
    references = []
    do throws(GrantError) {
      for frame in pages.frames {
        references.append(try grants.grant(frame: frame, to: domain, readOnly: false))
      }
    } catch {
      for reference in references { try? grants.end(reference) }
      hypervisor.release(pages)
      throw error
    }
  }

  /// Ends the grants and gives the pages back; gives the grants that the backend still holds, in
  /// which case the pages stay as they are.
  func release<H: Hypervisor>(_ hypervisor: H, _ grants: GrantTable<H>) -> [UInt32] {
    var held: [UInt32] = []
    for reference in references {
      do throws(GrantError) {
        try grants.end(reference)
      } catch {
        held.append(reference)
      }
    }
    if held.isEmpty { hypervisor.release(pages) }
    return held
  }
}
