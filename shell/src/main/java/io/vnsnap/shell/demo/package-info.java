/**
 * The demo: a cluster of three nodes on this machine, four guests with traffic between all of them,
 * a snapshot, the loss of a host, a restore, and the guests' own word on whether anything was lost,
 * doubled or reordered. Orchestration, and the judgement of what the guests say; everything else is
 * done by the product through its public client.
 */
@NullMarked
package io.vnsnap.shell.demo;

import org.jspecify.annotations.NullMarked;
