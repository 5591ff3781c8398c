/**
 * {@code bench restore}: how soon a guest runs again from the store, beside QEMU's own way from a
 * file of the same guest. Another way to restore is another {@link io.vnsnap.bench.restore.Way}.
 */
@NullMarked
package io.vnsnap.bench.restore;

import org.jspecify.annotations.NullMarked;
