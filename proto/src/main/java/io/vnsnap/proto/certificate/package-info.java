/**
 * The proof that a snapshot accounts for every frame: what its channels' counts must satisfy. It is
 * computed when a snapshot is sealed, and again from what is stored when one is verified; where the
 * counts come from is elsewhere.
 */
@NullMarked
package io.vnsnap.proto.certificate;

import org.jspecify.annotations.NullMarked;
