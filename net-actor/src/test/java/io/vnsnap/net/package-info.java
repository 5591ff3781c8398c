/** Tests of whole data planes, with real sockets and VMs that are threads. */
@NullMarked
package io.vnsnap.net;

import org.jspecify.annotations.NullMarked;
