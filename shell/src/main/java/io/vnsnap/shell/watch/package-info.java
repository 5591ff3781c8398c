/**
 * Waiting for a client's answers: with a deadline, and while showing how far the operation is. For
 * threads that may block.
 */
@NullMarked
package io.vnsnap.shell.watch;

import org.jspecify.annotations.NullMarked;
