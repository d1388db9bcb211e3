// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes

extension PlanReport {
  /// The report as one JSON object.
  func json(file: String) -> String {
    var fields = [
      "\"source\":{\"file\":\(quoted(file)),\"language\":\(quoted(language))}"
    ]
    if let seconds = menu.timeoutSeconds { fields.append("\"timeoutSeconds\":\(seconds)") }
    fields.append("\"timeoutStyle\":\(quoted("\(menu.timeoutStyle)"))")
    fields.append("\"defaultPath\":[\(list(defaultPath))]")
    fields.append("\"entries\":[\(entries.map(json).joined(separator: ","))]")
    let warnings = menu.warnings.map { quoted($0.message.text) }
    fields.append("\"warnings\":[\(warnings.joined(separator: ","))]")
    return "{\(fields.joined(separator: ","))}"
  }

  private var language: String { "\(menu.format)" }

  private func json(_ entry: Entry) -> String {
    var fields = [
      "\"title\":\(quoted(entry.entry.title.text))", "\"id\":\(quoted(entry.entry.id.text))",
      "\"path\":[\(list(entry.path))]",
    ]
    if let target = entry.target {
      fields.append("\"kernel\":\(quoted(PlanReport.name(target.kernel, target)))")
      fields.append("\"commandLine\":\(quoted(target.commandLine.text))")
      let initrds = target.initrds.map { quoted(PlanReport.name($0, target)) }
      fields.append("\"initrds\":[\(initrds.joined(separator: ","))]")
      if target.kind == .multiboot {
        let modules = target.modules.map {
          "{\"file\":\(quoted(PlanReport.name($0.file, target))),"
            + "\"commandLine\":\(quoted($0.commandLine.text))}"
        }
        fields.append("\"modules\":[\(modules.joined(separator: ","))]")
      }
    }
    if let error = entry.error { fields.append("\"error\":\(quoted(error.text))") }
    if entry.entry.kind == .submenu || !entry.children.isEmpty {
      fields.append("\"children\":[\(entry.children.map(json).joined(separator: ","))]")
    }
    return "{\(fields.joined(separator: ","))}"
  }

  private func list(_ numbers: [Int]) -> String {
    numbers.map { "\($0)" }.joined(separator: ",")
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
