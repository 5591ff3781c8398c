package io.vnsnap.shell.api;

import io.vnsnap.proto.HostList;
import io.vnsnap.proto.Loading;
import io.vnsnap.proto.Manifest;
import io.vnsnap.proto.SnapshotList;
import io.vnsnap.proto.VneList;
import io.vnsnap.proto.VneReply;
import io.vnsnap.proto.VneRequest;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * A client of one VNsnap cluster.
 *
 * <p>No method blocks. Implementations may be used by several threads. A stage fails with {@link
 * RefusedException} when the cluster said no before it did anything, and with {@link
 * UnreachableException} when it could not be asked or did not answer: whether the request had an
 * effect is then unknown, and {@link #vnes()} tells. What the coordinator of a VNE refuses comes as
 * {@link VneReply#getRefused()}, not as a failure. Stages complete on a thread of the
 * implementation: do not block in their callbacks.
 */
public interface VnsnapClient {

  /**
   * Asks the coordinator of the VNE that the request names. The answer to a long operation (up,
   * down, snapshot, restore) comes when the operation has ended.
   */
  CompletionStage<VneReply> request(VneRequest request);

  /** The status of every VNE of the cluster that is not down for good, in order of name. */
  CompletionStage<VneList> vnes();

  /** The hosts that are up, in order of name. */
  CompletionStage<HostList> hosts();

  /** All sealed snapshots, oldest first, and what could not be read. */
  CompletionStage<SnapshotList> snapshots();

  /**
   * One sealed snapshot. Fails with {@link RefusedException} if there is none, or more than one, of
   * that name.
   *
   * @param idOrPrefixOrLabel its id, an unambiguous beginning of it, or its label; see {@link
   *     SnapshotReference}
   */
  CompletionStage<Manifest> snapshot(String idOrPrefixOrLabel);

  /**
   * Replaces what runs of the snapshot's VNE, if anything does, by the state in the snapshot. The
   * answer comes when all VMs run.
   *
   * @param idOrPrefixOrLabel as for {@link #snapshot}
   * @param placement VM to host, for those that must be somewhere; others go to any live host
   * @param loading whether VMs may run before their memory is there
   */
  CompletionStage<VneReply> restore(
      String idOrPrefixOrLabel, Map<String, String> placement, Loading loading);

  /** As above, lazily where that works. */
  default CompletionStage<VneReply> restore(
      String idOrPrefixOrLabel, Map<String, String> placement) {
    return restore(idOrPrefixOrLabel, placement, Loading.LAZY_IF_POSSIBLE);
  }

  /**
   * Deletes a sealed snapshot; what only it needs becomes collectable. There is no way back.
   *
   * @param id its whole id, not a prefix or label
   */
  CompletionStage<Void> deleteSnapshot(String id);

  /**
   * Attaches to the serial console of a running VM. Returns at once; if it cannot be attached, the
   * listener is told why by {@link ConsoleListener#closed}.
   */
  ConsoleSession console(String vne, String vm, ConsoleListener listener);
}
