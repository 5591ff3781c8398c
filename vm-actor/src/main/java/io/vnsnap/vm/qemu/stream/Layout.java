package io.vnsnap.vm.qemu.stream;

import io.vnsnap.store.ImageReader;

/** The numbers of QEMU's migration stream; migration/savevm.c and migration/ram.c have them. */
final class Layout {
  static final int MAGIC = 0x5145564d;
  static final int VERSION = 3;

  // Kinds of sections.
  static final int END_OF_FILE = 0x00;
  static final int START = 0x01;
  static final int PART = 0x02;
  static final int END = 0x03;
  static final int FULL = 0x04;
  static final int SUBSECTION = 0x05;
  static final int DESCRIPTION = 0x06;
  static final int CONFIGURATION = 0x07;
  static final int COMMAND = 0x08;
  static final int FOOTER = 0x7e;

  /** The one command that a capture may hold, without content: what follows is the last of it. */
  static final int SWITCHOVER_START = 11;

  static final String RAM = "ram";
  static final int RAM_INSTANCE = 0;
  static final int RAM_VERSION = 4;

  // What an entry of the RAM section is, in the low bits of an address.
  static final int ZERO = 0x02;
  static final int BLOCKS = 0x04;
  static final int PAGE = 0x08;
  static final int END_OF_SECTION = 0x10;
  static final int SAME_BLOCK = 0x20;
  static final int FLUSH = 0x200;

  static final int PAGE_BYTES = ImageReader.PAGE_BYTES;
  static final long FLAGS = PAGE_BYTES - 1;

  /** Blocks of memory, at most; QEMU has a handful, and one for each memory module. */
  static final int MAX_BLOCKS = 1024;

  private Layout() {}
}
