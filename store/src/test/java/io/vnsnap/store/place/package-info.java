@NullMarked
package io.vnsnap.store.place;

import org.jspecify.annotations.NullMarked;
