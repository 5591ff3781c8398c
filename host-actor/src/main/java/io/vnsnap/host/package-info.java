/**
 * One node's side of the VNEs: takes orders from coordinators, keeps one deployment per VNE and
 * generation, and reports back. How a VM is run lives in {@code io.vnsnap.vm}, how frames move in
 * {@code io.vnsnap.net}.
 */
@NullMarked
package io.vnsnap.host;

import org.jspecify.annotations.NullMarked;
