/**
 * Akka's own test kit for persistence plugins, run against the journal that coordinators use by
 * default.
 */
@NullMarked
package io.vnsnap.it.journal;

import org.jspecify.annotations.NullMarked;
