/** Tests of links, under a simulated clock and without gates behind them. */
@NullMarked
package io.vnsnap.net.link;

import org.jspecify.annotations.NullMarked;
