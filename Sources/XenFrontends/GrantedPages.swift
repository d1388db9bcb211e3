// SPDX-License-Identifier: GPL-2.0-or-later

/// Pages of the disk engine's own that a backend may use for as long as it is connected.
struct GrantedPages {
  let pages: SharedPages
  let memory: SharedMemory
  let references: [UInt32]

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
    do throws(GrantError) {
      references = try grants.grantAll(pages.frames, to: domain)
    } catch {
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
