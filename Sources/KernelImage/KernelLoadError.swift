// SPDX-License-Identifier: GPL-2.0-or-later
public import Bytes
public import Decompression

/// Why a kernel was not loaded.
public enum KernelLoadError<SourceFailure: BootFailure, MemoryFailure: BootFailure>: BootFailure {
  /// The file could not be read.
  case source(SourceFailure)
  /// There is no memory for the kernel.
  case memory(MemoryFailure)
  /// The file could not be unpacked.
  case decompression(DecompressionError)
  /// The file is no kernel that can be loaded.
  case image(KernelImageError)

  /// Whose fault it is.
  public var family: FailureFamily {
    switch self {
    case .source(let error): error.family
    case .memory(let error): error.family
    case .decompression(let error): error.family
    case .image(let error): error.family
    }
  }

  /// The message of the reason.
  public var message: ByteString {
    switch self {
    case .source(let error): error.message
    case .memory(let error): error.message
    case .decompression(let error): error.message
    case .image(let error): error.message
    }
  }
}
