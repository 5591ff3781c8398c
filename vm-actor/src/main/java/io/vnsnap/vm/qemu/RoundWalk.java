package io.vnsnap.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.vnsnap.store.ImageReader;
import io.vnsnap.vm.BlockingWork;
import io.vnsnap.vm.HypervisorException;
import io.vnsnap.vm.RanAwayException;
import io.vnsnap.vm.RoundRules;
import io.vnsnap.vm.RoundsSettings;
import io.vnsnap.vm.VmNetwork;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a capture in rounds to the brink: from rest to rest, as the design note of {@link
 * RoundsCapture} tells. On the machine's event loop; one walk at a time.
 */
final class RoundWalk {
  private static final Logger log = LoggerFactory.getLogger(RoundWalk.class);
  private static final int PAGE = ImageReader.PAGE_BYTES;

  /** QEMU collects records of pages in a buffer before it writes (QEMU, migration/qemu-file.c). */
  private static final int QEMU_BUFFER_BYTES = 32 * 1024;

  /** Beside that: pages looked at between two checks of QEMU's, and what rounding loses. */
  private static final int SLACK_PAGES = 256;

  private static final double LEAST_SECONDS = 0.001;
  private static final long LEAST_STEP_BYTES = 64 * 1024;
  private static final long MOST_STEP_BYTES = 8 << 20;

  /** Steps with the network shut, at most: far more than halving a round's end needs. */
  private static final int MOST_STEPS = 2000;

  private final QemuMachine machine;
  private final CaptureStream stream;
  private final VmNetwork network;
  private final RoundsSettings settings;
  private final RoundRules rules;
  private final SendBuffer buffer;
  private final RoundsLog rounds = new RoundsLog();
  private final CompletableFuture<Void> halted = new CompletableFuture<>();
  private int round = 1;
  private long roundBytes;
  private long before;
  private long begunNanos;
  private double dirtyBytesPerSecond;
  private boolean shut;
  private boolean ranAway;
  private @Nullable Throwable failure;

  /**
   * QEMU sleeps in a write.
   *
   * @param pages that it has still to write in this round
   * @param pass QEMU's number of the round
   */
  private record Rest(long pages, long pass) {
    long bytes() {
      return pages * PAGE;
    }
  }

  /**
   * @param network shut and opened here
   * @param buffer of QEMU's socket; small whenever this walk is at rest
   */
  RoundWalk(
      QemuMachine machine,
      CaptureStream stream,
      VmNetwork network,
      RoundsSettings settings,
      SendBuffer buffer) {
    this.machine = machine;
    this.stream = stream;
    this.network = network;
    this.settings = settings;
    this.rules = new RoundRules(settings);
    this.buffer = buffer;
  }

  /** What the rounds have brought. */
  RoundsLog rounds() {
    return rounds;
  }

  /** Whether QEMU has stopped the VM by itself. */
  boolean ranAway() {
    return ranAway;
  }

  /** Whether the VM's network is shut by this walk. */
  boolean isShut() {
    return shut;
  }

  /** The migration has begun: reads round after round, until it is at the brink. */
  CompletionStage<Void> begin() {
    begunNanos = System.nanoTime();
    rounds.begin();
    return rest().thenCompose(this::goOn).thenAccept(this::arrived);
  }

  /** Whether waiting has made another round worthwhile. */
  boolean worthRenewing(Duration waited) {
    double dirty = dirtyBytesPerSecond * waited.toNanos() / 1e9;
    return round > 1 && machine.tracksDirtyPages() && !rules.isSmall((long) dirty);
  }

  /** From the brink, another round to the brink. */
  CompletionStage<Void> renew() {
    return rest()
        .thenCompose(at -> halted.isDone() ? done(at) : cross(at).thenCompose(this::toBrink))
        .thenAccept(this::arrived);
  }

  /** Whether it was told to. */
  boolean isHalted() {
    return halted.isDone();
  }

  /** Comes to rest as soon as it can; also in future. */
  void halt() {
    halted.complete(null);
    stream.pace().halt();
  }

  /** Its image cannot be had any more: the walk fails, as soon as it can. */
  void fail(Throwable why) {
    failure = why;
    stream.pace().fail(why);
  }

  /** The VM was stopped while this walk was under way, so not by us: QEMU writes all the rest. */
  void runAway() {
    ranAway = true;
    stream.pace().release();
  }

  private void arrived(Rest at) {
    if (failure != null) {
      throw new CompletionException(failure);
    }
    log.debug("VM {}: at rest with {} pages left of round {}", name(), at.pages(), round);
  }

  // ---- round by round ----

  private CompletionStage<Rest> goOn(Rest at) {
    roundBytes = at.bytes();
    Duration elapsed = Duration.ofNanos(System.nanoTime() - begunNanos);
    Optional<String> last = rules.last(round, at.bytes(), before, elapsed);
    if (halted.isDone()) {
      return done(at);
    }
    if (!machine.tracksDirtyPages()) {
      last = Optional.of("QEMU " + machine.version() + " loses track of dirty pages under TCG");
    }
    if (last.isPresent()) {
      log.info(
          "VM {}: rounds end with number {}, of {} pages: {}",
          name(),
          round,
          at.pages(),
          last.get());
      return toBrink(at);
    }
    return near(at)
        .thenCompose(this::settle)
        .thenCompose(end -> halted.isDone() ? done(end) : cross(end).thenCompose(this::goOn));
  }

  /** The last round: so far that little is left of it. */
  private CompletionStage<Rest> toBrink(Rest at) {
    if (rules.isSmall(at.bytes())) {
      return done(at);
    }
    boolean mayEnd = settings.maxRounds() > 1;
    return near(at).thenCompose(end -> mayEnd && !halted.isDone() ? descend(end) : done(end));
  }

  /**
   * As near to the round's end as QEMU cannot reach it by itself: at first with a wide buffer, in
   * which more pages can be, and ever closer with smaller ones.
   */
  private CompletionStage<Rest> near(Rest at) {
    CompletionStage<Rest> way = done(at);
    for (SendBuffer.Width width : buffer.widths()) {
      way = way.thenCompose(now -> near(now, width));
    }
    return way;
  }

  private CompletionStage<Rest> near(Rest at, SendBuffer.Width width) {
    long pages = at.pages() - margin(width);
    boolean reads = pages > 0 && !halted.isDone();
    try {
      // Not made wider for nothing: QEMU, which sleeps, would go on and write as much as fits.
      if (reads || width.kept() < buffer.kept()) {
        buffer.set(width);
      }
    } catch (IOException e) {
      return CompletableFuture.failedStage(
          new HypervisorException("the socket for QEMU broke: " + e.getMessage(), e));
    }
    return reads ? after(stream.pace().morePages(pages), this::rest) : done(at);
  }

  /** Pages that QEMU may be ahead of the reader, if all of them are zero. */
  private static long margin(SendBuffer.Width width) {
    long bytes = (long) width.kept() + QEMU_BUFFER_BYTES + Pace.LEAST_READ_BYTES;
    return bytes / Pace.LEAST_PAGE_BYTES + SLACK_PAGES;
  }

  /** Stands still, so that QEMU takes the stream for slow. */
  private CompletionStage<Rest> settle(Rest at) {
    CompletableFuture<Void> settled = new CompletableFuture<>();
    var timer =
        machine
            .loop()
            .schedule(
                () -> settled.complete(null), settings.settle().toMillis(), TimeUnit.MILLISECONDS);
    var unused = halted.thenAccept(now -> settled.complete(null));
    return settled.thenApply(done -> {
      timer.cancel(false);
      return at;
    });
  }

  /** Over the round's end, into the next. */
  private CompletionStage<Rest> cross(Rest at) {
    return withNetworkShut(() -> readOn(at.pass(), -1, 0).thenCompose(read -> rest()))
        .thenApply(this::entered);
  }

  /** So near to the round's end that little is left; or, if the rest was zeros, over it. */
  private CompletionStage<Rest> descend(Rest at) {
    long goal = settings.dirtyLimit() / PAGE;
    return withNetworkShut(() -> readOn(at.pass(), goal, 0).thenCompose(read -> rest()))
        .thenCompose(end -> {
          if (end.pass() == at.pass()) {
            return done(end);
          }
          return machine.tracksDirtyPages()
              ? done(entered(end))
              : CompletableFuture.failedStage(new RanAwayException());
        });
  }

  /** The next round. */
  private Rest entered(Rest next) {
    dirtyBytesPerSecond = next.bytes() / Math.max(LEAST_SECONDS, rounds.seconds());
    rounds.next(stream.counts());
    before = roundBytes;
    round++;
    log.debug("VM {}: round {} has {} pages", name(), round, next.pages());
    return next;
  }

  private CompletionStage<Rest> withNetworkShut(Supplier<CompletionStage<Rest>> body) {
    shut = true;
    return after(network.shut(), body)
        .thenCompose(at ->
            after(
                network.reopen(),
                () -> {
                  shut = false;
                  return done(at);
                }));
  }

  /** By ever smaller steps, until no more than so many pages are left or the round has changed. */
  private CompletionStage<Void> readOn(long pass, long goal, int steps) {
    return look()
        .thenCompose(now -> {
          if (ranAway) {
            return CompletableFuture.failedStage(new RanAwayException());
          }
          if (now.pass() != pass || now.pages() <= goal) {
            return CompletableFuture.<Void>completedStage(null);
          }
          if (steps >= MOST_STEPS) {
            return CompletableFuture.failedStage(
                new HypervisorException("QEMU does not come to the end of round " + round));
          }
          long step = (now.pages() - Math.max(0, goal)) * PAGE / 2;
          long bytes = Math.clamp(step, LEAST_STEP_BYTES, MOST_STEP_BYTES);
          return after(stream.pace().moreBytes(bytes), () -> readOn(pass, goal, steps + 1));
        });
  }

  /** When QEMU sleeps in a write, for the reader waits. */
  private CompletionStage<Rest> rest() {
    Duration limit = machine.settings().commandTimeout();
    CompletionStage<Boolean> asleep =
        BlockingWork.on(
            machine.blocking(),
            () ->
                BlockedThread.await(
                    machine.process().pid(), BlockedThread.MIGRATION, limit, this::inVain));
    return machine
        .within(asleep, limit.multipliedBy(2), "waiting for QEMU to rest")
        .thenComposeAsync(
            sleeps -> {
              if (ranAway) {
                return CompletableFuture.failedStage(new RanAwayException());
              }
              return sleeps
                  ? look()
                  : CompletableFuture.failedStage(
                      new HypervisorException("QEMU did not come to rest within " + limit));
            },
            machine.loop());
  }

  private boolean inVain() {
    return stream.isOver();
  }

  private CompletionStage<Rest> look() {
    return machine
        .command("query-migrate", JsonNodeFactory.instance.objectNode())
        .thenCompose(status -> {
          if (failure != null) {
            return CompletableFuture.failedStage(failure);
          }
          JsonNode ram = status.path("ram");
          String state = status.path("status").asText("none");
          if (!ranAway && !state.equals("active")) {
            return CompletableFuture.failedStage(
                new HypervisorException(
                    "QEMU's migration is " + state + " " + status.path("error-desc").asText("")));
          }
          return CompletableFuture.completedStage(
              new Rest(
                  ram.path("remaining").asLong() / PAGE, ram.path("dirty-sync-count").asLong()));
        });
  }

  /** The next step when this one is done, on the event loop. */
  private <T> CompletionStage<T> after(CompletionStage<?> step, Supplier<CompletionStage<T>> next) {
    return step.thenComposeAsync(done -> next.get(), machine.loop());
  }

  private static CompletionStage<Rest> done(Rest at) {
    return CompletableFuture.completedStage(at);
  }

  private String name() {
    return machine.spec().name();
  }
}
