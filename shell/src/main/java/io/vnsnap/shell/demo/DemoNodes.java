package io.vnsnap.shell.demo;

import io.vnsnap.shell.api.VnsnapClient;
import io.vnsnap.store.SnapshotVerification;
import java.util.List;

/** The nodes that the demo runs on. */
interface DemoNodes {

  /**
   * Starts a coordinator here, and the hosts; returns a client before they have found each other.
   */
  VnsnapClient start(List<String> hosts) throws DemoFailure;

  /**
   * Throws when a node that should run does not.
   *
   * @throws DemoFailure with what it said last
   */
  void check() throws DemoFailure;

  /**
   * Checks a sealed snapshot from what lies in the nodes' store alone. Reads all of it.
   *
   * @throws DemoFailure if it cannot be read at all
   */
  SnapshotVerification verify(String snapshotId) throws DemoFailure;

  /**
   * Kills a host outright, with its VMs: no signal that it could catch, no word to anybody.
   *
   * @param vms process ids of its VMs; the host's own: they are in its process
   */
  void killHost(String host, List<Long> vms) throws DemoFailure, InterruptedException;
}
