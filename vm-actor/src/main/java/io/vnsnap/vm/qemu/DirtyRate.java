package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.vnsnap.vm.HypervisorException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How fast a guest writes to memory, by QEMU's own samples: 512 pages of each GiB, compared after a
 * second. (QEMU, migration/dirtyrate.c.) On the machine's event loop.
 */
final class DirtyRate {
  private static final Logger log = LoggerFactory.getLogger(DirtyRate.class);
  private static final int SECONDS = 1;
  private static final long FIRST_LOOK_MS = 1050;
  private static final long INTERVAL_MS = 100;
  private static final int MOST_LOOKS = 20;

  private final QemuMachine machine;

  DirtyRate(QemuMachine machine) {
    this.machine = machine;
  }

  /** In bytes a second; negative: not known. */
  CompletionStage<Long> measure() {
    return machine
        .command("calc-dirty-rate", JsonNodeFactory.instance.objectNode().put("calc-time", SECONDS))
        .thenCompose(done -> after(FIRST_LOOK_MS))
        .thenCompose(done -> look(1))
        .exceptionally(failed -> {
          log.debug(
              "VM {}: dirty rate not known: {}",
              machine.spec().name(),
              HypervisorException.reason(failed));
          return -1L;
        });
  }

  private CompletionStage<Long> look(int looks) {
    return machine
        .command("query-dirty-rate", JsonNodeFactory.instance.objectNode())
        .thenCompose(answer -> {
          if (isMeasured(answer)) {
            return CompletableFuture.completedStage(answer.path("dirty-rate").asLong() << 20);
          }
          return looks < MOST_LOOKS
              ? after(INTERVAL_MS).thenCompose(done -> look(looks + 1))
              : CompletableFuture.completedStage(-1L);
        });
  }

  private static boolean isMeasured(JsonNode answer) {
    return answer.path("status").asText().equals("measured") && answer.has("dirty-rate");
  }

  private CompletionStage<Void> after(long millis) {
    CompletableFuture<Void> due = new CompletableFuture<>();
    var unused = machine.loop().schedule(() -> due.complete(null), millis, TimeUnit.MILLISECONDS);
    return due;
  }
}
