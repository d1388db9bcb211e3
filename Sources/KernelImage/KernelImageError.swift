// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import Decompression

/// Why a file is no kernel that can be started here. Offsets are bytes of the unpacked ELF file
/// unless a case says otherwise.
public indirect enum KernelImageError: BootFailure {
  /// Neither a bzImage, nor an ELF file, nor packed data.
  case notAKernel
  /// A PE file without Linux's boot header, and without a kernel as a section.
  case portableExecutable
  /// A bzImage older than boot protocol 2.08 does not tell where its payload is.
  case bootProtocolTooOld(version: UInt16)
  /// The boot header ends before its payload fields.
  case bootHeaderTruncated(byteCount: Int)
  /// The payload that the boot header tells of is not inside the file. Bytes of the file.
  case payloadOutsideFile(start: UInt64, byteCount: UInt64, fileByteCount: UInt64)
  /// The payload starts with bytes of no known format.
  case unknownPayload
  /// A bzImage without an entry for 64-bit mode: a 32-bit kernel.
  case no64BitEntry
  /// A bzImage whose code is larger than the memory that it says it needs. Bytes.
  case bootCodeTooLarge(byteCount: UInt64, byteCountMax: UInt64)
  /// The file ended before the kernel was whole. A byte of the packed file.
  case fileTruncated(position: UInt64)
  /// The unpacked data ended before the kernel was whole.
  case payloadEndsEarly(position: UInt64, neededByteCount: UInt64)
  /// Packed data in packed data.
  case packedTwice
  /// A bzImage inside a file in a format that needs all of it in memory.
  case packedBzImage(PayloadFormat)
  /// The packed data unpacks to more than the limit.
  case payloadTooLarge(byteCountMax: UInt64)
  /// It makes too much work to unpack, for the size of its file.
  case work(WorkError)

  /// The unpacked data is no ELF file.
  case notELF
  /// An ELF file of the 32-bit class.
  case elf32
  /// An ELF file that is not little endian.
  case elfBigEndian
  /// An ELF file for another machine (`e_machine`).
  case elfMachine(UInt16)
  /// An ELF file that is not a program (`e_type`).
  case elfType(UInt16)
  /// Program headers of another size than 56 bytes.
  case programHeaderSize(UInt16)
  /// No program headers, or too many.
  case programHeaderCount(UInt16)
  /// Program headers that are not within the first bytes of the file.
  case programHeadersTooFar(offset: UInt64)
  /// No segment is to be loaded.
  case nothingToLoad
  /// A segment with more bytes in the file than in memory.
  case segmentSizes(index: Int, fileByteCount: UInt64, memoryByteCount: UInt64)
  /// A segment whose end does not fit into 64 bits.
  case segmentOverflow(index: Int)
  /// Two segments that claim the same memory or the same bytes of the file.
  case segmentsOverlap(physicalAddress: UInt64)
  /// Segments that span more memory than the limit.
  case kernelTooLarge(byteCount: UInt64, byteCountMax: UInt64)

  /// More bytes of notes than the limit.
  case notesTooLarge(byteCountMax: Int)
  /// A note that leaves its segment.
  case noteTruncated(offset: Int)
  /// A numeric note of another size than 4 or 8 bytes.
  case noteSize(type: UInt32, byteCount: Int)

  /// Section headers that are too far after the kernel to look for notes by them.
  case sectionHeadersTooFar(offset: UInt64)
  /// A section header, or a section of notes, that was not kept.
  case sectionOutOfReach(offset: UInt64)
  /// A number in a `__xen_guest` section that is none.
  case guestWord(name: ByteString, value: ByteString)

  /// No Xen notes at all.
  case noXenNotes
  /// Only an entry point for PVH.
  case onlyPVH
  /// Only an entry point for PV.
  case onlyPV
  /// `LOADER` is not "generic" and `GUEST_OS` not "linux".
  case loaderNotGeneric(loader: ByteString, guestOS: ByteString)
  /// `XEN_VERSION` is not "xen-3.0".
  case xenVersion(ByteString)
  /// The kernel requires a feature that a PV guest does not have.
  case requiredFeature(ByteString)
  /// `PADDR_OFFSET` without `VIRT_BASE`.
  case physicalOffsetWithoutBase
  /// A segment lies below `PADDR_OFFSET`, or the kernel's end does not fit into 64 bits.
  case addressOverflow(physicalAddress: UInt64)
  /// The entry point is not inside the kernel.
  case entryOutsideKernel(entry: UInt64)
  /// The hypercall page is not a page inside the kernel.
  case hypercallPageOutsideKernel(address: UInt64)
  /// The place for the p2m list is inside the kernel.
  case p2mInsideKernel(address: UInt64)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .work(let error): error.family
    case .notAKernel, .onlyPVH, .onlyPV, .noXenNotes: .wrongRequest
    case .portableExecutable, .bootProtocolTooOld, .no64BitEntry, .unknownPayload,
      .payloadTooLarge, .packedTwice, .packedBzImage, .elf32,
      .elfBigEndian, .elfMachine, .elfType, .programHeaderCount, .programHeadersTooFar,
      .kernelTooLarge, .notesTooLarge, .sectionHeadersTooFar, .sectionOutOfReach,
      .loaderNotGeneric, .xenVersion, .requiredFeature:
      .unsupported
    default: .corrupt
    }
  }

  /// One line that says what an administrator can do, or where the check failed.
  public var message: ByteString {
    fileMessage ?? elfMessage ?? noteMessage ?? "not a kernel"
  }

  private var fileMessage: ByteString? {
    switch self {
    case .notAKernel: "not a kernel: neither a bzImage nor an ELF file"
    case .portableExecutable: "a PE file that is no unified kernel image: it has no .linux section"
    case .bootProtocolTooOld(let version):
      "bzImage of boot protocol \(version >> 8).\(version & 0xff), 2.8 or newer is needed"
    case .bootHeaderTruncated(let count): "bzImage ends inside its boot header, at byte \(count)"
    case .payloadOutsideFile(let start, let count, let size):
      "the bzImage's payload (\(count) bytes at byte \(start)) leaves the file of \(size) bytes"
    case .no64BitEntry: "the bzImage has no entry for 64-bit mode"
    case .bootCodeTooLarge(let count, let limit):
      "the bzImage has \(count) bytes of code for \(limit) bytes of memory"
    case .unknownPayload: "the bzImage's payload is in no known format"
    case .fileTruncated(let position): "the kernel file is truncated: it ends at byte \(position)"
    case .payloadEndsEarly(let position, let needed):
      "the kernel is incomplete: its unpacked data end at byte \(position) of \(needed)"
    case .packedTwice: "the kernel file is packed twice"
    case .packedBzImage(let format):
      "a bzImage in \(format.name) data is not supported; unpack the file, or use gzip"
    case .work(let error): "the kernel: \(error.message)"
    case .payloadTooLarge(let limit): "the kernel unpacks to more than \(limit >> 10) KiB"
    default: nil
    }
  }

  private var elfMessage: ByteString? {
    switch self {
    case .notELF: "the kernel's unpacked data is not an ELF file"
    case .elf32: "a 32-bit kernel can't be started: this is a 64-bit domain"
    case .elfBigEndian: "the kernel is a big-endian ELF file"
    case .elfMachine(let machine): "the kernel is for another machine (ELF machine \(machine))"
    case .elfType(let type): "the kernel is not an executable ELF file (type \(type))"
    case .programHeaderSize(let size): "ELF program headers of \(size) bytes"
    case .programHeaderCount(let count): "ELF file with \(count) program headers"
    case .programHeadersTooFar(let offset): "ELF program headers at byte \(offset), too far away"
    case .nothingToLoad: "ELF file without a segment to load"
    case .segmentSizes(let index, let file, let memory):
      "ELF segment \(index) has \(file) bytes in the file but only \(memory) in memory"
    case .segmentOverflow(let index): "ELF segment \(index) has no possible end"
    case .segmentsOverlap(let address): "ELF segments overlap at address \(hex: address)"
    case .kernelTooLarge(let count, let limit):
      "the kernel spans \(count >> 20) MiB of memory, at most \(limit >> 20) MiB are possible"
    default: nil
    }
  }

  private var noteMessage: ByteString? {
    switch self {
    case .notesTooLarge(let limit): "the kernel has more than \(limit) bytes of ELF notes"
    case .noteTruncated(let offset): "the ELF note at byte \(offset) of its segment is cut off"
    case .noteSize(let type, let count): "the Xen note of type \(type) has \(count) bytes"
    case .sectionHeadersTooFar(let offset):
      "no Xen notes in the kernel's segments, and its section headers at byte \(offset) are too far"
    case .sectionOutOfReach(let offset):
      "the kernel's section at byte \(offset), where its Xen notes may be, can't be read"
    case .guestWord(let name, let value): "__xen_guest: \(name)=\(value) is not a number"
    case .noXenNotes: "not a Xen kernel: it has no Xen notes"
    case .onlyPVH: "this kernel has only a PVH entry: set type='pvh'"
    case .onlyPV: "this kernel has only a PV entry: set type='pv'"
    case .loaderNotGeneric(let loader, let guestOS):
      "not a Xen PV kernel: its loader is '\(loader)', its system '\(guestOS)'"
    case .xenVersion(let version): "not a Xen PV kernel: it is for Xen version '\(version)'"
    case .requiredFeature(let name): "the kernel requires '\(name)', which PV guests don't have"
    case .physicalOffsetWithoutBase: "the kernel has a PADDR_OFFSET note but no VIRT_BASE note"
    case .addressOverflow(let address): "the kernel's address \(hex: address) is out of range"
    case .entryOutsideKernel(let entry): "the kernel's entry \(hex: entry) is outside of it"
    case .hypercallPageOutsideKernel(let address):
      "the kernel's hypercall page \(hex: address) is outside of it"
    case .p2mInsideKernel(let address): "the kernel's INIT_P2M \(hex: address) is inside of it"
    default: nil
    }
  }
}
