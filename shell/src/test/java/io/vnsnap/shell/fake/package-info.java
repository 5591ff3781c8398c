/** Stand-ins for a cluster, for the tests of this module. */
@NullMarked
package io.vnsnap.shell.fake;

import org.jspecify.annotations.NullMarked;
