package io.vnsnap.store.lease;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vnsnap.proto.Condemned;
import io.vnsnap.proto.StoreLease;
import io.vnsnap.store.place.Place;
import io.vnsnap.store.record.ObjectNames;
import io.vnsnap.store.record.RecordKind;
import io.vnsnap.store.record.RecordReader;
import io.vnsnap.store.record.RecordWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** The leases of a place. Safe for use by several threads. */
public final class Leases {
  /** How often a writer says that it is still there. */
  public static final Duration RENEWED_EVERY = Duration.ofMinutes(1);

  /** A lease of a writer that has not said so for this long is over. */
  public static final Duration OPEN_FOR = Duration.ofMinutes(5);

  /** A lease of an image that is committed and not sealed is over after this long. */
  public static final Duration COMMITTED_FOR = Duration.ofHours(1);

  private static final int CHUNK_BYTES = 4096;
  private static final String CLOCK = "clock/";
  private static final String COLLECTOR = "collector/";

  private final Place place;
  private final String host;
  private final LongSupplier random;
  private final InstantSource clock;

  /**
   * Leases of one place.
   *
   * @param host name of this host, for messages to others
   * @param clock for messages too; what counts is the place's clock
   */
  public Leases(Place place, String host, LongSupplier random, InstantSource clock) {
    this.place = place;
    this.host = host;
    this.random = random;
    this.clock = clock;
  }

  /**
   * A lease that was found.
   *
   * @param name of its object
   * @param lease what it says
   * @param writtenMs when it was written or renewed, by the place's clock; milliseconds
   */
  public record Found(String name, StoreLease lease, long writtenMs) {

    /**
     * Whether nobody holds it any more.
     *
     * @param nowMs by the place's clock, see {@link Leases#placeNowMs}
     */
    public boolean isOver(long nowMs) {
      Duration age = Duration.ofMillis(nowMs - writtenMs);
      return switch (lease.getState()) {
        case OPEN -> age.compareTo(OPEN_FOR) > 0;
        case COMMITTED -> age.compareTo(COMMITTED_FOR) > 0;
        default -> true;
      };
    }
  }

  /**
   * Begins to write an image.
   *
   * @param part name of the image within its snapshot
   * @throws IOException if somebody else is writing it; the message says who
   */
  public Lease open(String snapshotId, String part) throws IOException {
    return open(ObjectNames.lease(snapshotId, part), snapshotId, part);
  }

  /**
   * Begins garbage collection.
   *
   * @throws IOException if another one runs; the message says whose
   */
  public Lease openCollector() throws IOException {
    Optional<Found> other = all(COLLECTOR).stream().findFirst();
    if (other.isPresent() && !other.get().isOver(placeNowMs())) {
      throw new IOException(
          ("another garbage collection runs in %s: process %d on host %s. Wait for it; if that"
                  + " process is gone, try again in %d min")
              .formatted(
                  place.describe(),
                  other.get().lease().getPid(),
                  other.get().lease().getHost(),
                  OPEN_FOR.toMinutes()));
    }
    return open(COLLECTOR + "lease", "", "collector");
  }

  private Lease open(String name, String snapshotId, String part) throws IOException {
    StoreLease mine =
        StoreLease.newBuilder()
            .setSnapshotId(snapshotId)
            .setPart(part)
            .setOwner(random.getAsLong())
            .setHost(host)
            .setPid(ProcessHandle.current().pid())
            .setBegunEpochMs(clock.millis())
            .setState(StoreLease.State.OPEN)
            .build();
    try {
      create(name, mine);
    } catch (FileAlreadyExistsException e) {
      takeOver(name, mine);
    }
    return new Lease(this, name, mine);
  }

  private void create(String name, StoreLease lease) throws IOException {
    try (RecordWriter writer =
        RecordWriter.create(place, RecordKind.LEASE, name, CHUNK_BYTES, random.getAsLong())) {
      writer.write(ByteBuffer.wrap(lease.toByteArray()));
      var unused = writer.commit();
    }
  }

  private void takeOver(String name, StoreLease mine) throws IOException {
    Optional<Found> found =
        all(name.substring(0, name.lastIndexOf('/') + 1)).stream()
            .filter(other -> other.name().equals(name))
            .findFirst();
    if (found.isPresent()
        && found.get().lease().getState() == StoreLease.State.OPEN
        && !found.get().isOver(placeNowMs())) {
      StoreLease other = found.get().lease();
      throw new IOException(
          ("%s of snapshot %s is being written already, by process %d on host %s (%s in %s). Wait"
                  + " for it or discard the snapshot; if that process is gone, try again in %d min")
              .formatted(
                  other.getPart(),
                  other.getSnapshotId(),
                  other.getPid(),
                  other.getHost(),
                  name,
                  place.describe(),
                  OPEN_FOR.toMinutes()));
    }
    put(name, mine);
  }

  void put(String name, StoreLease lease) throws IOException {
    RecordWriter.put(
        place,
        RecordKind.LEASE,
        name,
        CHUNK_BYTES,
        random.getAsLong(),
        ByteBuffer.wrap(lease.toByteArray()));
  }

  /** Whether a lease is still there and this writer's. */
  boolean isHeld(String name, StoreLease mine) throws IOException {
    Optional<StoreLease> there = read(name);
    return there.isPresent() && there.get().getOwner() == mine.getOwner();
  }

  void remove(String name) throws IOException {
    place.delete(name);
  }

  /**
   * Reads a lease.
   *
   * @return empty if it is not there
   */
  private Optional<StoreLease> read(String name) throws IOException {
    try (RecordReader reader = RecordReader.open(place, RecordKind.LEASE, name)) {
      byte[] content = reader.read((int) reader.trailer().bytes());
      reader.checkEnd();
      try {
        return Optional.of(StoreLease.parseFrom(content));
      } catch (InvalidProtocolBufferException e) {
        throw reader.damaged("it cannot be read: " + e.getMessage());
      }
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /**
   * All leases whose names begin with the prefix, also those that are over. A damaged one counts as
   * one that says nothing: it is over.
   *
   * @param prefix {@link ObjectNames#LEASES}, or a snapshot's
   */
  public List<Found> all(String prefix) throws IOException {
    List<Found> all = new ArrayList<>();
    for (Place.Entry entry : place.list(prefix)) {
      Optional<StoreLease> lease;
      try {
        lease = read(entry.name());
      } catch (io.vnsnap.store.DamagedSnapshotException e) {
        lease = Optional.of(StoreLease.getDefaultInstance());
      }
      lease.ifPresent(there -> all.add(new Found(entry.name(), there, entry.modifiedMs())));
    }
    return all;
  }

  /** What the place's clock says; milliseconds since the Unix epoch. */
  public long placeNowMs() throws IOException {
    String name = CLOCK + "%016x".formatted(random.getAsLong());
    place.put(name, ByteBuffer.wrap(new byte[] {'\n'}));
    try {
      return place.list(CLOCK).stream()
          .filter(entry -> entry.name().equals(name))
          .mapToLong(Place.Entry::modifiedMs)
          .findFirst()
          .orElseThrow(
              () -> new IOException("%s in %s vanished".formatted(name, place.describe())));
    } finally {
      place.delete(name);
    }
  }

  /**
   * What is condemned now.
   *
   * @throws io.vnsnap.store.DamagedSnapshotException if a list cannot be trusted: then nothing may
   *     be referred to
   */
  public List<Condemned> condemned() throws IOException {
    List<Condemned> lists = new ArrayList<>();
    for (Place.Entry entry : place.list(ObjectNames.CONDEMNED)) {
      try (RecordReader reader = RecordReader.open(place, RecordKind.CONDEMNED, entry.name())) {
        byte[] content = reader.read((int) reader.trailer().bytes());
        reader.checkEnd();
        try {
          lists.add(Condemned.parseFrom(content));
        } catch (InvalidProtocolBufferException e) {
          throw reader.damaged("it cannot be read: " + e.getMessage());
        }
      } catch (NoSuchFileException e) {
        // The collector has just ended: what it condemned is gone from the lists of packs too.
      }
    }
    return lists;
  }
}
