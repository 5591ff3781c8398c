/** Tests of TLS, and the certificates for them. */
@NullMarked
package io.vnsnap.net.tls;

import org.jspecify.annotations.NullMarked;
