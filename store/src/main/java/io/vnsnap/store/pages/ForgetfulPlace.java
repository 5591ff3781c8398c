package io.vnsnap.store.pages;

import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** A place in memory that keeps what is small, and of packs nothing but their names. */
final class ForgetfulPlace implements Place {
  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();

  @Override
  public String describe() {
    return "memory";
  }

  @Override
  public Output create(String name) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    return new Output() {
      @Override
      public void write(ByteBuffer bytes) {
        byte[] taken = new byte[bytes.remaining()];
        bytes.get(taken);
        if (!name.startsWith(ObjectNames.PACKS)) {
          kept.writeBytes(taken);
        }
      }

      @Override
      public void commit() throws IOException {
        if (objects.putIfAbsent(name, kept.toByteArray()) != null) {
          throw new FileAlreadyExistsException(name);
        }
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void put(String name, ByteBuffer content) {
    byte[] bytes = new byte[content.remaining()];
    content.duplicate().get(bytes);
    objects.put(name, bytes);
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
    return objects.entrySet().stream()
        .filter(object -> object.getKey().startsWith(prefix))
        .map(object -> new Entry(object.getKey(), object.getValue().length, 0))
        .toList();
  }

  @Override
  public void delete(String name) {
    objects.remove(name);
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
