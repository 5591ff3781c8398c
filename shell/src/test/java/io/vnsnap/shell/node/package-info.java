/** Tests of what starts a node, without a cluster. */
@NullMarked
package io.vnsnap.shell.node;

import org.jspecify.annotations.NullMarked;
