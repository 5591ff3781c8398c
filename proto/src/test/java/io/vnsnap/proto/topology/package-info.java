/** Tests of the rules of a topology. */
@NullMarked
package io.vnsnap.proto.topology;

import org.jspecify.annotations.NullMarked;
