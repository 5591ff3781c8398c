package io.vnsnap.store.pages;

import io.vnsnap.store.place.Place;
import java.io.ByteArrayOutputStream;
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

/** A place in memory, whose objects tests may look at and change. */
public final class MemoryPlace implements Place {
  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private final Map<String, Long> written = new ConcurrentSkipListMap<>();
  private final AtomicLong now = new AtomicLong(1_000_000);

  /** Names of all objects. */
  public List<String> names() {
    return List.copyOf(objects.keySet());
  }

  public byte[] content(String name) {
    byte[] content = objects.get(name);
    if (content == null) {
      throw new IllegalArgumentException("no object " + name);
    }
    return content.clone();
  }

  public void setContent(String name, byte[] content) {
    objects.put(name, content.clone());
  }

  /** Lets time pass by the place's clock. */
  public void pass(Duration time) {
    long unused = now.addAndGet(time.toMillis());
  }

  private void store(String name, byte[] content) {
    objects.put(name, content);
    written.put(name, now.get());
  }

  @Override
  public String describe() {
    return "memory";
  }

  @Override
  public Output create(String name) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    return new Output() {
      @Override
      public void write(ByteBuffer from) {
        byte[] taken = new byte[from.remaining()];
        from.get(taken);
        bytes.writeBytes(taken);
      }

      @Override
      public void commit() throws IOException {
        if (objects.putIfAbsent(name, bytes.toByteArray()) != null) {
          throw new FileAlreadyExistsException(name);
        }
        written.put(name, now.get());
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void put(String name, ByteBuffer content) {
    byte[] bytes = new byte[content.remaining()];
    content.duplicate().get(bytes);
    store(name, bytes);
  }

  @Override
  public Input open(String name) throws IOException {
    byte[] content = objects.get(name);
    if (content == null) {
      throw new NoSuchFileException(name);
    }
    return new Input() {
      @Override
      public long bytes() {
        return content.length;
      }

      @Override
      public void read(ByteBuffer into, long position) throws IOException {
        if (position + into.remaining() > content.length) {
          throw new EOFException(name);
        }
        into.put(content, (int) position, into.remaining());
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public List<Entry> list(String prefix) {
    List<Entry> entries = new ArrayList<>();
    objects.forEach((name, content) -> {
      if (name.startsWith(prefix)) {
        entries.add(new Entry(name, content.length, written.getOrDefault(name, 0L)));
      }
    });
    return entries;
  }

  @Override
  public void delete(String name) {
    objects.remove(name);
    written.remove(name);
  }

  @Override
  public long sweep(Duration untouched) {
    return 0;
  }

  @Override
  public long freeBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public void close() {}
}
