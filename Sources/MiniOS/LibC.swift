// SPDX-License-Identifier: GPL-2.0-or-later
// What libc.c calls: C has the names that Swift's runtime and the prebuilt decoders want, and
// Swift does the work. Not for the host, whose own C library has them.
#if hasFeature(Embedded)

  @c(minios_heap_allocate) func allocate(
    _ byteCount: Int, _ alignment: Int
  ) -> UnsafeMutableRawPointer? {
    Heap.allocate(byteCount, alignment: alignment)
  }

  @c(minios_heap_free) func release(_ memory: UnsafeMutableRawPointer) { Heap.free(memory) }

  @c(minios_out_of_memory) func outOfMemory() -> Never { Panic.end("out of memory") }

  @c(minios_library_failed) func libraryFailed() -> Never {
    Panic.end("a library found itself in an impossible state")
  }

  @c(__stack_chk_fail) func stackWasOverrun() -> Never {
    Panic.end("a library overran its stack")
  }

#endif
