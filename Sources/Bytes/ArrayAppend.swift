// SPDX-License-Identifier: GPL-2.0-or-later

#if hasFeature(Embedded)
  /// In the image, what grows an array is a call. The standard library's own is inlined wherever it
  /// is used, some 80 bytes at hundreds of places (decision 0052). These are found before it, since
  /// a module's members shadow the standard library's.
  extension Array {
    /// Adds an element at the end.
    @inline(never)
    public mutating func append(_ newElement: __owned Element) {
      Self.add(newElement, to: &self)
    }

    /// Makes room for that many elements.
    @inline(never)
    public mutating func reserveCapacity(_ minimumCapacity: Int) {
      Self.makeRoom(for: minimumCapacity, in: &self)
    }

    /// Through the protocol, which leads to the standard library's and not back to ours.
    @inline(__always)
    private static func add<Elements: RangeReplaceableCollection>(
      _ element: __owned Elements.Element, to elements: inout Elements
    ) { elements.append(element) }

    @inline(__always)
    private static func makeRoom<Elements: RangeReplaceableCollection>(
      for elementCount: Int, in elements: inout Elements
    ) { elements.reserveCapacity(elementCount) }
  }
#endif
