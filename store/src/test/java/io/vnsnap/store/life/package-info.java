@NullMarked
package io.vnsnap.store.life;

import org.jspecify.annotations.NullMarked;
