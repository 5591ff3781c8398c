/** Tests of what crosses a process boundary. */
@NullMarked
package io.vnsnap.proto.wire;

import org.jspecify.annotations.NullMarked;
