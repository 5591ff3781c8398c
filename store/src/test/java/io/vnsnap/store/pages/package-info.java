/** Tests of the page store, on places in memory that can be failed and on this machine's disk. */
@NullMarked
package io.vnsnap.store.pages;

import org.jspecify.annotations.NullMarked;
