/**
 * Messages that cross a process boundary together with where to answer, and the serializer for them
 * and for all generated messages. Nothing here decides anything.
 */
@NullMarked
package io.vnsnap.proto.wire;

import org.jspecify.annotations.NullMarked;
