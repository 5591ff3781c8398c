package io.vnsnap.store.place;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** A disk whose n-th change fails, by a chosen fault. */
public final class FaultDisk implements Disk {

  /** How it fails. */
  public enum Fault {
    /** The change is not made and says so; later ones work. */
    ERROR,
    /** A write takes a byte, then the disk is full; other changes fail as by ERROR. */
    SHORT_WRITE_THEN_FULL,
    /** The machine is gone: neither this change nor any later one is made. */
    CRASH,
    /** The change is made, but that is never heard of, and nothing later is made. */
    CRASH_AFTERWARDS
  }

  private final Disk disk;
  private final int failing;
  private final Fault fault;
  private int changes;
  private boolean hit;

  /**
   * @param failing number of the change that fails, counted from 1; 0: none
   */
  public FaultDisk(Disk disk, int failing, Fault fault) {
    this.disk = disk;
    this.failing = failing;
    this.fault = fault;
  }

  public synchronized int changes() {
    return changes;
  }

  public synchronized boolean hit() {
    return hit;
  }

  private interface Change {
    void make() throws IOException;
  }

  private synchronized void change(Change change, String what) throws IOException {
    changes++;
    boolean crashed = hit && (fault == Fault.CRASH || fault == Fault.CRASH_AFTERWARDS);
    if (changes == failing) {
      hit = true;
      if (fault == Fault.CRASH_AFTERWARDS) {
        change.make();
      }
      throw new IOException("injected: " + what);
    }
    if (crashed) {
      throw new IOException("injected: the machine is gone");
    }
    change.make();
  }

  @Override
  public Entry entry(Path path) throws IOException {
    return disk.entry(path);
  }

  @Override
  public Output create(Path file) throws IOException {
    Output[] created = new Output[1];
    change(() -> created[0] = disk.create(file), "create");
    return new FaultOutput(created[0]);
  }

  @Override
  public Input open(Path file) throws IOException {
    return disk.open(file);
  }

  @Override
  public void makeFolder(Path folder) throws IOException {
    change(() -> disk.makeFolder(folder), "make folder");
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    change(() -> disk.move(from, to), "move");
  }

  @Override
  public void link(Path from, Path to) throws IOException {
    change(() -> disk.link(from, to), "link");
  }

  @Override
  public void remove(Path path) throws IOException {
    change(() -> disk.remove(path), "remove");
  }

  @Override
  public List<String> names(Path folder) throws IOException {
    return disk.names(folder);
  }

  @Override
  public void syncFolder(Path folder) throws IOException {
    change(() -> disk.syncFolder(folder), "sync of a folder");
  }

  @Override
  public long freeBytes(Path folder) throws IOException {
    return disk.freeBytes(folder);
  }

  private final class FaultOutput implements Output {
    private final Output out;
    private boolean full;

    FaultOutput(Output out) {
      this.out = out;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      if (full) {
        throw new IOException("No space left on device");
      }
      int[] written = new int[1];
      try {
        change(() -> written[0] = out.write(bytes), "write");
      } catch (IOException e) {
        if (fault != Fault.SHORT_WRITE_THEN_FULL) {
          throw e;
        }
        full = true;
        ByteBuffer one = bytes.slice(bytes.position(), 1);
        bytes.position(bytes.position() + 1);
        return out.write(one);
      }
      return written[0];
    }

    @Override
    public void sync() throws IOException {
      change(out::sync, "sync of a file");
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
