// SPDX-License-Identifier: GPL-2.0-or-later
import BootMenu
import Bytes
import TestSupport

/// A menu of GRUB 2 in `/boot/grub/grub.cfg` on the root device.
func scriptMenu(
  _ text: String, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> Menu {
  let file = MenuFile(device: "", path: "/boot/grub/grub.cfg")
  return try MenuInterpreter(environment: environment)
    .menu(ByteString(text), file: file, format: .grub2)
}

/// A menu of GRUB legacy in `/boot/grub/menu.lst` on the root device.
func legacyMenu(
  _ text: String, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> Menu {
  let file = MenuFile(device: "", path: "/boot/grub/menu.lst")
  return try MenuInterpreter(environment: environment)
    .menu(ByteString(text), file: file, format: .legacy)
}

/// What an entry boots.
func target(
  _ index: Int, of menu: Menu, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> BootTarget {
  let run = try MenuInterpreter(environment: environment).run(index, of: menu)
  guard case .boot(let target) = run.outcome else {
    throw .noKernel(title: menu.entries[index].title)
  }
  return target
}

/// What a script prints.
func printed(
  _ script: String, in environment: FakeEnvironment = FakeEnvironment()
) throws(MenuError) -> String {
  try scriptMenu(script + "\nmenuentry end {\ntrue\n}\n", in: environment).output.text
}
