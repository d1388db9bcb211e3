// SPDX-License-Identifier: GPL-2.0-or-later
import Bytes
import Decompression

/// Why packed data could not be had.
enum PayloadError<SourceFailure: BootFailure>: BootFailure {
  case source(SourceFailure)
  case decompression(DecompressionError)
  case image(KernelImageError)

  var family: FailureFamily {
    switch self {
    case .source(let error): error.family
    case .decompression(let error): error.family
    case .image(let error): error.family
    }
  }

  var message: ByteString {
    switch self {
    case .source(let error): error.message
    case .decompression(let error): error.message
    case .image(let error): error.message
    }
  }
}

extension KernelLoadError {
  /// The same as the loader's error.
  init(_ error: PayloadError<SourceFailure>) {
    switch error {
    case .source(let error): self = .source(error)
    case .decompression(let error): self = .decompression(error)
    case .image(let error): self = .image(error)
    }
  }

  /// The error of a loader whose source was unpacked itself.
  init(_ error: KernelLoadError<PayloadError<SourceFailure>, MemoryFailure>) {
    switch error {
    case .source(let error): self.init(error)
    case .memory(let error): self = .memory(error)
    case .decompression(let error): self = .decompression(error)
    case .image(let error): self = .image(error)
    }
  }
}
