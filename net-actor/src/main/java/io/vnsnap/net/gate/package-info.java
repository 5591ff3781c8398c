/**
 * The gate of a VNIC: which frames a VM gets when, what is recorded at a cut, and the counts that
 * prove it. Knows neither sockets nor actors; time is handed in. Where frames come from and go to
 * is not here.
 */
@NullMarked
package io.vnsnap.net.gate;

import org.jspecify.annotations.NullMarked;
