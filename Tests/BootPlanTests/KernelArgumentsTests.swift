// SPDX-License-Identifier: GPL-2.0-or-later
import BootPlan
import Bytes
import Testing

struct KernelArgumentsTests {
  /// What becomes of a command line when the host says `words`.
  func changed(_ commandLine: ByteString, _ words: ByteString) -> ByteString {
    HostOptions(words).arguments.applied(to: commandLine)
  }

  @Test func withoutAWordOfTheHostNothingChanges() {
    #expect(changed("  root=x   ro ", "timeout=1") == "  root=x   ro ")
  }

  @Test func appendsInOrderButBeforeWhatIsForInit() {
    #expect(changed("ro", "append=a append='b c'") == "ro a b c")
    #expect(changed("ro -- single", "append=quiet") == "ro quiet -- single")
    #expect(changed("", "append=quiet") == "quiet")
  }

  @Test func removesAllArgumentsOfAName() {
    #expect(changed("quiet root=a quiet console=x", "remove=quiet") == "root=a console=x")
    #expect(changed("console=tty0 ro console=ttyS0", "remove=console") == "ro")
    #expect(changed("console=tty0 ro console=ttyS0", "remove=console=tty0") == "ro console=ttyS0")
    #expect(changed("rootwait root=a roo", "remove=root") == "rootwait roo")
    #expect(changed("quiet -- quiet", "remove=quiet") == "-- quiet")
  }

  @Test func blanksInQuotesDoNotEndAnArgument() {
    #expect(changed(#"dyndbg="file a +p" ro"#, "remove=dyndbg") == "ro")
    #expect(changed(#"dyndbg="file quiet +p" quiet"#, "remove=quiet") == #"dyndbg="file quiet +p""#)
    #expect(changed(#"x="a b"#, "append=y") == #"x="a b y"#)
  }

  @Test func whatIsRemovedCanBeAppendedAnew() {
    #expect(changed("root=a ro", "append=root=b remove=root") == "ro root=b")
  }

  @Test func theConsoleOfXenIsAddedWhereItLacks() {
    #expect(changed("console=ttyS0", "console=auto") == "console=ttyS0 console=hvc0")
    #expect(changed("console=hvc0 ro", "console=auto") == "console=hvc0 ro")
    #expect(changed("console=hvc0,115200 ro", "console=auto") == "console=hvc0,115200 ro")
    #expect(changed("xencons=tty ro", "console=auto") == "xencons=tty ro")
    #expect(changed("ro -- console=hvc0", "console=auto") == "ro console=hvc0 -- console=hvc0")
    #expect(changed("console=hvc1", "console=auto") == "console=hvc1 console=hvc0")
    #expect(changed("ro", "console=auto append=console=hvc0") == "ro console=hvc0")
  }
}
