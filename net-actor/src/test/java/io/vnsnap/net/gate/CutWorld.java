package io.vnsnap.net.gate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.vnsnap.net.frame.BadInput;
import io.vnsnap.net.frame.Drops;
import io.vnsnap.net.link.LinkSettings;
import io.vnsnap.net.link.LocalHop;
import io.vnsnap.net.link.NextHop;
import io.vnsnap.net.link.OutChannel;
import io.vnsnap.net.link.Shaper;
import io.vnsnap.net.link.Shaping;
import io.vnsnap.net.link.SwitchPort;
import io.vnsnap.proto.ChannelRecord;
import io.vnsnap.proto.DropCount;
import io.vnsnap.proto.RecordedFrame;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * VMs on one link, some of them behind trunks, that send numbered frames while snapshots are taken
 * and aborted step by step. Keeps the books from outside and compares them with the gates'.
 *
 * <p>It can also be told to make one of the classic mistakes, to show that the comparison finds it.
 */
final class CutWorld {

  /** What is done wrong on purpose. */
  enum Bug {
    /** Nothing. */
    NONE,
    /** A gate forgets the last frame it should have recorded. */
    FORGET_TO_RECORD,
    /** Red frames are passed off as white ones. */
    FORGET_TO_HOLD,
    /** The VNIC turns red, and sends its marker, before the paused VM's socket was read. */
    MARKER_BEFORE_DRAIN,
    /** The VM is paused before it has taken what was handed to it. */
    PAUSE_BEFORE_QUIET,
    /** The marker overtakes the frames. */
    MARKER_OVERTAKES,
    /** The marker does not see what the link still delays. */
    FORGET_THE_LINK
  }

  /** What the network is like. */
  enum Network {
    /** Queues are long enough, trunks do not break. */
    SOUND,
    /** Queues are short, trunks are full now and then, and lose frames. */
    LOSSY,
    /** Links take their time, each sender's another. */
    DELAYED,
    /** Links delay, lose and reorder, at a low rate and with a short queue. */
    SHAPED
  }

  private static final long RECORD_BUDGET = 1 << 26;
  private static final int LONGEST_TRAIN = 3;
  private static final long MILLION = 1_000_000;
  private static final LinkSettings LINK = new LinkSettings(1 << 20, Duration.ofNanos(100_000));

  /** A shaping for a sender: one that delays and nothing else, and others that do more. */
  private static Shaping shaping(Network network, int sender) {
    long delay = (1 + 3L * sender) * MILLION;
    return switch (network) {
      case SOUND, LOSSY -> Shaping.NONE;
      case DELAYED -> new Shaping(delay, delay / 2 * (sender % 2), 0, 0, 0, 0, sender);
      case SHAPED ->
          new Shaping(delay, delay / 2, 100_000, 200_000, 1500, sender % 2 * 200_000, sender);
    };
  }

  private static GateSettings settings(long queueBytes) {
    return new GateSettings(
        queueBytes,
        1 << 20,
        Duration.ofHours(1),
        Duration.ofHours(1),
        Duration.ofHours(10),
        Duration.ofMillis(5));
  }

  /** Rounds in which a world must come to rest; one that does not is wrong. */
  private static final int MAX_ROUNDS = 500;

  private enum Phase {
    RUNNING,
    HOLDING,
    PAUSED,
    RED,
    RESUMED
  }

  /** State of a VM at a cut: how many frames it had sent and which it had taken. */
  record Image(List<TestFrame> emitted, List<TestFrame> taken) {}

  private final class Vm {
    final int number;
    final Gate gate;
    final FakePort port;
    final RememberedEvents events = new RememberedEvents();
    final List<TestFrame> emitted = new ArrayList<>();
    final Map<Integer, Image> images = new TreeMap<>();
    Phase phase = Phase.RUNNING;
    CompletableFuture<?> step = CompletableFuture.completedFuture(null);
    boolean abortDue;

    Vm(int number) {
      this.number = number;
      gate = new Gate(number, size, settings(lossy() ? 4096 : 1 << 20), budget, clock, allocator);
      port = new FakePort(gate);
      port.longestTrain(LONGEST_TRAIN);
      gate.listen(events);
    }

    boolean runs() {
      return phase == Phase.RUNNING || phase == Phase.HOLDING || phase == Phase.RESUMED;
    }
  }

  /** A link whose markers pass by what it delays. */
  private record WrongMarks(Shaper shaper, SwitchPort port) implements Egress {
    @Override
    public @Nullable BadInput fault(long sourceAndType) {
      return shaper.fault(sourceAndType);
    }

    @Override
    public void send(int frameEpoch, ByteBuf train, int frames) {
      shaper.send(frameEpoch, train, frames);
    }

    @Override
    public void mark(int cut) {
      port.mark(cut);
    }

    @Override
    public long sent() {
      return shaper.sent();
    }

    @Override
    public Drops lost() {
      return shaper.lost();
    }

    @Override
    public long keptBack() {
      return shaper.keptBack();
    }

    @Override
    public void close() {
      shaper.close();
    }
  }

  /** A trunk: keeps the order, takes its time. */
  private final class FifoHop implements NextHop {
    private final LocalHop end;
    private final Gate receiver;
    private int count;
    private long givenUp;
    private final ArrayDeque<Runnable> onTheWay = new ArrayDeque<>();

    FifoHop(LocalHop end, Gate receiver) {
      this.end = end;
      this.receiver = receiver;
    }

    @Override
    public boolean send(int epoch, long first, ByteBuf train, int frames) {
      count++;
      if (lossy() && count % 7 == 0) {
        return false;
      }
      if (lossy() && count % 11 == 0) {
        givenUp += frames;
        return true; // and yet it will not arrive
      }
      ByteBuf copy = Unpooled.copiedBuffer(train);
      onTheWay.add(() ->
          end.send(
              bug == Bug.FORGET_TO_HOLD ? Math.min(epoch, receiver.epoch()) : epoch,
              first,
              copy,
              frames));
      return true;
    }

    @Override
    public boolean early(int epoch, long sequence, long remainingNanos, ByteBuf framed) {
      ByteBuf copy = Unpooled.copiedBuffer(framed);
      onTheWay.add(() -> end.early(epoch, sequence, remainingNanos, copy));
      return true;
    }

    @Override
    public void marker(Marker marker) {
      Marker honest = marker.withBroken(givenUp);
      if (bug == Bug.MARKER_OVERTAKES) {
        onTheWay.addFirst(() -> end.marker(honest));
      } else {
        onTheWay.add(() -> end.marker(honest));
      }
    }

    boolean step() {
      Runnable next = onTheWay.poll();
      if (next == null) {
        return false;
      }
      next.run();
      return true;
    }
  }

  private final int size;
  private final Bug bug;
  private final Network network;
  private final boolean fresh;
  private final VirtualClock clock = new VirtualClock();
  private final RecordBudget budget = new RecordBudget(RECORD_BUDGET);
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final List<Vm> vms = new ArrayList<>();
  private final List<FifoHop> trunks = new ArrayList<>();
  private final Set<Integer> aborted = new HashSet<>();
  private int epoch;
  private boolean snapshotting;

  /** A fresh world. */
  CutWorld(int size, Bug bug) {
    this(size, bug, bug == Bug.FORGET_THE_LINK ? Network.DELAYED : Network.SOUND, null, 0);
  }

  /** A fresh world with nothing done wrong. */
  CutWorld(int size, Network network) {
    this(size, Bug.NONE, network, null, 0);
  }

  private CutWorld(int size, Bug bug, Network network, @Nullable CutWorld before, int sealed) {
    this.size = size;
    this.bug = bug;
    this.network = network;
    this.fresh = before == null;
    for (int i = 0; i < size; i++) {
      vms.add(new Vm(i));
    }
    for (Vm from : vms) {
      SwitchPort port = new SwitchPort(TestFrame.mac(from.number));
      Shaping shaping = shaping(network, from.number);
      from.gate.connectTo(shaping.isNone() ? port : shaper(shaping, port));
      for (Vm to : vms) {
        if (from != to) {
          long inFlight = before == null ? 0 : before.recorded(from.number, to.number, sealed);
          InChannel channel = to.gate.addChannel(from.number, inFlight);
          NextHop hop = new LocalHop(to.gate, channel);
          if ((from.number + to.number) % 2 == 1) { // every second VM is on another host
            FifoHop trunk = new FifoHop((LocalHop) hop, to.gate);
            trunks.add(trunk);
            hop = trunk;
          }
          port.add(TestFrame.mac(to.number), new OutChannel(hop, inFlight));
        }
      }
    }
    for (Vm vm : vms) {
      vm.gate.orders().attach(vm.port);
      if (before != null) {
        Vm old = before.vms.get(vm.number);
        Image image = requireNonNull(old.images.get(sealed));
        RememberedEvents.Log log = requireNonNull(old.events.logs.get(sealed));
        vm.emitted.addAll(image.emitted());
        vm.port.taken.addAll(image.taken());
        vm.gate.orders().preload(log.frames());
      }
    }
    vms.forEach(vm -> vm.gate.orders().open());
  }

  private Egress shaper(Shaping shaping, SwitchPort port) {
    Shaper shaper = new Shaper("vnic", shaping, LINK, clock, allocator, port);
    return bug == Bug.FORGET_THE_LINK ? new WrongMarks(shaper, port) : shaper;
  }

  /** The world that a sealed snapshot of this one brings back. */
  CutWorld restore(int sealed) {
    return new CutWorld(size, bug, network, this, sealed);
  }

  private boolean lossy() {
    return network == Network.LOSSY;
  }

  private boolean losesFrames() {
    return lossy() || network == Network.SHAPED;
  }

  /** Frames in the logs of all completed snapshots. */
  long recordedFrames() {
    return sealed().stream()
        .flatMap(cut -> vms.stream().map(vm -> requireNonNull(vm.events.logs.get(cut))))
        .mapToLong(log -> log.frames().size())
        .sum();
  }

  private long recorded(int from, int to, int sealed) {
    RememberedEvents.Log log = vms.get(to).events.logs.get(sealed);
    return log == null ? 0 : log.frames().stream().filter(frame -> frame.getFrom() == from).count();
  }

  /** Does one thing; which, the number decides. */
  void act(int choice) {
    int what = choice & 0xf;
    Vm vm = vms.get((choice >>> 4) % size);
    int other = (choice >>> 8) % size;
    switch (what) {
      case 0, 1, 2, 3 -> emit(vm, other == vm.number ? TestFrame.ALL : other);
      case 4, 5 -> vm.port.readTrain();
      case 6 -> take(vm, 1);
      case 7 -> take(vm, 100);
      case 8, 9 -> trunks.get((choice >>> 4) % trunks.size()).step();
      case 10 -> clock.advance(Duration.ofNanos(200_000L * other));
      case 11 -> vm.port.capacity(1 + other * 3);
      default -> cutStep(vm, choice >>> 12);
    }
  }

  private void emit(Vm vm, int to) {
    if (vm.runs()) {
      TestFrame frame = new TestFrame(to, vm.number, vm.emitted.size());
      vm.emitted.add(frame);
      vm.port.emit(frame);
    }
  }

  private static void take(Vm vm, int frames) {
    int left = frames;
    while (left > 0 && vm.runs() && vm.port.takeOne()) {
      left--;
    }
  }

  /** The next step of a snapshot at this VM; rarely, the start or the abort of one. */
  private void cutStep(Vm vm, int luck) {
    if (!snapshotting) {
      snapshotting = true;
      epoch++;
      return;
    }
    if (luck % 64 == 0 && vms.stream().noneMatch(v -> v.abortDue)) {
      vms.forEach(v -> v.abortDue = true);
      aborted.add(epoch);
    }
    if (vm.abortDue) {
      abort(vm);
    } else {
      advance(vm);
    }
    if (vms.stream().allMatch(v -> v.phase == Phase.RUNNING && !v.abortDue && isOver(v))) {
      snapshotting = false;
    }
  }

  private boolean isOver(Vm vm) {
    return aborted.contains(epoch) || vm.events.logs.containsKey(epoch);
  }

  private boolean cutIsPast(Vm vm) {
    return vm.gate.epoch() >= epoch;
  }

  private void abort(Vm vm) {
    vm.abortDue = false;
    vm.images.remove(epoch);
    vm.phase = Phase.RUNNING;
    vm.gate.orders().abort(epoch);
    vm.gate.orders().abort(epoch);
  }

  private void advance(Vm vm) {
    switch (vm.phase) {
      case RUNNING -> {
        if (!cutIsPast(vm)) {
          vm.step = vm.gate.orders().hold(epoch);
          vm.phase = Phase.HOLDING;
        }
      }
      case HOLDING -> {
        clock.advance(Duration.ofMillis(1));
        if (vm.step.isDone() || bug == Bug.PAUSE_BEFORE_QUIET) {
          vm.phase = Phase.PAUSED;
          vm.images.put(epoch, new Image(List.copyOf(vm.emitted), List.copyOf(vm.port.taken)));
          if (bug == Bug.MARKER_BEFORE_DRAIN) {
            vm.gate.turnRed(epoch);
          } else {
            vm.step = vm.gate.orders().turnRed(epoch);
          }
        }
      }
      case PAUSED -> {
        clock.advance(Duration.ofNanos(1000));
        if (vm.step.isDone() || bug == Bug.MARKER_BEFORE_DRAIN) {
          vm.phase = Phase.RED;
        } else {
          vm.port.readTrain();
        }
      }
      case RED -> vm.phase = Phase.RESUMED;
      case RESUMED -> {
        if (bug == Bug.MARKER_BEFORE_DRAIN) {
          vm.gate.reopen();
        } else {
          vm.gate.orders().release(epoch);
          vm.gate.orders().release(epoch);
        }
        vm.phase = Phase.RUNNING;
      }
    }
  }

  /** Lets everything that is on its way arrive, and a snapshot in progress end. */
  void settle() {
    boolean moved = true;
    for (int round = 0; round < MAX_ROUNDS && (moved || snapshotting || delaying()); round++) {
      moved = false;
      for (Vm vm : vms) {
        vm.port.capacity(Integer.MAX_VALUE);
        while (vm.port.readTrain()) {
          moved = true;
        }
        take(vm, Integer.MAX_VALUE);
        if (snapshotting) {
          cutStep(vm, 1);
        }
      }
      for (FifoHop trunk : trunks) {
        while (trunk.step()) {
          moved = true;
        }
      }
      clock.advance(Duration.ofMillis(10));
    }
    vms.forEach(vm -> take(vm, Integer.MAX_VALUE));
    assertThat(snapshotting).as("snapshot still in progress").isFalse();
  }

  /** A link may hand frames to a trunk in the very last moment: they are not there yet. */
  private boolean delaying() {
    return trunks.stream().anyMatch(trunk -> !trunk.onTheWay.isEmpty())
        || vms.stream()
            .map(vm -> vm.gate.counters())
            .anyMatch(counters -> counters.keptBack() + counters.waiting() > 0);
  }

  /** Epochs of the snapshots that were completed. */
  List<Integer> sealed() {
    List<Integer> sealed = new ArrayList<>();
    for (int e = 1; e <= epoch; e++) {
      int cut = e;
      if (!aborted.contains(cut) && vms.stream().allMatch(vm -> vm.events.logs.containsKey(cut))) {
        sealed.add(e);
      }
    }
    return sealed;
  }

  /**
   * To be called when settled: compares what the VMs saw, and each snapshot, with what was sent.
   */
  void check() {
    for (Vm to : vms) {
      for (Vm from : vms) {
        if (from != to) {
          compare(of(to.port.taken, from), sentTo(from.emitted, to), "live");
          sealed().forEach(cut -> checkCut(from, to, cut));
        }
      }
      assertThat(to.gate.state()).isEqualTo(Gate.State.OPEN);
      assertThat(to.gate.counters().waiting()).isZero();
      assertThat(to.gate.counters().stale()).isZero();
      if (!lossy()) {
        assertThat(to.gate.counters().drops().total()).isZero();
      }
    }
    assertThat(clock.pending()).as("timers").isZero();
    assertThat(allocator.metric().usedDirectMemory()).as("buffers in use").isZero();
  }

  /**
   * The last to be called: nobody needs the logs any more, so that none of their memory is taken.
   */
  void freeLogs() {
    vms.forEach(vm -> vm.events.logs.values().forEach(log -> log.free().run()));
    assertThat(budget.left()).as("bytes left for logs").isEqualTo(RECORD_BUDGET);
  }

  private void checkCut(Vm from, Vm to, int cut) {
    Image sender = requireNonNull(from.images.get(cut));
    Image receiver = requireNonNull(to.images.get(cut));
    RememberedEvents.Log log = requireNonNull(to.events.logs.get(cut));
    List<TestFrame> recorded =
        new ArrayList<>(
            log.frames().stream()
                .filter(frame -> frame.getFrom() == from.number)
                .map(TestFrame::of)
                .toList());
    if (bug == Bug.FORGET_TO_RECORD && !recorded.isEmpty()) {
      recorded.removeLast();
    }
    List<TestFrame> restored = new ArrayList<>(of(receiver.taken(), from));
    restored.addAll(recorded);
    compare(restored, sentTo(sender.emitted(), to), "restored");
    ChannelRecord account =
        log.channels().stream()
            .filter(channel -> channel.getFrom() == from.number)
            .findFirst()
            .orElseThrow();
    long dropped = account.getDropsList().stream().mapToLong(DropCount::getFrames).sum();
    assertThat(account.getSent())
        .as("account of channel %d to %d at cut %d: %s", from.number, to.number, cut, account)
        .isEqualTo(account.getDelivered() + account.getRecorded() + dropped);
    if (fresh) {
      // Taken from outside: what the VM had at its cut, and what it would get after a restore.
      assertThat(account.getDelivered() + account.getRecorded()).isEqualTo(restored.size());
      assertThat(account.getSent()).isEqualTo(sentTo(sender.emitted(), to).size());
    }
    assertThat(account.getRecorded()).isEqualTo(recorded.size());
    List<Long> sequences =
        log.frames().stream()
            .filter(frame -> frame.getFrom() == from.number)
            .map(RecordedFrame::getSequence)
            .toList();
    for (int i = 0; i < sequences.size() && !losesFrames(); i++) {
      assertThat(sequences.get(i)).isEqualTo(account.getSent() - sequences.size() + 1 + i);
    }
  }

  private void compare(List<TestFrame> actual, List<TestFrame> expected, String world) {
    if (losesFrames()) {
      List<TestFrame> rest = new ArrayList<>(actual);
      if (network == Network.SHAPED) {
        rest.sort(Comparator.comparingInt(TestFrame::number)); // the link may reorder
      }
      for (TestFrame frame : expected) {
        if (!rest.isEmpty() && rest.getFirst().equals(frame)) {
          rest.removeFirst();
        }
      }
      assertThat(rest).as("frames out of order, %s", world).isEmpty();
      assertThat(actual).as("frames, %s", world).doesNotHaveDuplicates();
    } else {
      assertThat(actual).as("frames, %s", world).isEqualTo(expected);
    }
  }

  private static List<TestFrame> of(List<TestFrame> taken, Vm from) {
    return taken.stream().filter(frame -> frame.from() == from.number).toList();
  }

  private static List<TestFrame> sentTo(List<TestFrame> emitted, Vm to) {
    return emitted.stream()
        .filter(frame -> frame.to() == TestFrame.ALL || frame.to() == to.number)
        .toList();
  }
}
