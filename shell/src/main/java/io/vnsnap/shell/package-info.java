/**
 * The start of the program. What a person touches lives in the packages below; nothing of it is
 * here but {@link io.vnsnap.shell.Main}.
 */
@NullMarked
package io.vnsnap.shell;

import org.jspecify.annotations.NullMarked;
