/** Tests of the directory store, on this machine's disk and on one in memory that can be failed. */
@NullMarked
package io.vnsnap.store.file;

import org.jspecify.annotations.NullMarked;
