/**
 * What makes an Akka actor system run on the kernel: its dispatchers, mailboxes, scheduler and
 * journal. Named in the configuration of {@link io.vnsnap.simulation.akka.VirtualSystem}.
 */
@NullMarked
package io.vnsnap.simulation.akka;

import org.jspecify.annotations.NullMarked;
