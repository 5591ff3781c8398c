/**
 * TLS between the hosts of a cluster: which files, what a peer must show, and what went wrong in
 * words for the person who must act. Where it is put to use is in the trunk package.
 */
@NullMarked
package io.vnsnap.net.tls;

import org.jspecify.annotations.NullMarked;
