package io.vnsnap.store.life;

import io.vnsnap.store.place.Place;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/** A place in memory, of which every operation is told to a script before it is done. */
final class ScriptedPlace implements Place {

  /** Says what happens before an operation: nothing, a failure, or something of its own. */
  interface Script {
    /** No script. */
    Script NONE = (operation, name) -> {};

    void before(String operation, String name) throws IOException;
  }

  private static final class Stored {
    private final byte[] bytes;
    private final long modifiedMs;

    Stored(byte[] bytes, long modifiedMs) {
      this.bytes = bytes;
      this.modifiedMs = modifiedMs;
    }

    byte[] bytes() {
      return bytes;
    }

    long modifiedMs() {
      return modifiedMs;
    }
  }

  private final ConcurrentSkipListMap<String, Stored> objects = new ConcurrentSkipListMap<>();
  private final AtomicLong clock = new AtomicLong(1_800_000_000_000L);
  private volatile Script script = Script.NONE;

  /** Another place with the same objects. */
  ScriptedPlace copy() {
    ScriptedPlace copy = new ScriptedPlace();
    copy.objects.putAll(objects);
    copy.clock.set(clock.get());
    return copy;
  }

  /** What is told from now on. */
  void script(Script next) {
    script = next;
  }

  /** Lets time pass on the place's clock. */
  void pass(Duration time) {
    clock.addAndGet(time.toMillis());
  }

  /** Names and lengths of all objects. */
  Map<String, Integer> sizes() {
    Map<String, Integer> sizes = new java.util.TreeMap<>();
    objects.forEach((name, stored) -> sizes.put(name, stored.bytes().length));
    return sizes;
  }

  long bytes(String prefix) {
    return objects.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix))
        .mapToLong(entry -> entry.getValue().bytes().length)
        .sum();
  }

  /** Changes a byte of an object. */
  void flip(String name, int at) {
    objects.computeIfPresent(
        name,
        (n, stored) -> {
          byte[] bytes = stored.bytes().clone();
          bytes[Math.floorMod(at, bytes.length)] ^= 1;
          return new Stored(bytes, stored.modifiedMs());
        });
  }

  void lose(String name) {
    objects.remove(name);
  }

  @Override
  public String describe() {
    return "memory";
  }

  @Override
  public Output create(String name) throws IOException {
    script.before("create", name);
    return new Writing(name);
  }

  private final class Writing implements Output {
    private final String name;
    private final java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();

    Writing(String name) {
      this.name = name;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
      script.before("write", name);
      byte[] taken = new byte[from.remaining()];
      from.get(taken);
      bytes.writeBytes(taken);
    }

    @Override
    public void commit() throws IOException {
      script.before("commit", name);
      Stored stored = new Stored(bytes.toByteArray(), clock.incrementAndGet());
      if (objects.putIfAbsent(name, stored) != null) {
        throw new FileAlreadyExistsException(name);
      }
    }

    @Override
    public void close() {}
  }

  @Override
  public void put(String name, ByteBuffer content) throws IOException {
    script.before("put", name);
    byte[] taken = new byte[content.remaining()];
    content.duplicate().get(taken);
    objects.put(name, new Stored(taken, clock.incrementAndGet()));
  }

  @Override
  public Input open(String name) throws IOException {
    script.before("open", name);
    Stored stored = objects.get(name);
    if (stored == null) {
      throw new NoSuchFileException(name);
    }
    ByteBuffer content = ByteBuffer.wrap(stored.bytes()).asReadOnlyBuffer();
    return new Input() {
      @Override
      public long bytes() {
        return content.limit();
      }

      @Override
      public void read(ByteBuffer into, long position) throws IOException {
        script.before("read", name);
        if (position + into.remaining() > content.limit()) {
          throw new EOFException(name);
        }
        into.put(content.slice((int) position, into.remaining()));
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public List<Entry> list(String prefix) throws IOException {
    script.before("list", prefix);
    List<Entry> entries = new ArrayList<>();
    objects
        .tailMap(prefix)
        .forEach((name, stored) -> {
          if (name.startsWith(prefix)) {
            entries.add(new Entry(name, stored.bytes().length, stored.modifiedMs()));
          }
        });
    return entries;
  }

  @Override
  public void delete(String name) throws IOException {
    script.before("delete", name);
    objects.remove(name);
  }

  @Override
  public long sweep(Duration untouched) throws IOException {
    script.before("sweep", "");
    return 0;
  }

  @Override
  public long freeBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public void close() {}
}
