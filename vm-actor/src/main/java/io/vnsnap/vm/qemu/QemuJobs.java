package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vnsnap.vm.HypervisorException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * QEMU's background jobs, watched to their end (QEMU, qapi/job.json). Everything here runs on the
 * machine's event loop.
 *
 * <p>A job is begun with {@code auto-dismiss} off, so that it stays, concluded, until its error has
 * been asked for: no event says reliably whether it succeeded. One that makes no progress is
 * cancelled.
 */
final class QemuJobs {
  private static final Logger log = LoggerFactory.getLogger(QemuJobs.class);
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final QemuMachine machine;
  private final Map<String, CompletableFuture<Void>> concluded = new HashMap<>();

  QemuJobs(QemuMachine machine) {
    this.machine = machine;
  }

  /**
   * Runs a job.
   *
   * @param id that no other job has
   * @param arguments of the command that begins it, without the job's id
   * @return completes when the job has succeeded and is gone; fails when it has not
   */
  CompletionStage<Void> run(String id, String command, ObjectNode arguments) {
    CompletableFuture<Void> over = new CompletableFuture<>();
    concluded.put(id, over);
    arguments.put("job-id", id).put("auto-dismiss", false);
    return machine
        .command(command, arguments)
        .exceptionallyCompose(failed ->
            HypervisorException.unwrap(failed) instanceof QmpException
                ? CompletableFuture.failedStage(failed)
                // No answer: it may have begun all the same, which will show.
                : CompletableFuture.completedStage(JSON.nullNode()))
        .thenCompose(begun -> {
          watch(id, over, -1, false);
          return over;
        })
        .thenCompose(done -> outcome(id))
        .whenComplete((done, failed) -> concluded.remove(id, over));
  }

  private CompletionStage<Void> outcome(String id) {
    return machine
        .command("query-jobs", JSON.objectNode())
        .thenCompose(jobs -> {
          String error = job(jobs, id).path("error").asText();
          return machine
              .command("job-dismiss", JSON.objectNode().put("id", id))
              .thenCompose(gone ->
                  error.isEmpty()
                      ? CompletableFuture.<Void>completedStage(null)
                      : CompletableFuture.<Void>failedStage(new HypervisorException(error)));
        });
  }

  private static JsonNode job(JsonNode jobs, String id) {
    for (JsonNode job : jobs) {
      if (job.path("id").asText().equals(id)) {
        return job;
      }
    }
    return JSON.objectNode().put("error", "QEMU does not know the job any more");
  }

  /** Asks a job to end; its run then fails, unless it was done already. */
  void cancel(String id) {
    if (concluded.containsKey(id)) {
      machine
          .command("job-cancel", JSON.objectNode().put("id", id))
          .exceptionally(failed -> {
            log.debug("VM {}: job {} is over: {}", name(), id, HypervisorException.reason(failed));
            return JSON.nullNode();
          });
    }
  }

  private void watch(
      String id, CompletableFuture<Void> over, long progressBefore, boolean cancelled) {
    var unused =
        machine
            .loop()
            .schedule(
                () -> {
                  if (!over.isDone()) {
                    look(id, over, progressBefore, cancelled);
                  }
                },
                machine.settings().stallTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  private void look(
      String id, CompletableFuture<Void> over, long progressBefore, boolean cancelled) {
    machine
        .command("query-jobs", JSON.objectNode())
        .whenComplete((jobs, failed) -> {
          long progress =
              failed == null ? job(jobs, id).path("current-progress").asLong(-1) : progressBefore;
          if (progress != progressBefore) {
            watch(id, over, progress, cancelled);
          } else if (cancelled) {
            over.completeExceptionally(
                new TimeoutException("the job hangs, and does not end when it is cancelled"));
          } else {
            cancel(id);
            watch(id, over, progress, true);
          }
        });
  }

  /** From the machine, for each change of a job's status. */
  void onStatus(String id, String status) {
    CompletableFuture<Void> over = concluded.get(id);
    if (over != null && status.equals("concluded")) {
      over.complete(null);
    }
  }

  /** From the machine, when its process is gone. */
  void lost(HypervisorException reason) {
    List.copyOf(concluded.values()).forEach(over -> over.completeExceptionally(reason));
  }

  private String name() {
    return machine.spec().name();
  }
}
