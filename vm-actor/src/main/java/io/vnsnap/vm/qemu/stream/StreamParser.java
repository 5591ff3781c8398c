package io.vnsnap.vm.qemu.stream;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Takes a migration stream of QEMU apart as it arrives, in pieces of any length, at the speed of
 * memory: pages are handed on as parts of the caller's buffer, and nothing is allocated for a page.
 * Used by one thread.
 *
 * <p>Design note. QEMU's stream says of few things how long they are, so a reader that meets what
 * it does not know cannot go on: it would take one thing for another, and the image would be wrong.
 * So everything that is not in the known layout ends it: {@link #feed} throws, and is not to be
 * called again. Known are captures without and with an END of the RAM section, QEMU 7.2 to 10. Only
 * behind the last page, from the first section of a device on, bytes are not looked at: they are
 * handed on as they are, and {@link #finish} checks that QEMU's own end mark was their end.
 */
public final class StreamParser {
  private static final int START_HEAD_BYTES = Integer.BYTES + 1;
  private static final int START_TAIL_BYTES = 2 * Integer.BYTES;
  private static final int FOOTER_BYTES = 1 + Integer.BYTES;

  /** What comes next. */
  private enum State {
    MAGIC("magic and version"),
    CONFIGURATION("the configuration"),
    MACHINE("the name of the machine"),
    SECTION("a section"),
    START_HEAD("the head of a section"),
    START_NAME("the name of a section"),
    NUMBER("the number of a section"),
    COMMAND("a command"),
    RAM("a RAM section"),
    FOOTER("the footer of a section"),
    REST("the devices");

    private final String words;

    State(String words) {
      this.words = words;
    }
  }

  private final StreamSink sink;
  private final Pieces in = new Pieces();
  private final RamParser ram;
  private final EndMark end = new EndMark();
  private State state = State.MAGIC;
  private ByteString prefix = ByteString.EMPTY;
  private ByteString commands = ByteString.EMPTY;
  private int length;
  private int kind;
  private int number;
  private boolean ramStarted;
  private int ramSection;
  private boolean ramEnded;
  private boolean failed;

  /**
   * @param sink takes the parts; what it throws ends the parser
   */
  public StreamParser(StreamSink sink) {
    this.sink = sink;
    this.ram = new RamParser(sink);
  }

  /** What was taken apart so far. */
  public StreamCounts counts() {
    return new StreamCounts(ram.pages(), ram.zeroPages(), in.offset());
  }

  /**
   * Takes all remaining bytes.
   *
   * @param bytes the next ones of the stream; may be reused on return
   * @throws StreamException if they do not belong there: the stream is not understood
   */
  public void feed(ByteBuffer bytes) throws IOException {
    mustWork();
    failed = true;
    in.next(bytes);
    while (bytes.hasRemaining()) {
      step();
    }
    failed = false;
  }

  /**
   * Nothing more comes.
   *
   * @throws StreamException if the stream is not whole
   */
  public void finish() throws IOException {
    mustWork();
    failed = true;
    if (state != State.REST || !end.reached()) {
      String at = state == State.RAM ? ram.expecting() : state.words;
      throw new StreamException("the end of the stream within " + at, in.offset());
    }
  }

  private void mustWork() {
    if (failed) {
      throw new IllegalStateException("the stream has ended, or could not be taken apart");
    }
  }

  private void step() throws IOException {
    switch (state) {
      case MAGIC -> magic();
      case CONFIGURATION -> configuration();
      case MACHINE -> machine();
      case SECTION -> section();
      case START_HEAD -> startHead();
      case START_NAME -> startName();
      case NUMBER -> number();
      case COMMAND -> command();
      case RAM -> {
        if (ram.run(in)) {
          state = State.FOOTER;
        }
      }
      case FOOTER -> footer();
      case REST -> rest();
    }
  }

  private void magic() throws IOException {
    ByteBuffer field = in.field(2 * Integer.BYTES);
    if (field == null) {
      return;
    }
    prefix = ByteString.copyFrom(field);
    int magic = field.flip().getInt();
    int version = field.getInt();
    if (magic != Layout.MAGIC || version != Layout.VERSION) {
      throw found(String.format("magic 0x%08x and version %d", magic, version));
    }
    state = State.CONFIGURATION;
  }

  private void configuration() throws IOException {
    ByteBuffer field = in.field(1 + Integer.BYTES);
    if (field == null) {
      return;
    }
    prefix = prefix.concat(ByteString.copyFrom(field));
    kind = field.flip().get() & 0xff;
    length = field.getInt();
    if (kind != Layout.CONFIGURATION) {
      throw found(String.format("kind 0x%02x where the configuration must be", kind));
    }
    if (length < 1 || length > Pieces.MAX_FIELD_BYTES) {
      throw found("the name of a machine with " + Integer.toUnsignedString(length) + " bytes");
    }
    state = State.MACHINE;
  }

  private void machine() {
    ByteBuffer field = in.field(length);
    if (field != null) {
      prefix = prefix.concat(ByteString.copyFrom(field));
      state = State.SECTION;
    }
  }

  private void section() throws IOException {
    kind = in.piece().get(in.piece().position()) & 0xff;
    if (kind == Layout.FULL || kind == Layout.END_OF_FILE) {
      if (!ramStarted) {
        throw foundHere(String.format("kind 0x%02x before the RAM section", kind));
      }
      state = State.REST;
      sink.outline(new StreamOutline(prefix, ramSection, ramEnded, commands));
      return;
    }
    in.piece().get();
    state =
        switch (kind) {
          case Layout.START -> State.START_HEAD;
          case Layout.PART, Layout.END -> State.NUMBER;
          case Layout.COMMAND -> State.COMMAND;
          case Layout.SUBSECTION -> throw foundBefore("a subsection of the configuration");
          default -> throw foundBefore(String.format("a section of kind 0x%02x", kind));
        };
  }

  private void startHead() throws IOException {
    ByteBuffer field = in.field(START_HEAD_BYTES);
    if (field == null) {
      return;
    }
    number = field.getInt();
    length = field.get() & 0xff;
    if (length == 0) {
      throw found("a section without a name");
    }
    state = State.START_NAME;
  }

  private void startName() throws IOException {
    ByteBuffer field = in.field(length + START_TAIL_BYTES);
    if (field == null) {
      return;
    }
    byte[] bytes = new byte[length];
    field.get(bytes);
    int instance = field.getInt();
    int version = field.getInt();
    String name = new String(bytes, StandardCharsets.US_ASCII).replaceAll("[^ -~]", "?");
    if (!name.equals(Layout.RAM)
        || instance != Layout.RAM_INSTANCE
        || version != Layout.RAM_VERSION
        || ramStarted) {
      throw found(
          (ramStarted ? "another section " : "a section ")
              + name
              + ", instance "
              + Integer.toUnsignedString(instance)
              + ", version "
              + Integer.toUnsignedString(version)
              + ", that begins");
    }
    ramStarted = true;
    ramSection = number;
    ram.begin(true);
    state = State.RAM;
  }

  private void number() throws IOException {
    ByteBuffer field = in.field(Integer.BYTES);
    if (field == null) {
      return;
    }
    number = field.getInt();
    if (!ramStarted || number != ramSection || ramEnded) {
      throw found(
          "section "
              + Integer.toUnsignedString(number)
              + ", which has "
              + (ramEnded ? "ended" : "not begun")
              + ", that goes on");
    }
    ramEnded = kind == Layout.END;
    ram.begin(false);
    state = State.RAM;
  }

  private void command() throws IOException {
    ByteBuffer field = in.field(2 * Short.BYTES);
    if (field == null) {
      return;
    }
    int command = field.getShort(0) & 0xffff;
    int bytes = field.getShort(Short.BYTES) & 0xffff;
    boolean known = command == Layout.SWITCHOVER_START && bytes == 0;
    if (!known || !ramStarted || ramEnded || !commands.isEmpty()) {
      throw found("command " + command + " with " + bytes + " bytes");
    }
    commands = ByteString.copyFrom(new byte[] {Layout.COMMAND}).concat(ByteString.copyFrom(field));
    state = State.SECTION;
  }

  private void footer() throws IOException {
    ByteBuffer field = in.field(FOOTER_BYTES);
    if (field == null) {
      return;
    }
    int found = field.get() & 0xff;
    int of = field.getInt();
    if (found != Layout.FOOTER || of != ramSection) {
      throw found(
          String.format(
              "0x%02x of section %s where the RAM section's footer must be",
              found, Integer.toUnsignedString(of)));
    }
    state = State.SECTION;
  }

  private void rest() throws IOException {
    ByteBuffer piece = in.piece();
    int limit = piece.limit();
    end.look(piece);
    if (end.bytes() > StoredRest.MAX_BYTES - StreamOutline.MAX_BYTES) {
      throw foundHere("more than " + StoredRest.MAX_BYTES + " bytes of devices");
    }
    sink.rest(piece);
    piece.limit(limit).position(limit);
  }

  private StreamException found(String what) {
    return new StreamException(what, in.fieldAt());
  }

  private StreamException foundHere(String what) {
    return new StreamException(what, in.offset());
  }

  private StreamException foundBefore(String what) {
    return new StreamException(what, in.offset() - 1);
  }
}
