/**
 * The commands of {@code vnsnap}: options, one class per command, exit codes and error lines. What
 * they show is drawn by {@link io.vnsnap.shell.render}, what they ask goes through a {@link
 * io.vnsnap.shell.api.VnsnapClient}.
 */
@NullMarked
package io.vnsnap.shell.cli;

import org.jspecify.annotations.NullMarked;
