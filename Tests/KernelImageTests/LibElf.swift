// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import TestSupport

/// Xen's own parser of PV kernels, libxenguest with libelf inside, as judge: what it says while it
/// looks at a kernel.
enum LibElf {

  /// What Xen's domain builder takes from a kernel.
  struct Verdict {
    /// Lines such as `virt_base = 0x0` and `note: ENTRY = 0x100000`, by name.
    var values: [String: String] = [:]

    subscript(name: String) -> UInt64? {
      guard let text = values[name] else { return nil }
      return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    }
  }

  private static let source = """
    #define __XEN_TOOLS__ 1
    #include <stdio.h>
    #include <stdint.h>
    #include <xenctrl.h>
    #include <xenguest.h>
    #include <xentoollog.h>
    int main(int argc, char **argv)
    {
        xentoollog_logger *log =
            (xentoollog_logger *)xtl_createlogger_stdiostream(stdout, XTL_DEBUG, 0);
        xc_interface *xen = xc_interface_open(log, log, XC_OPENFLAG_DUMMY);
        struct xc_dom_image *dom = xen ? xc_dom_allocate(xen, "", NULL) : NULL;
        if (!dom || xc_dom_kernel_file(dom, argv[1])) return 1;
        dom->container_type = XC_DOM_PV_CONTAINER;
        xc_dom_parse_image(dom); /* fails in the end: there is no Xen here to ask */
        return 0;
    }
    """

  /// The program, compiled once in a test run.
  private static let program: Result<URL, any Error> = Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pvgrub-libelf-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appendingPathComponent("judge.c")
    try source.write(to: file, atomically: true, encoding: .utf8)
    let program = folder.appendingPathComponent("judge")
    _ = try run([
      "cc", file.path, "-o", program.path, "-lxenguest", "-lxenctrl", "-lxentoollog",
    ])
    return program
  }

  /// Shows a kernel to Xen.
  static func verdict(on kernel: [UInt8]) throws -> Verdict {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pvgrub-kernel-" + UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(kernel).write(to: file)
    var verdict = Verdict()
    for line in try run([program.get().path, file.path]).split(separator: "\n") {
      guard let detail = line.range(of: "xc: detail: "), line.contains("=") else { continue }
      let words = line[detail.upperBound...].replacingOccurrences(of: "ELF: ", with: "")
      let sides = words.split(separator: "=", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      if sides.count == 2 { verdict.values[sides[0]] = sides[1] }
    }
    return verdict
  }

  /// Assembles and links a kernel with the host's tools.
  static func kernel(assembly: String, linkerScript: String) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pvgrub-ld-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let paths = ["kernel.S", "kernel.ld", "kernel"].map { folder.appendingPathComponent($0) }
    try assembly.write(to: paths[0], atomically: true, encoding: .utf8)
    try linkerScript.write(to: paths[1], atomically: true, encoding: .utf8)
    _ = try run([
      "cc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
      "-Wl,-T", paths[1].path, paths[0].path, "-o", paths[2].path,
    ])
    return [UInt8](try Data(contentsOf: paths[2]))
  }

  private static func run(_ command: [String]) throws -> String {
    String(decoding: try HostTool.output(command, keepingErrors: true), as: UTF8.self)
  }
}
