package io.vnsnap.vm.qemu.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The contents of RAM sections: the list of blocks, then pages. */
final class RamParser {
  private static final int NO_BLOCK = -1;

  /** What comes next. */
  private enum State {
    /** An address with flags. */
    ENTRY,
    /** Length of the name of a block in the list. */
    LISTED_NAME_LENGTH,
    /** Name and size of a block in the list. */
    LISTED_BLOCK,
    /** Length of the name of a page's block. */
    NAME_LENGTH,
    /** Name of a page's block. */
    NAME,
    /** The byte that a page consists of. */
    FILLER,
    /** The content of a page. */
    CONTENT
  }

  /** A block of the list, with its name also as it is in the stream. */
  private record Block(String name, ByteBuffer bytes, long pages) {}

  private final StreamSink sink;
  private final List<Block> blocks = new ArrayList<>();
  private final ByteBuffer parted = ByteBuffer.allocateDirect(Layout.PAGE_BYTES);
  private State state = State.ENTRY;
  private boolean mayList;
  private long unlisted;
  private int nameLength;
  private int block = NO_BLOCK;
  private long page;
  private boolean zero;
  private long pages;
  private long zeroPages;

  RamParser(StreamSink sink) {
    this.sink = sink;
  }

  /** Pages that came, zero pages included. */
  long pages() {
    return pages;
  }

  /** Pages of zeros that came. */
  long zeroPages() {
    return zeroPages;
  }

  /** What comes next, for messages. */
  String expecting() {
    return state == State.CONTENT ? "a page" : "a RAM section";
  }

  /**
   * A section begins.
   *
   * @param first whether it begins with the list of blocks
   */
  void begin(boolean first) {
    state = State.ENTRY;
    mayList = first;
  }

  /**
   * Goes on with the section.
   *
   * @return whether it ended; else more pieces must come
   */
  boolean run(Pieces in) throws IOException {
    while (in.piece().hasRemaining()) {
      boolean ended =
          switch (state) {
            case ENTRY -> entry(in);
            case LISTED_NAME_LENGTH -> nameLength(in, State.LISTED_BLOCK);
            case LISTED_BLOCK -> listed(in);
            case NAME_LENGTH -> nameLength(in, State.NAME);
            case NAME -> name(in);
            case FILLER -> filler(in);
            case CONTENT -> content(in);
          };
      if (ended) {
        return true;
      }
    }
    return false;
  }

  private boolean entry(Pieces in) throws IOException {
    ByteBuffer field = in.field(Long.BYTES);
    if (field == null) {
      return false;
    }
    long entry = field.getLong();
    int flags = (int) (entry & Layout.FLAGS);
    long address = entry & ~Layout.FLAGS;
    switch (flags) {
      case Layout.BLOCKS -> beginList(address, in);
      case Layout.PAGE, Layout.PAGE | Layout.SAME_BLOCK -> beginPage(address, flags, in);
      case Layout.ZERO, Layout.ZERO | Layout.SAME_BLOCK -> beginPage(address, flags, in);
      case Layout.FLUSH -> mustBeWithoutAddress(address, in);
      case Layout.END_OF_SECTION -> {
        mustBeWithoutAddress(address, in);
        mustBeListed(in);
        return true;
      }
      default -> throw found(in, String.format("flags 0x%x of an entry of the RAM section", flags));
    }
    return false;
  }

  private void beginList(long total, Pieces in) throws IOException {
    if (!mayList || !blocks.isEmpty()) {
      throw found(in, "a second list of blocks, or one in the wrong place,");
    }
    if (total <= 0) {
      throw found(in, "a list of blocks of " + total + " bytes in all");
    }
    unlisted = total;
    state = State.LISTED_NAME_LENGTH;
  }

  private void beginPage(long address, int flags, Pieces in) throws IOException {
    mustBeListed(in);
    zero = (flags & Layout.ZERO) != 0;
    page = address / Layout.PAGE_BYTES;
    if ((flags & Layout.SAME_BLOCK) == 0) {
      state = State.NAME_LENGTH;
      if (address < 0) {
        throw found(in, "a page at " + Long.toUnsignedString(address));
      }
      return;
    }
    if (block == NO_BLOCK) {
      throw found(in, "a page of the block before, and there is none,");
    }
    blockKnown(in);
  }

  /** The page must lie in its block. */
  private void blockKnown(Pieces in) throws IOException {
    Block of = blocks.get(block);
    if (page < 0 || page >= of.pages) {
      throw found(in, "a page beyond block " + of.name + ": number " + page);
    }
    parted.clear();
    state = zero ? State.FILLER : State.CONTENT;
  }

  private static void mustBeWithoutAddress(long address, Pieces in) throws IOException {
    if (address != 0) {
      throw found(in, "a mark in the RAM section with an address");
    }
  }

  private void mustBeListed(Pieces in) throws IOException {
    if (blocks.isEmpty()) {
      throw found(in, "a RAM section without a list of blocks");
    }
  }

  private boolean nameLength(Pieces in, State next) throws IOException {
    ByteBuffer field = in.field(1);
    if (field != null) {
      nameLength = field.get() & 0xff;
      if (nameLength == 0) {
        throw found(in, "a block without a name");
      }
      state = next;
    }
    return false;
  }

  private boolean listed(Pieces in) throws IOException {
    ByteBuffer field = in.field(nameLength + Long.BYTES);
    if (field == null) {
      return false;
    }
    byte[] bytes = new byte[nameLength];
    field.get(bytes);
    long size = field.getLong();
    String name = text(bytes);
    if (!printable(bytes) || find(ByteBuffer.wrap(bytes)) != NO_BLOCK) {
      throw found(in, "a block with the name " + name + ", not plain text or given twice,");
    }
    if (size <= 0 || size % Layout.PAGE_BYTES != 0 || size > unlisted) {
      throw found(in, "block " + name + " of " + size + " bytes, with " + unlisted + " left");
    }
    if (blocks.size() == Layout.MAX_BLOCKS) {
      throw found(in, "more than " + Layout.MAX_BLOCKS + " blocks");
    }
    unlisted -= size;
    blocks.add(new Block(name, ByteBuffer.wrap(bytes), size / Layout.PAGE_BYTES));
    sink.block(name, size);
    state = unlisted > 0 ? State.LISTED_NAME_LENGTH : State.ENTRY;
    return false;
  }

  private boolean name(Pieces in) throws IOException {
    ByteBuffer field = in.field(nameLength);
    if (field == null) {
      return false;
    }
    block = find(field);
    if (block == NO_BLOCK) {
      byte[] name = new byte[nameLength];
      field.get(name);
      throw found(in, "a page of block " + text(name) + ", which is not in the list,");
    }
    blockKnown(in);
    return false;
  }

  private int find(ByteBuffer name) {
    for (int i = 0; i < blocks.size(); i++) {
      if (blocks.get(i).bytes.equals(name)) {
        return i;
      }
    }
    return NO_BLOCK;
  }

  private boolean filler(Pieces in) throws IOException {
    ByteBuffer field = in.field(1);
    if (field != null) {
      int filler = field.get();
      if (filler != 0) {
        throw found(in, "a page filled with " + filler + " and not with zeros");
      }
      pages++;
      zeroPages++;
      state = State.ENTRY;
      sink.zeroPage(block, page);
    }
    return false;
  }

  private boolean content(Pieces in) throws IOException {
    ByteBuffer piece = in.piece();
    int at = piece.position();
    if (parted.position() == 0 && piece.remaining() >= Layout.PAGE_BYTES) {
      int limit = piece.limit();
      piece.limit(at + Layout.PAGE_BYTES);
      try {
        give(piece);
      } finally {
        piece.limit(limit).position(at + Layout.PAGE_BYTES);
      }
      return false;
    }
    int n = Math.min(parted.remaining(), piece.remaining());
    parted.put(parted.position(), piece, at, n).position(parted.position() + n);
    piece.position(at + n);
    if (!parted.hasRemaining()) {
      give(parted.flip());
    }
    return false;
  }

  private void give(ByteBuffer content) throws IOException {
    pages++;
    state = State.ENTRY;
    sink.page(block, page, content);
  }

  private static boolean printable(byte[] name) {
    for (byte character : name) {
      if (character <= ' ' || character > '~') {
        return false;
      }
    }
    return true;
  }

  private static String text(byte[] name) {
    return new String(name, StandardCharsets.US_ASCII).replaceAll("[^ -~]", "?");
  }

  private static StreamException found(Pieces in, String what) {
    return new StreamException(what, in.fieldAt());
  }
}
