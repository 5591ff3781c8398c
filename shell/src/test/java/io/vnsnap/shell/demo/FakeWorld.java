package io.vnsnap.shell.demo;

import com.google.protobuf.ByteString;
import io.vnsnap.proto.HostDescription;
import io.vnsnap.proto.HostList;
import io.vnsnap.proto.ImageRecord;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.PauseRecord;
import io.vnsnap.proto.Phase;
import io.vnsnap.proto.RefusalCode;
import io.vnsnap.proto.Refused;
import io.vnsnap.proto.Restored;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.SnapshotTaken;
import io.vnsnap.proto.TakeSnapshot;
import io.vnsnap.proto.VmStatus;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import io.vnsnap.proto.VneStatus;
import io.vnsnap.proto.certificate.Certificate;
import io.vnsnap.shell.api.ConsoleListener;
import io.vnsnap.shell.api.ConsoleSession;
import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.store.SnapshotVerification;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A cluster with guests whose seconds pass when somebody looks at the hosts, the status, or a
 * console's beat: each {@link #beat} makes every guest report once. Faults can be put into it.
 */
final class FakeWorld implements VnsnapClient, DemoNodes {
  enum Fault {
    NONE,
    HOST_ENDS,
    HOST_UNUSABLE,
    HOST_SILENT,
    NO_BOOT,
    LOSES_A_DATAGRAM_AT_THE_CUT,
    TELLS_OF_A_LOSS_BEFORE_IT_COUNTS,
    SNAPSHOT_ABORTED,
    SNAPSHOT_NOT_EXACT,
    SNAPSHOT_SEALED_NOT_EXACT,
    STORED_FRAMES_OUT_OF_ORDER,
    HOST_NEVER_GIVEN_UP,
    RESTORE_FAILS,
    RESTORES_BY_REBOOT,
    RESTORED_STREAM_STALLS,
    RESTORED_GUEST_HEARS_TWICE
  }

  private static final int RESTORES_REFUSED = 2;

  /** Seconds from the cut to the loss of {@link Fault#TELLS_OF_A_LOSS_BEFORE_IT_COUNTS}. */
  private static final int TICKS_UNTIL_LOSS = 3;

  private static final String UNBALANCED =
      "channel vm1/eth0 to vm2/eth0 does not balance: 9 sent, but 8 delivered";

  final List<String> killed = new ArrayList<>();
  final List<VneRequest> requests = new ArrayList<>();
  private final Fault fault;
  private final Map<String, String> placement = new LinkedHashMap<>(DemoTopology.PLACEMENT);
  private final Map<String, ConsoleListener> consoles = new LinkedHashMap<>();
  private List<String> hosts = List.of();
  private long tick;
  private long cutTick;
  private boolean restored;
  private int refusals;

  FakeWorld(Fault fault) {
    this.fault = fault;
  }

  /** One second of every guest. */
  synchronized void beat() {
    tick++;
    consoles.forEach(
        (vm, console) -> console.output(ByteString.copyFromUtf8(line(vm) + "\r\n"), 0));
  }

  private String line(String vm) {
    if (fault == Fault.NO_BOOT && vm.equals("vm3")) {
      return "Kernel panic - not syncing";
    }
    boolean tells = fault == Fault.TELLS_OF_A_LOSS_BEFORE_IT_COUNTS && vm.equals("vm2");
    if (tells && cutTick > 0 && tick == cutTick + TICKS_UNTIL_LOSS) {
      return "VNTRAFFIC-ERROR vm=vm2 kind=lost peer=10.0.0.1 expected=17 got=18";
    }
    String broken = broken(vm, tells);
    long received = tick * Reports.UDP * Reports.PEERS;
    if (fault == Fault.RESTORED_STREAM_STALLS && restored && vm.equals("vm1")) {
      received = cutTick * Reports.UDP * Reports.PEERS + (tick - cutTick) * Reports.UDP * 2;
    }
    return Reports.line(vm, tick, received, tick * Reports.TCP * Reports.PEERS, broken);
  }

  private String broken(String vm, boolean tells) {
    if (fault == Fault.LOSES_A_DATAGRAM_AT_THE_CUT && cutTick > 0 && vm.equals("vm2")) {
      return "lost=1";
    }
    if (tells && cutTick > 0 && tick > cutTick + TICKS_UNTIL_LOSS) {
      return "lost=1";
    }
    return fault == Fault.RESTORED_GUEST_HEARS_TWICE && restored && vm.equals("vm4")
        ? "duplicated=3"
        : "";
  }

  private static <T> CompletionStage<T> done(T value) {
    return CompletableFuture.completedFuture(value);
  }

  @Override
  public VnsnapClient start(List<String> names) {
    hosts = names;
    return this;
  }

  @Override
  public void check() throws DemoFailure {
    beat();
    if (fault == Fault.HOST_ENDS) {
      throw new DemoFailure("host a ended with status 1: Address already in use");
    }
  }

  @Override
  public SnapshotVerification verify(String snapshotId) {
    return new SnapshotVerification(
        manifest(),
        new Certificate(List.of(), List.of(), List.of()),
        fault == Fault.STORED_FRAMES_OUT_OF_ORDER
            ? List.of("channel vm1/eth0 to vm2/eth0: frame 9 is recorded after frame 10")
            : List.of());
  }

  @Override
  public void killHost(String host, List<Long> vms) {
    killed.add(host + vms);
    if (fault != Fault.HOST_NEVER_GIVEN_UP) {
      hosts = hosts.stream().filter(h -> !h.equals(host)).toList();
    }
  }

  @Override
  public CompletionStage<HostList> hosts() {
    HostList.Builder list = HostList.newBuilder();
    for (String host : hosts) {
      list.addHosts(
          HostDescription.newBuilder()
              .setHost(host)
              .setHypervisor("qemu")
              .setHypervisorVersion("7.2.22")
              .setUnusableReason(
                  fault == Fault.HOST_UNUSABLE
                      ? "QEMU 6.0 is too old"
                      : fault == Fault.HOST_SILENT ? "it did not say what it has" : "")
              .setSilent(fault == Fault.HOST_SILENT));
    }
    return done(list.build());
  }

  private VneStatus status() {
    VneStatus.Builder status =
        VneStatus.newBuilder().setVne(DemoTopology.VNE).setPhase(Phase.RUNNING);
    for (String vm : DemoTopology.VMS) {
      status.addVms(
          VmStatus.newBuilder()
              .setVm(vm)
              .setHost(placement.getOrDefault(vm, ""))
              .setState("running")
              .setPid(100 + DemoTopology.VMS.indexOf(vm)));
    }
    return status.build();
  }

  @Override
  public CompletionStage<VneReply> request(VneRequest request) {
    requests.add(request);
    if (request.hasTakeSnapshot()) {
      return done(snapshotReply(request.getTakeSnapshot()));
    }
    return done(VneReply.newBuilder().setStatus(status()).build());
  }

  private VneReply snapshotReply(TakeSnapshot take) {
    if (fault == Fault.SNAPSHOT_ABORTED) {
      return refused(RefusalCode.FAILED, "vm2 could not be captured: disk full on host a");
    }
    if (fault == Fault.SNAPSHOT_NOT_EXACT && take.getStrict()) {
      return refused(RefusalCode.FAILED, UNBALANCED);
    }
    cutTick = tick;
    return VneReply.newBuilder()
        .setSnapshotTaken(
            SnapshotTaken.newBuilder()
                .setManifest(manifest())
                .setFramesHeld(31)
                .setDurationMs(3210))
        .build();
  }

  private Manifest manifest() {
    Manifest.Builder manifest =
        Manifest.newBuilder().setSnapshotId("s1").setVne(DemoTopology.VNE).setExact(true);
    if (fault == Fault.SNAPSHOT_SEALED_NOT_EXACT) {
      manifest.setExact(false).setInexactReason(UNBALANCED);
    }
    for (int i = 0; i < DemoTopology.VMS.size(); i++) {
      manifest.addImages(
          ImageRecord.newBuilder()
              .setVm(DemoTopology.VMS.get(i))
              .setHost(placement.getOrDefault(DemoTopology.VMS.get(i), ""))
              .setBytes(64L << 20)
              .setPause(
                  PauseRecord.newBuilder()
                      .setStopUs(1_000_000 + 500L * i)
                      .setResumeUs(1_000_000 + 500L * i + 8_000 + 1_000L * i)));
    }
    return manifest.build();
  }

  private static VneReply refused(RefusalCode code, String reason) {
    return VneReply.newBuilder()
        .setRefused(Refused.newBuilder().setCode(code).setReason(reason))
        .build();
  }

  @Override
  public CompletionStage<VneReply> restore(String id, Map<String, String> places, Loading loading) {
    if (fault == Fault.RESTORE_FAILS) {
      return done(refused(RefusalCode.FAILED, "host b: 512 MiB needed, 100 MiB free"));
    }
    if (refusals++ < RESTORES_REFUSED) {
      return done(refused(RefusalCode.NOT_NOW, "the loss of host a has not been confirmed yet"));
    }
    placement.putAll(places);
    tick = fault == Fault.RESTORES_BY_REBOOT ? 0 : cutTick;
    restored = true;
    return done(
        VneReply.newBuilder()
            .setRestored(Restored.newBuilder().setStatus(status()).setDurationMs(456))
            .build());
  }

  @Override
  public ConsoleSession console(String vne, String vm, ConsoleListener listener) {
    synchronized (this) {
      consoles.put(vm, listener);
    }
    listener.output(ByteString.copyFromUtf8("BOOTED " + vm + "\r\n"), 0);
    return new ConsoleSession() {
      @Override
      public CompletionStage<Void> input(ByteString data) {
        return CompletableFuture.<@Nullable Void>completedStage(null);
      }

      @Override
      public void close() {
        synchronized (FakeWorld.this) {
          consoles.remove(vm);
        }
      }
    };
  }

  @Override
  public CompletionStage<VneList> vnes() {
    return done(VneList.newBuilder().addVnes(status()).build());
  }

  @Override
  public CompletionStage<SnapshotList> snapshots() {
    return done(SnapshotList.newBuilder().addSnapshots(manifest()).build());
  }

  @Override
  public CompletionStage<Manifest> snapshot(String idOrPrefixOrLabel) {
    return done(manifest());
  }

  @Override
  public CompletionStage<Void> deleteSnapshot(String id) {
    return CompletableFuture.<@Nullable Void>completedStage(null);
  }
}
