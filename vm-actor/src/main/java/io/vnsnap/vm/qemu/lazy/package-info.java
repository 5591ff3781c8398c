/**
 * The source of a postcopy migration, played from a stored image: what is written to a QEMU that
 * runs before its memory is loaded, what it asks for, and which page goes next. Knows neither
 * QEMU's control protocol nor processes; the machine that is loaded is driven from outside.
 */
@NullMarked
package io.vnsnap.vm.qemu.lazy;

import org.jspecify.annotations.NullMarked;
