/**
 * The snapshot store: images, channel logs and manifests, durable and checked. Knows nothing of
 * hypervisors, networks or actors; all calls block and belong on a dispatcher for blocking work.
 */
@NullMarked
package io.vnsnap.store;

import org.jspecify.annotations.NullMarked;
