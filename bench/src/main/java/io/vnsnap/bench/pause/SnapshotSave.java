package io.vnsnap.bench.pause;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.bench.BenchmarkException;
import io.vnsnap.bench.qemu.QemuGuest;
import io.vnsnap.bench.qemu.QmpEvent;
import java.io.IOException;

/** QEMU's internal snapshots: the state goes into a qcow2 file while the guest stands still. */
final class SnapshotSave implements Way {
  /** Name of the block node that takes the state. */
  static final String NODE = "vmstate";

  private final QemuGuest guest;

  SnapshotSave(QemuGuest guest) {
    this.guest = guest;
  }

  @Override
  public String name() {
    return "snapshot-save";
  }

  @Override
  public String description() {
    return "snapshot-save into a qcow2 file";
  }

  @Override
  public Pause measure(int round) throws BenchmarkException, IOException, InterruptedException {
    String tag = "round" + round;
    guest.forgetEvents();
    long begun = System.nanoTime();
    ObjectNode save = job("save" + round, tag).put("vmstate", NODE);
    JsonNode unused = guest.call("snapshot-save", save.toString());
    QmpEvent stop = guest.await("STOP");
    QmpEvent resume = guest.await("RESUME");
    conclude("save" + round);
    double whole = (System.nanoTime() - begun) / 1e6;
    unused = guest.call("snapshot-delete", job("delete" + round, tag).toString());
    conclude("delete" + round);
    return new Pause(stop.micros(), resume.micros(), 0, whole);
  }

  private static ObjectNode job(String id, String tag) {
    ObjectNode job = JsonNodeFactory.instance.objectNode().put("job-id", id).put("tag", tag);
    job.putArray("devices").add(NODE);
    return job;
  }

  private void conclude(String id) throws BenchmarkException, InterruptedException {
    boolean concluded = false;
    while (!concluded) {
      QmpEvent event = guest.await("JOB_STATUS_CHANGE");
      concluded =
          event.data().path("id").asText().equals(id)
              && event.data().path("status").asText().equals("concluded");
    }
    for (JsonNode job : guest.call("query-jobs", "{}")) {
      if (job.path("id").asText().equals(id) && job.has("error")) {
        throw new BenchmarkException("QEMU's " + id + " failed: " + job.path("error").asText());
      }
    }
    JsonNode unused = guest.call("job-dismiss", "{\"id\": \"" + id + "\"}");
  }
}
